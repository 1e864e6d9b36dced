"""An operation of the API as a command takes it: which parameters and which body it has, and what they are from texts.

It reads the generated client's public functions, so that an operation that is new is here without a line of code.
"""

import inspect
import typing
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import click
from attrs import frozen

from pixigpt.cli._body import Body, identifier
from pixigpt.cli._values import Hint, converted, is_list, members


@frozen
class Operation:
    """An operation: its parameters and their types."""

    endpoint: Any  # the generated module
    parameters: Mapping[str, Hint]
    required: frozenset[str]
    body: Hint  # None if there is none
    is_binary: bool

    @classmethod
    def create(cls, endpoint: Any, responses: Sequence[tuple[int, int, str, str]]) -> Self:  # noqa: ANN401  # a module
        """Read a generated module."""
        function = endpoint.sync_detailed
        hints = typing.get_type_hints(function)
        own = {name: hints[name] for name in inspect.signature(function).parameters if name != "client"}
        parameters = inspect.signature(function).parameters
        required = frozenset(name for name in own if parameters[name].default is inspect.Parameter.empty)
        is_binary = any(hint.startswith("File") and source != "response.json()" for _, _, source, hint in responses)
        return cls(endpoint, own, required, own.pop("body", None), is_binary)

    @contextmanager
    def arguments(self, texts: Sequence[str], body: str | None) -> Generator[dict[str, Any], None, None]:
        """Give what to call the operation with, its files open; raise click.UsageError if a text is not valid.

        A text that names no parameter is a field of the body.
        """
        given: dict[str, Any] = {}
        fields: dict[str, list[str]] = {}
        for name, value in map(_pair, texts):
            if identifier(name) in self.parameters:
                self._add(given, identifier(name), value)
            else:
                fields.setdefault(name, []).append(value)
        for name in self.required - {"body", *given}:
            raise click.UsageError(f"{name} is missing: {name}=VALUE")
        with ExitStack() as files:
            if self._has_body(fields, body):
                given["body"] = Body(fields, body, files).build(members(self.body))
            yield given

    def _add(self, given: dict[str, Any], name: str, text: str) -> None:
        """Add a parameter; one that is a list may be given several times."""
        hint = self.parameters[name]
        try:
            value = converted(text, hint)
        except ValueError as cause:
            raise click.UsageError(f"{name}: {cause}") from cause
        given[name] = [*given.get(name, []), *value] if is_list(hint) and isinstance(value, list) else value

    def _has_body(self, fields: Mapping[str, object], body: str | None) -> bool:
        """Return whether there is a body to send; raise click.UsageError if the operation takes none."""
        is_given = bool(fields) or body is not None
        if is_given and self.body is None:
            takes = ", ".join(self.parameters) or "nothing"
            raise click.UsageError(f"{next(iter(fields), '--body')} is unknown: the operation takes {takes}")
        return is_given or "body" in self.required


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.UsageError(f"{text!r} is not NAME=VALUE")
    return name, value

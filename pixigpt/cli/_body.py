"""The body of an operation, from a command line: a text, a file's content, single fields, files to upload."""

import io
import json
import re
import sys
import typing
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from mimetypes import guess_type
from pathlib import Path
from typing import Any, BinaryIO

import click
from attrs import frozen

from pixigpt.cli._values import Hint, converted, is_list, json_or_text, members, to_document

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")  # where the next word of a name begins


@frozen
class Body:
    """What a body is made of."""

    fields: Mapping[str, list[str]]
    text: str | None
    files: ExitStack

    def build(self, kinds: Sequence[Hint]) -> Any:  # noqa: ANN401  # of one of the kinds
        """Return the body, of the first kind that it fits; raise click.UsageError if it fits none."""
        reasons: list[str] = []
        for kind in kinds:
            try:
                return self._of_kind(kind)
            except KeyError as error:
                reasons.append(f"the body lacks {error}")
            except (AttributeError, TypeError, ValueError) as error:
                reasons.append(f"the body does not fit: {error}")
        raise click.UsageError(reasons[0])

    def _of_kind(self, kind: Hint) -> Any:  # noqa: ANN401  # of that kind
        if hasattr(kind, "from_dict"):
            return self._model(kind)
        if self.fields or self.text is None:
            raise ValueError("it has no fields: pass all of it, as --body BODY or --body @FILE")
        return self._file(kind, self.text) if _is_file(kind) else converted(self._content(self.text), kind)

    def _model(self, kind: Hint) -> Any:  # noqa: ANN401  # of that kind
        document: Any = {} if self.text is None else json.loads(self._content(self.text))
        if not isinstance(document, dict):
            raise TypeError("it is not a JSON object")
        uploads: dict[str, Any] = {}
        for name, texts in self.fields.items():
            attribute, hint = _field(kind, name)
            if file := next(filter(_is_file, _leaves(hint)), None):
                opened = [self._file(file, text) for text in texts]
                uploads[attribute] = opened if is_list(hint) else opened[-1]
                document[name] = [b""] * len(opened) if is_list(hint) else b""  # until the object is there
            else:
                document[name] = _named_value(name, texts, hint)
        built = kind.from_dict(document)
        for attribute, upload in uploads.items():
            setattr(built, attribute, upload)
        return built

    def _content(self, text: str) -> str:
        """Return a text, or the content of the file that it names."""
        file = self._open(text)
        return text if file is None else file.read().decode("utf-8-sig")

    def _file(self, kind: Hint, text: str) -> Any:  # noqa: ANN401  # of that kind
        file, name = self._open(text), text.removeprefix("@")
        if file is None:
            return kind(io.BytesIO(text.encode()))
        return kind(file, Path(name).name, guess_type(name)[0])

    def _open(self, text: str) -> BinaryIO | None:
        """Open the file that @FILE or - names; None if it is a text itself."""
        if text == "-":
            return sys.stdin.buffer
        if not text.startswith("@"):
            return None
        try:
            return self.files.enter_context(Path(text[1:]).open("rb"))
        except OSError as cause:
            raise click.UsageError(f"cannot read {text[1:]}: {cause.strerror}") from cause


def identifier(name: str) -> str:
    """Return a name as the generated code writes it: toolName is tool_name."""
    return "_".join(word for word in _WORD.split(name) if word).lower()


def _field(kind: Hint, name: str) -> tuple[str, Hint]:
    """Return a field's attribute and type; a name that the schema does not know is a field of any type."""
    module = kind.__module__
    # What a module imports goes first: its `File` may be `types.File` where a schema is called `File` too.
    names = {**vars(sys.modules[module.rpartition(".")[0]]), **vars(sys.modules[module])}
    hints = typing.get_type_hints(kind, localns=names)
    for attribute in (identifier(name), f"{identifier(name)}_"):  # input is input_
        if attribute in hints:
            return attribute, hints[attribute]
    return name, Any


def _named_value(name: str, texts: Sequence[str], hint: Hint) -> object:
    try:
        return _value(texts, hint)
    except ValueError as cause:
        raise ValueError(f"{name}: {cause}") from cause


def _value(texts: Sequence[str], hint: Hint) -> object:
    """Return a field's value as JSON; a list may be given item by item."""
    if hint is Any:
        return json_or_text(texts[-1])
    if is_list(hint) and len(texts) > 1:
        kind = next(kind for kind in members(hint) if is_list(kind))
        return [each for text in texts for each in typing.cast("list[object]", to_document(converted(text, kind)))]
    return to_document(converted(texts[-1], hint))


def _leaves(hint: Hint) -> list[Hint]:
    """Return the types of a union, and those of the items of its lists."""
    return [leaf for kind in members(hint) for leaf in (typing.get_args(kind) if is_list(kind) else (kind,))]


def _is_file(kind: Hint) -> bool:
    return getattr(kind, "__name__", "") == "File" and not hasattr(kind, "from_dict")

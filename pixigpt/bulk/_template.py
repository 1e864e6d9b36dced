"""A prompt made of a row's columns, as `str.format` does it, but with names alone."""

from collections.abc import Iterable, Mapping, Sequence
from string import Formatter
from typing import Any

from attrs import field, frozen

from pixigpt._checks import of_type


class _ByName(Formatter):
    def get_field(
        self,
        field_name: str,
        args: Sequence[Any],  # noqa: ARG002  # Formatter passes it
        kwargs: Mapping[str, Any],
    ) -> tuple[object, str]:
        return kwargs[field_name], field_name  # also of a column 0, which str.format takes for a position


@frozen
class Template:
    """A text with `{column}` in it; `{{` and `}}` stand for braces.

    Only whole columns can be named: `{column.attribute}` could reach what is no data, and so could a format with braces
    in it, `{column:{column.attribute}}`.
    """

    text: str
    columns: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "columns", frozenset(self._columns()))

    def check(self, available: Iterable[str]) -> None:
        """Raise ValueError if a column is not available."""
        there = list(available)
        if missing := self.columns - set(there):
            raise ValueError(f"template: there is no column {min(missing)!r}, only {', '.join(map(repr, there))}")

    def fill(self, row: Mapping[str, object]) -> str:
        """Return the prompt of a row; raise ValueError if it lacks a column, or a value in one."""
        self.check(row)
        values = {name: row[name] for name in self.columns}
        if nulls := [name for name, value in values.items() if value is None]:
            raise ValueError(f"template: the column {min(nulls)!r} is null")
        return _ByName().vformat(self.text, (), values)

    def _columns(self) -> Iterable[str]:
        of_type(str)("template", self.text)
        try:
            parts = list(Formatter().parse(self.text))
        except ValueError as cause:
            raise ValueError(f"template is malformed: {cause}") from cause
        for _, name, form, _ in parts:
            if name is None:
                continue
            if not name or any(letter in name for letter in ".[]") or "{" in (form or ""):
                shown = f"{name}:{form}" if form else name
                raise ValueError(f"template: {{{shown}}} must be {{column}}; for braces, write {{{{ and }}}}")
            yield name

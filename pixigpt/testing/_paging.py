"""Pages of a list: `after` and `limit`, as OpenAI's clients send them."""

from collections.abc import Mapping, Sequence
from typing import Protocol, Self, TypeVar

from attrs import frozen

from pixigpt.testing._errors import ServiceError


class _HasId(Protocol):
    id: str


ItemT = TypeVar("ItemT", bound=_HasId)


@frozen
class Page:
    """Which part of a list is wanted: at most `limit` items, from the one that follows `after`."""

    after: str | None = None
    limit: int | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Read a query; a limit that is no positive number counts as absent (where it is declared, it was refused)."""
        limit = query.get("limit", "")
        return cls(query.get("after") or None, int(limit) if limit.isdecimal() and int(limit) else None)

    def of(self, items: Sequence[ItemT], default_limit: int | None = None) -> tuple[list[ItemT], bool]:
        """Return the items of this page, and whether more follow; raise ServiceError if `after` is not among them."""
        rest = items[self._start(items) :]
        limit = self.limit or default_limit or len(rest)
        return list(rest[:limit]), len(rest) > limit

    def _start(self, items: Sequence[_HasId]) -> int:
        if self.after is None:
            return 0
        for index, item in enumerate(items):
            if item.id == self.after:
                return index + 1
        raise ServiceError(400, f"after: there is no {self.after} in this list.")

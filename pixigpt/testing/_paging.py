"""Pages of a list: `after` and `limit`, as OpenAI's clients send them."""

from collections.abc import Mapping
from typing import Self

from attrs import frozen

_MOST_DIGITS = 12


@frozen
class Page:
    """Which part of a list is wanted: at most `limit` items, from the one that follows `after`."""

    after: str | None = None
    limit: int | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Read a query; a limit that is no positive number counts as absent (where it is declared, it was refused)."""
        limit = query.get("limit", "")[:_MOST_DIGITS]
        return cls(query.get("after") or None, int(limit) if limit.isdecimal() and int(limit) else None)

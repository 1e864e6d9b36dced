"""A model's text, told apart from the chain of thought that stands in it between `<think>` tags, as it comes."""

import re

from attrs import define, field

_TAGS = re.compile(r"</?think(?:ing)?>", re.IGNORECASE)
_BEGUN_TAG = re.compile(r"<(?:/?(?:t(?:h(?:i(?:n(?:k(?:i(?:n(?:g)?)?)?)?)?)?)?)?)?\Z", re.IGNORECASE)


@define
class _Trimmed:
    """A text as it comes, without the whitespace at its ends: some is held back until more follows."""

    _has_begun: bool = field(init=False, default=False)
    _held: str = field(init=False, default="")

    def more(self, piece: str) -> str:
        text = self._held + piece
        if not self._has_begun:
            text = text.lstrip()
        kept = text.rstrip()
        self._held = text[len(kept) :]
        self._has_begun = self._has_begun or bool(kept)
        return kept


@define
class ThinkingSplitter:
    """Splits text into content and reasoning; a tag may be cut anywhere between two pieces.

    Both are trimmed. A tag that is never closed makes the rest reasoning.
    """

    _is_thinking: bool = field(init=False, default=False)
    _held: str = field(init=False, default="")
    _content: _Trimmed = field(init=False, factory=_Trimmed)
    _reasoning: _Trimmed = field(init=False, factory=_Trimmed)

    def content(self, piece: str) -> tuple[str, str]:
        """Take more of the text; return what it adds to the content, and to the reasoning."""
        text = self._held + piece
        begun = _BEGUN_TAG.search(text)
        end = begun.start() if begun else len(text)
        self._held = text[end:]
        return self._split(text[:end])

    def reasoning(self, piece: str) -> str:
        """Take more of a chain of thought that stands apart; return what it adds to the reasoning."""
        return self._reasoning.more(piece)

    def end(self) -> tuple[str, str]:
        """Return what was held back, which is no tag after all."""
        held, self._held = self._held, ""
        return self._split(held)

    def _split(self, text: str) -> tuple[str, str]:
        added = {False: "", True: ""}
        start = 0
        for tag in _TAGS.finditer(text):
            added[self._is_thinking] += self._more(text[start : tag.start()])
            self._is_thinking, start = not tag[0].startswith("</"), tag.end()
        added[self._is_thinking] += self._more(text[start:])
        return added[False], added[True]

    def _more(self, text: str) -> str:
        return (self._reasoning if self._is_thinking else self._content).more(text)

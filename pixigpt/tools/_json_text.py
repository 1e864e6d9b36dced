"""JSON inside of a text that a model has written: the whole, in a fence, or somewhere in it."""

import re
from collections.abc import Iterator

from pixigpt.tools._values import UnfitError, decoded

_FENCED = re.compile(r"```[^\n`]*\n(.*?)```", re.DOTALL)
_OPENING = re.compile(r"[\[{]")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)|[\[\]{}]', re.DOTALL)
_PAIRS = {"}": "{", "]": "["}
_MOST_TRIED = 10  # each try reads the text again


def json_values(text: str) -> Iterator[object]:
    """Yield the JSON values in a text, the likeliest first."""
    yield from _value(text.strip())
    for fenced in _FENCED.finditer(text):
        yield from _value(fenced[1].strip())
    end = tried = 0
    for first, last in sorted(_balanced(text)):
        if first >= end and tried < _MOST_TRIED:  # not inside of a value that was found
            tried += 1
            for value in _value(text[first:last]):
                end = last
                yield value


def _value(text: str) -> Iterator[object]:
    try:
        yield decoded(text)
    except UnfitError:
        return


def _balanced(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each balanced object or array begins and ends, in one pass, whatever the text is."""
    opened: list[tuple[str, int]] = []
    position = 0
    while token := (_TOKEN if opened else _OPENING).search(text, position):  # quotes in prose mean nothing
        position = token.end()
        match token[0]:
            case "{" | "[":
                opened.append((token[0], token.start()))
            case "}" | "]" if opened[-1][0] == _PAIRS[token[0]]:
                yield opened.pop()[1], position
            case _:
                pass

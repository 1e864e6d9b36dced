"""Whether a pattern of paths can match any operation's path."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache

_ANY_TEXT, _ANY_CHARACTER = "any text", "any character"
_IN_SEGMENT, _REST_OF_SEGMENT = "a character of a segment", "the rest of a segment"


def checked_pattern(pattern: str, templates: Iterable[str]) -> str:
    """Return the pattern; raise ValueError if it matches no path of the templates."""
    known = list(templates)
    if any(_overlap(_pattern_tokens(pattern), _template_tokens(template)) for template in known):
        return pattern
    if pattern.startswith("/v1/"):
        raise ValueError(f"no operation has the path {pattern!r}: paths begin below the base URL, as {pattern[3:]!r}")
    near = get_close_matches(pattern, known, n=1, cutoff=0)
    raise ValueError(f"no operation has the path {pattern!r}; the nearest one is {near[0]!r}")


def _pattern_tokens(pattern: str) -> list[str]:
    """Return one token for each character; a set such as `[ab]` counts as any character."""
    tokens: list[str] = []
    index = 0
    while index < len(pattern):
        character = pattern[index]
        end = pattern.find("]", index + 2) if character == "[" else -1
        token = {"*": _ANY_TEXT, "?": _ANY_CHARACTER}.get(character, character)
        tokens.append(_ANY_CHARACTER if end > 0 else token)
        index = max(index, end) + 1
    return tokens


def _template_tokens(template: str) -> list[str]:
    """Return one token for each character, two for each parameter, which has at least one character."""
    tokens: list[str] = []
    for part in template.split("{"):
        _, brace, rest = part.rpartition("}")
        tokens += [_IN_SEGMENT, _REST_OF_SEGMENT, *rest] if brace else [*part]
    return tokens


def _overlap(pattern: Sequence[str], template: Sequence[str]) -> bool:
    """Return whether some text fits both."""

    @cache
    def fits(i: int, j: int) -> bool:
        ours, theirs = pattern[i : i + 1], template[j : j + 1]
        if ours == [_ANY_TEXT]:
            return fits(i + 1, j) or (bool(theirs) and fits(i, j + 1))
        if theirs == [_REST_OF_SEGMENT]:
            return fits(i, j + 1) or (bool(ours) and ours != ["/"] and fits(i + 1, j))
        if not (ours and theirs):
            return not (ours or theirs)
        same = ours in ([_ANY_CHARACTER], theirs) or (theirs == [_IN_SEGMENT] and ours != ["/"])
        return same and fits(i + 1, j + 1)

    return fits(0, 0)

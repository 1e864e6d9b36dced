"""Texts of others, made fit for a terminal: no control characters, which could move its cursor or rename its window."""

_CONTROLS = dict.fromkeys([*(code for code in range(32) if code not in (9, 10)), *range(127, 160), 0x2028, 0x2029])


def printable(text: str) -> str:
    """Return a text without control characters; line feeds and tabs stay, the only ones that break a line."""
    return text.translate(_CONTROLS)


def encodable(text: str) -> str:
    """Return a text that can be written and sent: half a surrogate pair, which JSON allows, becomes a question mark."""
    return text.encode(errors="replace").decode()


def one_line(text: str) -> str:
    """Return a text on one line, without control characters."""
    return printable(" ".join(text.split()))

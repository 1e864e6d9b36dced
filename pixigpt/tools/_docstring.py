"""What a docstring says: of the whole, and of each parameter or attribute."""

import docstring_parser
from attrs import frozen


@frozen
class Doc:
    """A docstring's parts, for a model to read."""

    summary: str
    items: dict[str, str]


def read_docstring(text: str | None) -> Doc:
    """Return a docstring's parts, in whichever style it is written."""
    try:
        parsed = docstring_parser.parse(text or "")
    except docstring_parser.ParseError:  # it is text all the same
        return Doc((text or "").strip(), {})
    items = {each.arg_name: each.description for each in parsed.params if each.description}
    return Doc((parsed.description or "").strip(), items)

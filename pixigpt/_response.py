"""A server's response, read to its end: its headers are parsed, and its JSON is decoded, only where somebody asks."""

import json

import httpx
from attrs import define, field

from pixigpt._transport.base import RawHeaders

_MISSING = object()
_DECODER = json.JSONDecoder()
_BLANK = " \t\n\r"


class UnexpectedShapeError(Exception):
    """A 2xx response does not match the API schema."""


@define
class Response:
    """A complete response; `defect` says why `content` is incomplete, if it is.

    A generated parser reads it in place of one of httpx's, at a tenth of the cost.
    """

    status_code: int
    _headers: httpx.Headers | RawHeaders = field(repr=False)
    content: bytes = field(repr=False)
    defect: str | None = field(default=None, repr=False)  # it may quote the server
    _decoded: object = field(init=False, repr=False, eq=False, default=_MISSING)

    @property
    def headers(self) -> httpx.Headers:
        """The headers, parsed."""
        return httpx.Headers(self._headers)

    @property
    def is_success(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status_code <= 299

    def json(self) -> object:
        """Return the decoded body; raise UnexpectedShapeError if it is not JSON."""
        if self._decoded is _MISSING:
            self._decoded = decoded("the body", self.content)
        return self._decoded

    @property
    def text(self) -> str:
        """The body as text."""
        charset = httpx.Response(200, headers=self.headers).charset_encoding or "utf-8"
        try:
            return self.content.decode(charset, errors="replace")
        except LookupError:  # there is no such charset
            return self.content.decode(errors="replace")


def decoded(what: str, content: bytes | str) -> object:
    """Decode JSON; raise UnexpectedShapeError if it is not valid JSON."""
    try:
        return _loads(content)
    except (json.JSONDecodeError, UnicodeDecodeError) as cause:
        reason = f"{what} is not JSON: {cause}"
    except ValueError:
        reason = f"{what} holds a number of too many digits"
    except RecursionError:
        reason = f"{what} is nested too deeply"
    raise UnexpectedShapeError(reason)  # not from its cause, which holds the content


def _loads(content: bytes | str) -> object:
    """Decode JSON as `json.loads()` does, but look for other encodings and for blanks only where there are any."""
    try:
        text = content if isinstance(content, str) else content.decode()
        value, end = _DECODER.raw_decode(text)
    except ValueError:
        return json.loads(content)
    return json.loads(content) if text[end:].strip(_BLANK) else value

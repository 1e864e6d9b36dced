"""How a response's body is framed, and what no parser may let through."""

import httpx
from attrs import define

from pixigpt._transport.base import Head

MAX_HEAD = 100 * 1024  # bytes of a head, of a chunk's first line, or of the trailers


@define
class Framing:
    """How a response says that its body ends: with a length, in chunks, or else with the connection."""

    length: int | None = None
    is_chunked: bool = False
    is_last: bool = False  # the server closes the connection after it


def framing(head: Head) -> Framing:
    """Return the framing that a head says; raise an httpx error if it can be read in two ways, or is not HTTP/1."""
    if head.version not in ("1.0", "1.1"):
        raise httpx.RemoteProtocolError(f"the response is HTTP/{head.version}")
    framed = Framing(is_last=head.version == "1.0")
    for name, value in head.headers:
        match name.lower():
            case b"content-length":
                _add_length(framed, value)
            case b"transfer-encoding":
                _add_encoding(framed, value)
            case b"connection":
                framed.is_last |= b"close" in value.lower()
            case _:
                pass
    if framed.is_chunked and framed.length is not None:
        raise httpx.RemoteProtocolError("the response has both a Content-Length and a Transfer-Encoding")
    return framed


def _add_length(framed: Framing, value: bytes) -> None:
    if framed.length is None and value.isdigit() and len(value) <= 18:  # as nearly all are
        framed.length = int(value)
        return
    for text in value.split(b","):
        digits = text.strip(b" \t")
        if not digits.isdigit() or len(digits) > 18 or framed.length not in (None, int(digits)):
            raise httpx.RemoteProtocolError("the response's Content-Length is not a number")
        framed.length = int(digits)


def _add_encoding(framed: Framing, value: bytes) -> None:
    if framed.is_chunked or value.strip(b" \t").lower() != b"chunked":
        raise httpx.RemoteProtocolError("the response's Transfer-Encoding is not chunked")
    framed.is_chunked = True


def cut_off() -> httpx.RemoteProtocolError:
    """Return the error of a response that ended too early."""
    return httpx.RemoteProtocolError("the server closed the connection before its response was complete")


def too_long() -> httpx.RemoteProtocolError:
    """Return the error of a response without end."""
    return httpx.RemoteProtocolError(f"the response's head or trailers are longer than {MAX_HEAD:,} bytes")

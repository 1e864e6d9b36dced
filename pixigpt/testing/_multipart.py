"""The parts of a multipart form, for operations of the local server that take files."""

from email.parser import BytesHeaderParser
from email.policy import HTTP

from attrs import frozen


@frozen
class Part:
    """A field of a form, or a file."""

    name: str
    file_name: str | None
    content: bytes


def parts(content_type: str, body: bytes) -> list[Part]:
    """Return the parts of a form; raise KeyError if it is no multipart form."""
    boundary = _parameters(f"Content-Type: {content_type}\r\n".encode(), "content-type")["boundary"]
    pieces = (b"\r\n" + body).split(f"\r\n--{boundary}".encode())
    return [_part(piece) for piece in pieces[1:] if not piece.startswith(b"--")]


def _part(piece: bytes) -> Part:
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    told = _parameters(head, "content-disposition")
    return Part(told["name"], told.get("filename"), content)


def _parameters(head: bytes, name: str) -> dict[str, str]:
    return dict(BytesHeaderParser(policy=HTTP).parsebytes(head)[name].params)

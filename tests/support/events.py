"""Server-sent events of a chat completion, as a server sends them."""

import json
import socket
from typing import Any

from support.samples import USAGE
from support.scripted_server import Script, read_request, sends, silent

HELLO = [{"role": "user", "content": "Hello!"}]
DONE = b"data: [DONE]\n\n"

# The body ends with the connection, so that a test can send it in any pieces.
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: r1\r\n\r\n"


def event(data: object, *lines: bytes) -> bytes:
    """Return an event whose data is some JSON, with other lines before it."""
    return b"\n".join([*lines, b"data: " + json.dumps(data, ensure_ascii=False).encode(), b"", b""])


def chunk(content: str | None = None, finish_reason: str | None = None, **delta: Any) -> bytes:
    """Return the event of one chunk."""
    if content is not None:
        delta["content"] = content
    return event({"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})


# Some servers tell the usage so far with each chunk.
FIRST = event({"id": "c1", "model": "pixi-1", "choices": [{"index": 0, "delta": {"content": "Par"}}], "usage": USAGE})


def streamed(*events: bytes) -> bytes:
    """Return a response of some events, chunked, so that its connection can be used again."""
    head = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    return head + b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in events) + b"0\r\n\r\n"


def whole(*words: str) -> bytes:
    """Return a whole response that streams some words."""
    return streamed(*_whole_events(*words))


def whole_body(*words: str) -> bytes:
    """Return the body of such a response."""
    return b"".join(_whole_events(*words))


def _whole_events(*words: str) -> list[bytes]:
    return [*map(chunk, words), chunk(finish_reason="stop"), event({"choices": [], "usage": USAGE}), DONE]


def sends_events(*events: bytes, pause: float = 0.0) -> Script:
    """Read a request, send some events with a pause after each, and close."""
    return sends(HEAD, *events, pause=pause)


def pauses(connection: socket.socket) -> None:
    """Read a request, send the first event, and nothing more until the client gives up."""
    read_request(connection)
    connection.sendall(HEAD + FIRST)
    silent(connection)

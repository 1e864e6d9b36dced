"""A server that records each request, and responds with what the request was, or with what a test has set."""

import base64
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field, frozen


@frozen
class Request:
    """A request as it arrived."""

    method: str
    target: str
    headers: Message
    body: bytes

    def parts(self) -> list[tuple[str, bytes]]:
        """Return the parts of a multipart body: each one's headers, and its content."""
        content_type = str(self.headers["content-type"])
        mark = b"--" + content_type.removeprefix("multipart/form-data; boundary=").encode()
        assert self.body.startswith(mark + b"\r\n")
        assert self.body.endswith(b"\r\n" + mark + b"--\r\n")
        inner = self.body[len(mark) + 2 : -len(mark) - 6]
        parts = [part.partition(b"\r\n\r\n") for part in inner.split(b"\r\n" + mark + b"\r\n")]
        return [(head.decode(), content) for head, _, content in parts]


@define
class EchoServer:
    """What a test sets, and reads."""

    base_url: str = ""
    requests: list[Request] = field(factory=list[Request])
    replies: list[tuple[int, str | None, bytes]] = field(factory=list[tuple[int, str | None, bytes]])

    def take(self, request: Request) -> tuple[int, str | None, bytes]:
        """Record a request; return the status, the content type and the body of its response."""
        self.requests.append(request)
        if self.replies:
            return self.replies.pop(0)
        told = {"method": request.method, "target": request.target, "body": base64.b64encode(request.body).decode()}
        return 200, "application/json", json.dumps(told).encode()


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers["transfer-encoding"] != "chunked":
        return handler.rfile.read(int(handler.headers["content-length"] or 0))
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


@contextmanager
def echo_server() -> Generator[EchoServer]:
    """Serve on a port of loopback."""
    echo = EchoServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            request = Request(self.command, self.path, self.headers, _body(self))
            if len(request.body) < int(self.headers["content-length"] or 0):  # cut off: a reply is for the next one
                self.close_connection = True
                return
            status, content_type, body = echo.take(request)
            self.send_response(status)
            if content_type:
                self.send_header("Content-Type", content_type)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815  # http.server's names

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    echo.base_url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield echo
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

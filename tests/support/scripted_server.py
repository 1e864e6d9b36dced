"""A server on a raw socket that runs one script per connection, and the scripts."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

Script = Callable[[socket.socket], None]

EMPTY = b'{"object": "list", "data": []}'


def sends(*parts: bytes, pause: float = 0.0) -> Script:
    """Read a request, then send the parts with a pause after each, then close."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return script


def reply(status: int, body: bytes = b"", *headers: bytes) -> bytes:
    """Return a complete response."""
    lines = [b"HTTP/1.1 %d Reason" % status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


def ok(body: bytes) -> bytes:
    """Return a complete 200 response."""
    return reply(200, body, b"Content-Type: application/json")


def responds(body: bytes, times: int | None = None) -> Script:
    """Respond to one request after the other on one connection, without end or a number of times, then close."""

    def script(connection: socket.socket) -> None:
        left = times
        while left != 0 and read_request(connection):
            connection.sendall(ok(body))
            left = None if left is None else left - 1

    return script


class Replies:
    """A script: request after request gets the next reply, the last one for all that follow, on any connection."""

    def __init__(self, *replies: bytes) -> None:
        self.replies = replies
        self.requests: list[bytes] = []
        self.moments: list[float] = []

    def __call__(self, connection: socket.socket) -> None:
        while request := read_request(connection):
            self.moments.append(time.monotonic())
            self.requests.append(request)
            connection.sendall(self.replies[min(len(self.requests), len(self.replies)) - 1])

    def headers(self, name: str) -> list[str | None]:
        """Return a header's value in each request; None where a request has no such header."""
        return [header(request, name) for request in self.requests]


class Counting:
    """A script: responds to each request, and counts how many requests it handles at once."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.now = 0
        self.most_at_once = 0
        self.lock = threading.Lock()

    def __call__(self, connection: socket.socket) -> None:
        while read_request(connection):
            with self.lock:
                self.now += 1
                self.most_at_once = max(self.now, self.most_at_once)
            time.sleep(0.001)  # so that others come meanwhile
            with self.lock:
                self.now -= 1
            connection.sendall(ok(self.body))


def header(request: bytes, name: str) -> str | None:
    """Return a header's value in a request."""
    lines = request.partition(b"\r\n\r\n")[0].decode().splitlines()[1:]
    fields = dict(line.lower().split(": ", 1) for line in lines)
    return fields.get(name)


def resets(connection: socket.socket) -> None:
    """Read a request, then reset the connection."""
    read_request(connection)
    reset_on_close(connection)


def reset_on_close(connection: socket.socket) -> None:
    """Turn the close that follows into a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def plain(connection: socket.socket) -> None:
    """Respond to whatever comes first in plain HTTP."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def headers_only(connection: socket.socket) -> None:
    """Send the headers, then nothing until the client gives up."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    silent(connection)


def silent(connection: socket.socket) -> None:
    """Read a request, and send nothing until the client gives up."""
    read_request(connection)
    connection.settimeout(5)
    with suppress(OSError):
        connection.recv(1)


def read_request(connection: socket.socket) -> bytes:
    """Return a request's head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")), 0
    )
    while len(body) < length and (more := connection.recv(65536)):
        body += more
    return head + body


class ScriptedServer:
    """Runs one script per connection, the last one for all that follow."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = scripts
        self.connections = 0
        self.now: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1"
        self.threads: list[threading.Thread] = []
        self.acceptor = threading.Thread(target=self._accept, daemon=True)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                script = self.scripts[min(self.connections, len(self.scripts) - 1)]
                self.connections += 1
                thread = threading.Thread(target=self._play, args=(script, connection), daemon=True)
                thread.start()
                self.threads.append(thread)

    @property
    def open(self) -> int:
        """Return how many connections are open now."""
        return len(self.now)

    def _play(self, script: Script, connection: socket.socket) -> None:
        with self.lock:
            self.now.add(connection)
        with connection, suppress(OSError):
            script(connection)
        with self.lock:
            self.now.remove(connection)

    def __enter__(self) -> "ScriptedServer":
        self.acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.acceptor.join()
        with self.lock:
            for connection in self.now:
                with suppress(OSError):  # it is gone already
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()

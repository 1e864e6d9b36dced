"""What an installed wheel must do without the repository: import, call, fail well, and bring the contract along."""

import asyncio
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from importlib.resources import files

import pixigpt
import pixigpt_api
from pixigpt import AsyncClient, Client, NotFoundError

THREAD = {"id": "thread_1", "object": "thread", "created_at": 1}
ERROR = {"error": {"message": "no such thread", "type": "invalid_request_error"}}


class OneThread(BaseHTTPRequestHandler):
    """An API on a real socket that has one thread; it counts its connections."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    connections = 0

    def setup(self) -> None:
        """Count a connection."""
        OneThread.connections += 1
        super().setup()

    def do_GET(self) -> None:  # http.server's name
        """Return the thread, if it is the one that is asked for."""
        found = self.path.endswith("/threads/thread_1")
        body = json.dumps(THREAD if found else ERROR).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def served() -> Generator[str, None, None]:
    """Serve the API on loopback; give its base URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), OneThread) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def call(base_url: str) -> None:
    """Use the sync client: a connection is reused, and an error says what the server said."""
    with Client("sk-smoke", base_url) as client:
        assert client.get_thread("thread_1").id == client.get_thread("thread_1").id == "thread_1"
        said = ""
        try:
            client.get_thread("none")
        except NotFoundError as error:
            said = str(error)
        assert "no such thread" in said


async def call_asynchronously(base_url: str) -> None:
    """Use the async client: a connection is reused."""
    async with AsyncClient("sk-smoke", base_url) as client:
        assert (await client.get_thread("thread_1")).id == (await client.get_thread("thread_1")).id == "thread_1"


def main() -> None:
    """Use the package; an AssertionError or a traceback says what is wrong."""
    for package in (pixigpt, pixigpt_api):
        assert "site-packages" in str(package.__file__), "the wheel is not what is imported"
        assert files(package).joinpath("py.typed").is_file()
    assert files(pixigpt_api).joinpath("openapi.yaml").read_text(encoding="utf-8").startswith("openapi: 3.1")
    assert pixigpt.__version__ == version("pixigpt")
    with served() as base_url:
        call(base_url)
        asyncio.run(call_asynchronously(base_url))
    assert OneThread.connections == 2, f"two clients opened {OneThread.connections} connections for their calls"


if __name__ == "__main__":
    main()

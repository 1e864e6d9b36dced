"""`LocalServer`: the app on a real socket, in a thread of its own."""

import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn

from pixigpt.testing._app import BASE_PATH, App
from pixigpt.testing._faults import Fault
from pixigpt.testing._requests import ReceivedRequest
from pixigpt.testing._service import Service

__all__ = ["LocalServer", "ReceivedRequest"]

_KEEP_ALIVE = 75  # seconds that an idle connection is kept


class LocalServer:
    """A PixiGPT server that keeps everything in memory and answers by a fixed rule, never at random.

    It answers with what was said (`You said: ...`), remembers threads, reasons unless told not to, calls the first
    tool it is given, and takes its time over a run. A run whose last message begins with `/fail`, `/cancel` or
    `/expire` ends so; one whose last message begins with `/search`, `/draw` or `/code`, for an assistant without
    `tools_config`, ends with that attachment. A picture shows what its file's name says. Vectors of texts that share
    words lie close together. `fail`, `delay`, `cut` and `drip` make it misbehave.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        api_key: The one key that it accepts.
        run_seconds: How long a run takes from queued to completed, in seconds.

    Attributes:
        api_key: The key that it accepts.
        assistant_id: The id of the assistant that exists from the start.
        requests: The requests that arrived, oldest first.

    Example:
        >>> from pixigpt import Client
        >>> from pixigpt.testing import LocalServer
        >>> with LocalServer() as server, Client(server.api_key, server.base_url) as client:
        ...     [assistant.name for assistant in client.list_assistants()]
        ['Pixi']
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, api_key: str = "sk-local", run_seconds: float = 0.2
    ) -> None:
        self._app = App(Service(run_seconds), api_key)
        self.api_key = api_key
        self.requests = self._app.requests
        self._address = (host, port)
        self._uvicorn: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def assistant_id(self) -> str:
        """The id of the assistant that exists from the start.

        Example:
            >>> client.get_assistant(server.assistant_id).name
            'Pixi'
        """
        return self._app.service.default_assistant.id

    @property
    def base_url(self) -> str:
        """Where the server is: what a client takes as its base URL.

        Example:
            >>> server.base_url.startswith("http://127.0.0.1:")
            True
        """
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}{BASE_PATH}"

    def start(self) -> Self:
        """Listen and serve; `with` does it too. A stopped server can be started again, with what it has stored.

        Raises:
            OSError, OverflowError: The address cannot be listened on.

        Example:
            >>> from pixigpt.testing import LocalServer
            >>> another = LocalServer().start()
            >>> another.stop()
        """
        listener = _listener(self._address)
        self._address = listener.getsockname()[:2]
        config = uvicorn.Config(self._app, log_config=None, log_level="critical", lifespan="off", ws="none", http="h11")
        config.timeout_keep_alive = _KEEP_ALIVE
        self._uvicorn = server = uvicorn.Server(config)
        given = {"sockets": [listener]}
        self._thread = threading.Thread(target=server.run, kwargs=given, name="pixigpt-local-server", daemon=True)
        self._thread.start()
        while self._thread.is_alive() and not server.started:
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Stop serving, at once.

        Example:
            >>> from pixigpt.testing import LocalServer
            >>> another = LocalServer().start()
            >>> another.stop()
        """
        if self._uvicorn is not None and self._thread is not None:
            self._uvicorn.should_exit = self._uvicorn.force_exit = True
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def fail(
        self, path: str = "*", *, status: int = 500, times: int | None = 1, retry_after: float | str | None = None
    ) -> None:
        """Answer with an error, before anything is done.

        Args:
            path: Which requests, by their path below the base URL; `*` stands for anything.
            status: The error's HTTP status.
            times: How many requests to answer so; None means all.
            retry_after: What to send as Retry-After: seconds or an HTTP date.

        Example:
            >>> server.fail("/threads", status=503, times=2)
            >>> with capture_responses() as answers:
            ...     thread = client.create_thread()
            >>> answers[-1].attempts
            3
        """
        self._app.faults.add(Fault(path, times, status=status, retry_after=retry_after))

    def delay(self, seconds: float, path: str = "*", *, times: int | None = 1) -> None:
        """Wait before the work is done.

        Args:
            seconds: How long to wait.
            path: Which requests, by their path below the base URL; `*` stands for anything.
            times: How many requests to delay; None means all.

        Example:
            >>> server.delay(0.1, "/threads")
            >>> with capture_responses() as answers:
            ...     thread = client.create_thread()
            >>> answers[-1].elapsed > 0.1
            True
        """
        self._app.faults.add(Fault(path, times, delay=seconds))

    def cut(self, path: str = "*", *, times: int | None = 1) -> None:
        """Do the work, then cut the connection in the middle of the answer.

        Args:
            path: Which requests, by their path below the base URL; `*` stands for anything.
            times: How many answers to cut off; None means all.

        Example:
            >>> server.cut("/threads")
            >>> with capture_responses() as answers:
            ...     thread = client.create_thread()
            >>> answers[-1].attempts, len(client.list_threads())
            (2, 1)
        """
        self._app.faults.add(Fault(path, times, cut=True))

    def drip(self, seconds: float, path: str = "*", *, times: int | None = 1) -> None:
        """Do the work, then send the answer byte by byte.

        Args:
            seconds: How long to wait between bytes.
            path: Which requests, by their path below the base URL; `*` stands for anything.
            times: How many answers to drip; None means all.

        Example:
            >>> server.drip(0.001, "/threads")
            >>> thread = client.create_thread()
        """
        self._app.faults.add(Fault(path, times, drip=seconds))

    def reset(self) -> None:
        """Forget the faults, the recorded requests and everything stored.

        Example:
            >>> thread = client.create_thread()
            >>> server.reset()
            >>> client.list_threads()
            []
        """
        self._app.reset()


def _listener(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    # IPPROTO_TCP by name: without it asyncio leaves Nagle's algorithm on, and each answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener

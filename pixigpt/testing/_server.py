"""`LocalServer`: the app on a real socket, in a thread of its own."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from pixigpt import _checks
from pixigpt.testing._app import App
from pixigpt.testing._contract import paths
from pixigpt.testing._endpoints import BASE_PATH, Backend
from pixigpt.testing._faults import Fault
from pixigpt.testing._paths import checked_pattern
from pixigpt.testing._replies import PlannedReply, ToolCallLike, counted
from pixigpt.testing._requests import ReceivedRequest
from pixigpt.testing._rule import Rule
from pixigpt.testing._store import FIRST_ASSISTANT, Store
from pixigpt.testing._upstream import Upstream
from pixigpt_api.models import FinishReason, Usage

__all__ = ["LocalServer", "ReceivedRequest"]

_KEEP_ALIVE = 75  # seconds that an idle connection is kept


class LocalServer:
    """A PixiGPT server that responds by a fixed rule, never at random, or as a model of another server does.

    It responds with what was said (`You said: ...`), remembers threads, reasons unless told not to, calls the first
    tool it is given, and takes its time over a run. A run whose last message begins with `/fail`, `/cancel` or
    `/expire` ends so; one whose last message begins with `/search`, `/draw` or `/code`, for an assistant without
    `tools_config`, ends with that attachment. A picture shows what its file's name says. Vectors of texts that share
    words lie close together. A chat completion streams if the request says so, word by word. `fail`, `delay`, `cut`,
    `drip`, `ignore_stream`, `skip_done` and `linger` make it misbehave.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        api_key: The one key that it accepts.
        run_seconds: How long a run takes from queued to completed, in seconds.
        max_requests: How many requests `requests` keeps, the newest ones.
        max_stored: How many threads, messages, runs and assistants it stores; more are refused with a 400.
        upstream: The base URL of an OpenAI-compatible server, such as `http://127.0.0.1:11434/v1`, that answers chats,
            runs and embeddings instead of the rule.
        upstream_key: The upstream's key, if it wants one.
        upstream_model: The upstream's model; else the first one that it lists.
        data_dir: The folder that everything is stored in, so that a restart forgets nothing; without it, nothing is
            written. One server at a time can use it.

    Raises:
        ValueError, TypeError: An argument is not valid.

    Attributes:
        api_key: The key that it accepts.
        assistant_id: The id of the assistant that exists from the start.
        requests: The requests that arrived, oldest first, at most `max_requests`.
        errors: The exceptions of the server's own code, and of a `when` that raised: each was a 500.

    Example:
        >>> from pixigpt import Client
        >>> from pixigpt.testing import LocalServer
        >>> with LocalServer() as server, Client(server.api_key, server.base_url) as client:
        ...     [assistant.name for assistant in client.list_assistants()]
        ['Pixi']
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "sk-local",
        run_seconds: float = 0.2,
        max_requests: int = 10_000,
        max_stored: int = 100_000,
        upstream: str | None = None,
        upstream_key: str | None = None,
        upstream_model: str | None = None,
        data_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        _checks.non_negative("run_seconds", run_seconds)
        _checks.non_negative_int("max_requests", max_requests)
        _checks.non_negative_int("max_stored", max_stored)
        if upstream is None and not upstream_key is upstream_model is None:
            raise ValueError("upstream_key and upstream_model need upstream")
        store = Store(max_stored, None if data_dir is None else Path(data_dir))
        rule = Rule(run_seconds)
        model = rule if upstream is None else Upstream(upstream, upstream_key, upstream_model)
        self._backend = Backend(store, rule, model)
        self._app = App(self._backend, api_key, max_requests)
        self.api_key = api_key
        self.requests = self._app.requests
        self.errors = self._backend.errors
        self._address = (host, port)
        self._uvicorn: _Server | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @property
    def assistant_id(self) -> str:
        """The id of the assistant that exists from the start.

        Example:
            >>> client.get_assistant(server.assistant_id).name
            'Pixi'
        """
        return FIRST_ASSISTANT

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
            RuntimeError: `data_dir` is in use by another server, or is not usable; or the server's thread has died. The
                cause says of what.

        Example:
            >>> from pixigpt.testing import LocalServer
            >>> another = LocalServer().start()
            >>> another.stop()
        """
        listener = _listener(self._address)
        try:
            self._backend.open()
        except BaseException:
            listener.close()
            raise
        self._address = listener.getsockname()[:2]
        config = uvicorn.Config(self._app, log_config=None, log_level="critical", lifespan="off", ws="none", http="h11")
        config.timeout_keep_alive = _KEEP_ALIVE
        self._uvicorn = server = _Server(config, self._backend)
        self._thread = threading.Thread(
            target=self._serve, args=(server, listener), name="pixigpt-local-server", daemon=True
        )
        self._thread.start()
        while self._thread.is_alive() and not server.started:
            time.sleep(0.005)
        if not server.started:
            raise RuntimeError("the local server's thread has died before it could serve") from self._failure
        return self

    def _serve(self, server: "_Server", listener: socket.socket) -> None:
        with listener:
            try:
                server.run(sockets=[listener])
            except BaseException as error:  # noqa: BLE001  # start(), in the other thread, raises it
                self._failure = error

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

    @property
    def in_flight(self) -> int:
        """How many requests it is responding to; a stream counts until its end, or until the client has left.

        Example:
            >>> from pixigpt.testing import LocalServer
            >>> with LocalServer() as idle:
            ...     idle.in_flight
            0
        """
        return self._app.in_flight

    @property
    def unused(self) -> list[str]:
        """The faults and replies that no request has met yet, each as the call that asked for it.

        Example:
            >>> server.reply("Hi!")
            >>> server.unused
            ["reply(content='Hi!', status=200, times=1)"]
            >>> server.reset()
        """
        return self._app.faults.unused() + self._backend.replies.unused()

    def reply(
        self,
        content: str | None = None,
        *,
        tool_calls: Sequence[ToolCallLike] | None = None,
        reasoning: str | None = None,
        finish_reason: FinishReason | None = None,
        usage: Usage | Mapping[str, int] | None = None,
        body: object = None,
        status: int = 200,
        times: int | None = 1,
        when: Callable[[ReceivedRequest], bool] | None = None,
    ) -> None:
        """Say what the next chat completion or run responds, instead of the rule. Replies queue.

        Args:
            content: The text.
            tool_calls: Functions to call, each as its name and its arguments: a mapping, or the text to send for them.
                A run calls no functions, so that it leaves such a reply to a chat completion.
            reasoning: The chain of thought; without it there is none.
            finish_reason: Why the model stopped; else "tool_calls" or "stop". A run has none.
            usage: The tokens to report, else they are counted; of a mapping, what is missing is 0, and a missing total
                is the sum. A run reports none.
            body: The whole body of the HTTP response: anything that JSON can hold, or bytes to send as they are, for a
                request that asks for a stream as its events.
            status: The HTTP status; with another one than 200 and without `body`, an error whose message is `content`.
            times: How many requests to reply to so; None means all.
            when: Takes the request and returns whether this reply is for it; without it, every request.

        Raises:
            ValueError, TypeError: Nothing to reply with, or an argument that is not valid.

        Example:
            >>> server.reply("It is sunny.")
            >>> question = [{"role": "user", "content": "The weather?"}]
            >>> client.create_chat_completion(question, assistant_id=server.assistant_id).choices[0].message.content
            'It is sunny.'
        """
        tokens = counted(usage)
        planned = PlannedReply(
            content, tool_calls or (), reasoning, finish_reason, tokens, body, status=status, times=times, when=when
        )
        self._backend.replies.add(planned)

    def fail(
        self,
        path: str = "*",
        *,
        status: int = 500,
        times: int | None = 1,
        retry_after: float | str | None = None,
        mid_stream: bool = False,
        when: Callable[[ReceivedRequest], bool] | None = None,
    ) -> None:
        """Respond with an error, before anything is done.

        Args:
            path: Which requests, by their path below the base URL; `*` stands for anything.
            status: The error's HTTP status.
            times: How many requests to fail; None means all.
            retry_after: What to send as Retry-After: seconds or an HTTP date.
            mid_stream: Whether to fail streams only, after their second chunk: the error, with the status as its
                `code`, is their last event.
            when: Takes the request and returns whether it is to fail; without it, every request.

        Example:
            >>> server.fail("/threads", status=503, times=2)
            >>> with capture_responses() as answers:
            ...     thread = client.create_thread()
            >>> answers[-1].attempts
            3
        """
        fault = Fault("fail", path, times, when, status=status, retry_after=retry_after, mid_stream=mid_stream)
        self._add(fault)

    def delay(
        self,
        seconds: float = 0.0,
        path: str = "*",
        *,
        times: int | None = 1,
        between_chunks: float = 0.0,
        when: Callable[[ReceivedRequest], bool] | None = None,
    ) -> None:
        """Wait before the work is done, or between the chunks of a stream.

        Args:
            seconds: How long to wait before the work.
            path: Which requests, by their path below the base URL; `*` stands for anything.
            times: How many requests to delay; None means all.
            between_chunks: How long to wait before each chunk of a stream but the first, in seconds. With it, only
                streams are delayed.
            when: Takes the request and returns whether it is to be delayed; without it, every request.

        Example:
            >>> server.delay(0.1, "/threads")
            >>> with capture_responses() as answers:
            ...     thread = client.create_thread()
            >>> answers[-1].elapsed > 0.1
            True
        """
        self._add(Fault("delay", path, times, when, seconds=seconds, between_chunks=between_chunks))

    def cut(
        self,
        path: str = "*",
        *,
        times: int | None = 1,
        after_chunks: int | None = None,
        when: Callable[[ReceivedRequest], bool] | None = None,
    ) -> None:
        """Do the work, then cut the connection in the middle of the response; of a stream, in its second chunk.

        Args:
            path: Which requests, by their path below the base URL; `*` stands for anything.
            times: How many responses to cut off; None means all.
            after_chunks: How many chunks of a stream to send before. With it, only streams are cut; one that has no
                more chunks is cut before its end.
            when: Takes the request and returns whether its response is to be cut; without it, every request.

        Example:
            >>> server.cut("/threads")
            >>> with capture_responses() as answers:
            ...     thread = client.create_thread()
            >>> answers[-1].attempts, len(client.list_threads())
            (2, 1)
        """
        self._add(Fault("cut", path, times, when, after_chunks=after_chunks))

    def drip(
        self,
        seconds: float,
        path: str = "*",
        *,
        times: int | None = 1,
        when: Callable[[ReceivedRequest], bool] | None = None,
    ) -> None:
        """Do the work, then send the response byte by byte.

        Args:
            seconds: How long to wait between bytes.
            path: Which requests, by their path below the base URL; `*` stands for anything.
            times: How many responses to drip; None means all.
            when: Takes the request and returns whether its response is to drip; without it, every request.

        Example:
            >>> server.drip(0.001, "/threads")
            >>> thread = client.create_thread()
        """
        self._add(Fault("drip", path, times, when, seconds=seconds))

    def ignore_stream(
        self,
        path: str = "*",
        *,
        times: int | None = 1,
        when: Callable[[ReceivedRequest], bool] | None = None,
    ) -> None:
        """Respond to a request for a stream with plain JSON, as a server that knows no streams does.

        Args:
            path: Which requests, by their path below the base URL; `*` stands for anything.
            times: How many requests for a stream to treat so; None means all.
            when: Takes the request and returns whether it is to be treated so; without it, every request.

        Example:
            >>> server.ignore_stream()
            >>> server.unused
            ["ignore_stream('*', times=1)"]
            >>> server.reset()
        """
        self._add(Fault("ignore_stream", path, times, when))

    def skip_done(
        self,
        path: str = "*",
        *,
        times: int | None = 1,
        when: Callable[[ReceivedRequest], bool] | None = None,
    ) -> None:
        """End a stream without its `[DONE]`.

        Args:
            path: Which requests, by their path below the base URL; `*` stands for anything.
            times: How many streams to end so; None means all.
            when: Takes the request and returns whether its stream is to end so; without it, every request.

        Example:
            >>> server.skip_done(times=None)
            >>> server.unused
            ["skip_done('*', times=None)"]
            >>> server.reset()
        """
        self._add(Fault("skip_done", path, times, when))

    def linger(
        self,
        path: str = "*",
        *,
        times: int | None = 1,
        when: Callable[[ReceivedRequest], bool] | None = None,
    ) -> None:
        """Keep a stream's body open after its `[DONE]`, until the client leaves.

        Args:
            path: Which requests, by their path below the base URL; `*` stands for anything.
            times: How many streams to keep open; None means all.
            when: Takes the request and returns whether its stream is to stay open; without it, every request.

        Example:
            >>> server.linger()
            >>> server.unused
            ["linger('*', times=1)"]
            >>> server.reset()
        """
        self._add(Fault("linger", path, times, when))

    def _add(self, fault: Fault) -> None:
        checked_pattern(fault.path, paths())
        self._app.faults.add(fault)

    def reset(self) -> None:
        """Forget the faults, the replies, the recorded requests and everything stored.

        A request that is still delayed does nothing any more: it is responded to with a 503.

        Example:
            >>> thread = client.create_thread()
            >>> server.reset()
            >>> client.list_threads()
            []
        """
        if self._uvicorn is None or self._thread is None or not self._thread.is_alive():
            self._app.reset()
            self._backend.store.close()
        elif threading.current_thread() is self._thread:
            self._app.reset()
        else:
            self._uvicorn.call(self._app.reset)


class _Server(uvicorn.Server):
    """uvicorn's server, with the backend open while it serves."""

    def __init__(self, config: uvicorn.Config, backend: Backend) -> None:
        super().__init__(config)
        self._backend = backend
        self._loop: asyncio.AbstractEventLoop  # of the thread that serves

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until it is told to exit, then end what is under way."""
        self._loop = asyncio.get_running_loop()
        try:
            await super().serve(sockets)
        finally:
            tasks = [*self.server_state.tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._backend.aclose()

    def call(self, function: Callable[[], None]) -> None:
        """Call a function in the thread that serves, where nothing else is in the middle of anything."""

        async def called() -> None:
            function()

        asyncio.run_coroutine_threadsafe(called(), self._loop).result()


def _listener(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    # IPPROTO_TCP by name: without it asyncio leaves Nagle's algorithm on, and each response takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener

"""How the calls of the soak are made: in tasks or in threads, patiently or in haste, some dropped in the middle."""

import asyncio
import threading
import time
import weakref
from collections.abc import Coroutine
from contextlib import suppress
from random import Random
from typing import TypeVar

import anyio
import sniffio
import trio

from pixigpt import AsyncClient, ChatCompletionStream, Client, PixiGPTError, RetryPolicy
from scripts.soak.tally import Tally
from scripts.soak.traffic import Ask, Done, Life, Traffic

ClientT = TypeVar("ClientT", Client, AsyncClient)

STREAM = "stream_chat_completion"
PATIENT = RetryPolicy(max_retries=6, backoff=0.02, retry_rate_limits=True, budget=None)


def moment(random: Random) -> float:
    """Return some seconds: a millisecond as likely as a second."""
    return 10 ** random.uniform(-3.5, 0.5)


def in_some_manner(client: ClientT, random: Random) -> ClientT:
    """Return the client, or a copy that is patient or in haste."""
    kind = random.randrange(10)
    if kind < 4:
        return client.with_options(retry=PATIENT)
    if kind == 4:
        return client.with_options(timeout=moment(random), retry=PATIENT)
    if kind == 5:
        return client.with_options(total_timeout=moment(random), headers={"X-Soak": "1"})
    return client


def some_deadline(random: Random) -> float | None:
    """Return the seconds for a `deadline()` block: mostly no limit."""
    return moment(random) if random.random() < 0.1 else None


def this_loop() -> object:
    """Return the event loop, or what trio has in its place."""
    if sniffio.current_async_library() == "asyncio":
        return asyncio.get_running_loop()
    return trio.lowlevel.current_trio_token()


class Tasks:
    """Lives in tasks, with the async client."""

    def __init__(self, client: AsyncClient, traffic: Traffic, in_flight: int) -> None:
        self._client = client
        self._traffic = traffic
        self._tally: Tally = traffic.tally
        self._in_flight = in_flight
        self.loops: weakref.WeakSet[object] = weakref.WeakSet()

    async def run(self, seconds: float) -> None:
        """Keep tasks busy for some seconds, then cancel them all in the middle."""
        self.loops.add(this_loop())
        before = len(anyio.get_running_tasks())
        with anyio.move_on_after(seconds) as scope:
            async with anyio.create_task_group() as group:
                for _ in range(self._in_flight):
                    group.start_soon(self._live, scope)
        self._tally.count("left over", len(anyio.get_running_tasks()) - before, "tasks")

    async def _live(self, scope: anyio.CancelScope) -> None:
        try:
            while True:
                await self._follow(self._traffic.life())
        finally:
            if not scope.cancel_called:
                self._tally.count("ended early", told="a task")

    async def _follow(self, life: Life) -> None:
        outcome = None
        with suppress(StopIteration):
            while True:
                outcome = await self._perhaps_dropped(life.send(outcome))

    async def _perhaps_dropped(self, ask: Ask) -> Done | None:
        """Make a call, and cancel some: by a scope of anyio's, or as asyncio alone does it."""
        random = self._traffic.random
        if random.random() >= 0.1:
            return await self._make(ask)
        seconds = moment(random)
        if sniffio.current_async_library() == "asyncio" and random.random() < 0.5:
            return await self._waited_for(self._make(ask), seconds)
        with anyio.move_on_after(seconds):
            return await self._make(ask)
        self._tally.count("cancelled")
        return None

    async def _waited_for(self, call: Coroutine[object, object, Done | None], seconds: float) -> Done | None:
        try:
            return await asyncio.wait_for(call, seconds)
        except TimeoutError:
            self._tally.count("cancelled")
            return None

    async def _make(self, ask: Ask) -> Done | None:
        random = self._traffic.random
        client = in_some_manner(self._client, random)
        done = None
        with self._tally.watched(some_deadline(random)):
            is_stream = ask.method == STREAM
            done = Done(await (self._read(client, ask) if is_stream else getattr(client, ask.method)(*ask.arguments)))
        return done  # noqa: RET504  # None where watched() has swallowed a failure

    async def _read(self, client: AsyncClient, ask: Ask) -> str:
        texts: list[str] = []
        async with client.stream_chat_completion(*ask.arguments) as stream:
            async for text in stream.text():
                texts.append(text)
                if len(texts) == ask.most_texts:
                    self._tally.count("streams left early")
                    break
            else:
                self._tally.count("streams read whole")
        return "".join(texts)


class Threads:
    """Lives in threads, with the sync client."""

    def __init__(self, client: Client, traffic: Traffic, in_flight: int) -> None:
        self._client = client
        self._traffic = traffic
        self._tally = traffic.tally
        self._in_flight = in_flight

    def run(self, seconds: float) -> None:
        """Keep threads busy for some seconds, and let them end their calls."""
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=self._live, args=(end,)) for _ in range(self._in_flight)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _live(self, end: float) -> None:
        try:
            while time.monotonic() < end:
                self._follow(self._traffic.life(), end)
        finally:
            if time.monotonic() < end:
                self._tally.count("ended early", told="a thread")

    def _follow(self, life: Life, end: float) -> None:
        outcome = None
        with suppress(StopIteration):
            while time.monotonic() < end:
                outcome = self._make(life.send(outcome))

    def _make(self, ask: Ask) -> Done | None:
        random = self._traffic.random
        client = in_some_manner(self._client, random)
        done = None
        with self._tally.watched(some_deadline(random)):
            is_stream = ask.method == STREAM
            done = Done(self._streamed(client, ask) if is_stream else getattr(client, ask.method)(*ask.arguments))
        return done  # noqa: RET504  # None where watched() has swallowed a failure

    def _streamed(self, client: Client, ask: Ask) -> str | None:
        """Read a stream, perhaps until another thread closes it."""
        stream = client.stream_chat_completion(*ask.arguments)
        if self._traffic.random.random() >= 0.2:
            return self._read(stream, ask.most_texts)
        closing = threading.Timer(moment(self._traffic.random), stream.close)
        closing.start()
        try:
            return self._read(stream, ask.most_texts)
        except RuntimeError as error:
            if isinstance(error, PixiGPTError) or "closed before" not in str(error):
                raise
            self._tally.count("streams closed by another thread")
            return None
        finally:
            closing.cancel()
            closing.join()

    def _read(self, stream: ChatCompletionStream, most_texts: int | None) -> str:
        texts: list[str] = []
        with stream:
            for text in stream.text():
                texts.append(text)
                if len(texts) == most_texts:
                    self._tally.count("streams left early")
                    break
            else:
                self._tally.count("streams read whole")
        return "".join(texts)

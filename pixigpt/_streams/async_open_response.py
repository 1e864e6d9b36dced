"""A response that is open inside a block, for the async client: how it opens and closes, and what is known of it."""

import threading
import warnings
from types import TracebackType
from typing import Any, Generic, Self

import httpx

from pixigpt._async_driver import StreamDriver, drive
from pixigpt._endpoint import Call
from pixigpt._flow import check_sendable
from pixigpt._readable import ReadableT
from pixigpt._settings import Settings
from pixigpt._steps import Flow
from pixigpt._transport.base import AsyncTransport
from pixigpt._transport.shared import SharedTransport
from pixigpt.errors import PixiGPTError

_CLOSED = "the stream was closed before all of it was read"


class AsyncOpenResponse(Generic[ReadableT]):
    """The block. A subclass iterates what the flow has opened, by the driver."""

    def __init__(
        self,
        call: Call[Any],
        flow: Flow[ReadableT],
        settings: Settings,
        transport: SharedTransport[AsyncTransport],
    ) -> None:
        self._driver = StreamDriver(transport, settings)
        self._flow = flow
        self._is_entered = False
        self._is_closed = False
        self._readable: ReadableT | None = None
        self._failure: PixiGPTError | None = None
        self._reader = threading.Lock()  # held by who reads: a second reader of the socket would wait for nothing
        check_sendable(call, settings)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._readable and self._readable.reading.opened.status_code}>"

    async def __aenter__(self) -> Self:
        if self._is_entered:
            raise RuntimeError("a stream can be entered only once: call the method again for another one")
        if self._is_closed:
            raise RuntimeError("the stream was closed before it was entered")
        self._is_entered = True
        try:
            self._readable = await drive(self._flow, self._driver.perform)
        except BaseException as error:
            await self._fail(error)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        try:
            self._tell_end()
        finally:
            if self._driver.is_open:
                self._driver.abort()
                message = f"{self!r} was dropped while it was open; use `async with`"
                warnings.warn(message, ResourceWarning, stacklevel=2, source=self)

    async def aclose(self) -> None:
        """Close the response, as leaving the block does. A read that is under way elsewhere ends with a RuntimeError.

        Example:
            >>> await stream.aclose()
        """
        self._is_closed = True
        try:
            self._tell_end()
        finally:
            await self._driver.aclose()

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._opened().reading.opened.status_code

    @property
    def headers(self) -> httpx.Headers:
        """The response's headers."""
        return self._opened().reading.opened.headers

    @property
    def request_id(self) -> str | None:
        """The server's id for the request, to quote to its support; None if it sent none."""
        request_id: str | None = self.headers.get("x-request-id")
        return request_id

    @property
    def attempts(self) -> int:
        """How many requests were sent."""
        return self._opened().reading.attempts.sent

    def _opened(self) -> ReadableT:
        if self._readable is None:
            raise RuntimeError("a stream is open only inside its `async with` block")
        return self._readable

    def _to_read(self) -> ReadableT:
        """Return what was opened, if it can be read or was read to its end; else raise why not."""
        if self._failure is not None:
            raise self._failure
        readable = self._opened()
        if self._is_closed and not readable.is_over:
            raise RuntimeError(_CLOSED)
        return readable

    def _start_read(self) -> None:
        """Become the one reader, until `_reader` is released; raise RuntimeError if there is one."""
        if not self._reader.acquire(blocking=False):
            raise RuntimeError("another task or thread is reading the stream: one at a time can")

    def _tell_end(self) -> None:
        """Tell the middleware around the response, if there is any, that it has ended."""
        if self._readable is not None and (ended := self._readable.reading.ended) is not None:
            ended(self._failure)

    async def _fail(self, error: BaseException) -> None:
        """Close the response, and keep the error for who asks later."""
        if isinstance(error, PixiGPTError):
            if self._is_closed:  # by another task or thread meanwhile: that is why the read has failed
                raise RuntimeError(_CLOSED) from error
            self._failure = error
        await self.aclose()

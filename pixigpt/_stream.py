"""A response that is read as it comes, for the sync client: `client.stream_call()`."""

import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from pixigpt._driver import StreamDriver, drive
from pixigpt._endpoint import Call
from pixigpt._flow import Reading, open_flow
from pixigpt._settings import Settings
from pixigpt._transport.shared import SharedTransport


class ResponseStream:
    """The bytes of a response as they come; a context manager, and inside it an iterator.

    Nothing is sent before the block is entered, and failures up to the first byte are retried as in any call. Later
    ones are raised, never retried. Leaving the block closes the response, wherever it stands.

    Attributes:
        status_code: The HTTP status.
        headers: The response's headers.
        request_id: The server's id for the request, to quote to its support; None if it sent none.
        attempts: How many requests were sent.

    Raises:
        PixiGPTError: The call failed; raised on entering the block, or where the stream breaks.
        RuntimeError: It is used outside its block, or a second time.

    Example:
        >>> from pixigpt_api.api.pixigpt import list_assistants
        >>> with client.stream_call(list_assistants) as stream:
        ...     body = b"".join(stream)
        >>> stream.status_code, body[:1]
        (200, b'{')
    """

    def __init__(self, call: Call[Any], settings: Settings, transport: SharedTransport[httpx.BaseTransport]) -> None:
        self._flow = open_flow(call, settings)
        self._driver = StreamDriver(transport, settings)
        self._reading: Reading | None = None
        self._is_entered = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._reading and self._reading.opened.status_code}>"

    def __enter__(self) -> Self:
        if self._is_entered:
            raise RuntimeError("a stream can be entered only once")
        self._is_entered = True
        try:
            self._reading = drive(self._flow, self._driver.perform)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        reading = self._opened()
        while not reading.is_over:
            try:
                piece = reading.piece(reading.take_first() or self._driver.perform(reading.step()))
            except BaseException:
                self.close()
                raise
            if piece:
                return piece
        raise StopIteration

    def __del__(self) -> None:
        if self._driver.is_open:
            self.close()
            warnings.warn(
                f"{self!r} was dropped while it was open; use `with`", ResourceWarning, stacklevel=2, source=self
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the response to a file, which is there only once it is complete.

        Until then it is `path` with ".part" after it; on failure that is deleted, and `path` stays as it was.

        Args:
            path: The file; one that is there is replaced.

        Raises:
            PixiGPTError: The stream broke.
            OSError: The file cannot be written.
            RuntimeError: Some of the stream has been read already.

        Example:
            >>> from pixigpt_api.api.pixigpt import list_assistants
            >>> with client.stream_call(list_assistants) as stream:
            ...     stream.save("assistants.json")
        """
        self._opened().check_unread()
        part = Path(f"{os.fspath(path)}.part")
        try:
            with part.open("wb") as file:
                for piece in self:
                    file.write(piece)
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise

    def close(self) -> None:
        """Close the response, as leaving the block does.

        Example:
            >>> stream.close()
        """
        if self._reading is not None:
            self._reading.is_over = True
        self._driver.close()

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._opened().opened.status_code

    @property
    def headers(self) -> httpx.Headers:
        """The response's headers."""
        return self._opened().opened.headers

    @property
    def request_id(self) -> str | None:
        """The server's id for the request."""
        request_id: str | None = self.headers.get("x-request-id")
        return request_id

    @property
    def attempts(self) -> int:
        """How many requests were sent."""
        return self._opened().attempts.sent

    def _opened(self) -> Reading:
        if self._reading is None:
            raise RuntimeError("a stream is open only inside its `with` block")
        return self._reading

"""A response's bytes as they come, for the async client: `client.stream_call()`."""

import os
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import anyio
import anyio.to_thread

from pixigpt._endpoint import Call
from pixigpt._settings import Settings
from pixigpt._streams.async_open_response import AsyncOpenResponse
from pixigpt._streams.byte_flow import ByteReading, byte_flow
from pixigpt._streams.part_file import part_of
from pixigpt._transport.base import AsyncTransport
from pixigpt._transport.shared import SharedTransport


class AsyncResponseStream(AsyncOpenResponse[ByteReading]):
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
        >>> async with client.stream_call(list_assistants) as stream:
        ...     body = b"".join([piece async for piece in stream])
        >>> stream.status_code, body[:1]
        (200, b'{')
    """

    def __init__(self, call: Call[Any], settings: Settings, transport: SharedTransport[AsyncTransport]) -> None:
        super().__init__(call, byte_flow(call, settings), settings, transport)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        stream = self._to_read()
        self._start_read()
        try:
            while not stream.is_over:
                outcome = stream.take_first() or await self._driver.perform(stream.reading.step())
                if piece := stream.reading.piece(outcome):
                    return piece
        except BaseException as error:
            await self._fail(error)
            raise
        finally:
            self._reader.release()
        raise StopAsyncIteration

    async def save(self, path: str | os.PathLike[str]) -> None:
        """Write the response to a file, which is there only once it is complete.

        Until then it is `path` with ".part" after it; on failure that is deleted, and `path` stays as it was.

        Args:
            path: The file; one that is there is replaced.

        Raises:
            PixiGPTError: The stream broke.
            OSError: The file cannot be written, or is a folder or a device.
            RuntimeError: Some of the stream has been read already, or the block was left.

        Example:
            >>> from pixigpt_api.api.pixigpt import list_assistants
            >>> async with client.stream_call(list_assistants) as stream:
            ...     await stream.save("assistants.json")
        """
        self._to_read().check_unread()
        part = part_of(path)
        try:
            async with await anyio.open_file(part, "wb") as file:
                async for piece in self:
                    await file.write(piece)
            await anyio.to_thread.run_sync(part.replace, path)
        except BaseException:
            with suppress(OSError):
                part.unlink()  # as fast as it gets, and cancellation must not skip it
            raise

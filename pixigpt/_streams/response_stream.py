# Made from _streams/async_response_stream.py by `make generate`: edit that file instead.
"""A response's bytes as they come, for the sync client: `client.stream_call()`."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pixigpt._endpoint import Call
from pixigpt._settings import Settings
from pixigpt._streams.byte_flow import ByteReading, byte_flow
from pixigpt._streams.open_response import OpenResponse
from pixigpt._streams.part_file import part_of
from pixigpt._transport.base import Transport
from pixigpt._transport.shared import SharedTransport


class ResponseStream(OpenResponse[ByteReading]):
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
        ...     body = b"".join(list(stream))
        >>> stream.status_code, body[:1]
        (200, b'{')
    """

    def __init__(self, call: Call[Any], settings: Settings, transport: SharedTransport[Transport]) -> None:
        super().__init__(call, byte_flow(call, settings), settings, transport)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        stream = self._to_read()
        self._start_read()
        try:
            while not stream.is_over:
                outcome = stream.take_first() or self._driver.perform(stream.reading.step())
                if piece := stream.reading.piece(outcome):
                    return piece
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._reader.release()
        raise StopIteration

    def save(self, path: str | os.PathLike[str]) -> None:
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
            >>> with client.stream_call(list_assistants) as stream:
            ...     stream.save("assistants.json")
        """
        self._to_read().check_unread()
        part = part_of(path)
        try:
            with part.open("wb") as file:
                for piece in self:
                    file.write(piece)
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise

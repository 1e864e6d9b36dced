"""A chat completion as it comes, for the async client: `client.stream_chat_completion()`."""

from collections.abc import AsyncIterator
from typing import Self

from pixigpt._endpoint import Call
from pixigpt._settings import Settings
from pixigpt._streams.async_open_response import AsyncOpenResponse
from pixigpt._streams.chat_flow import ChatReading, chat_flow
from pixigpt._streams.chunk import before_half, text_of
from pixigpt._transport.base import AsyncTransport
from pixigpt._transport.shared import SharedTransport
from pixigpt_api.models import ChatCompletion, ChatCompletionChunk, Usage


class AsyncChatCompletionStream(AsyncOpenResponse[ChatReading]):
    """A chat completion as it comes; a context manager, and inside it an iterator of `ChatCompletionChunk`.

    Nothing is sent before the block is entered. Entering returns at the first chunk, and failures up to then are
    retried as in any call. Later ones are raised, never retried. Leaving the block closes the response, wherever it
    stands.

    Attributes:
        snapshot: The completion so far; None before the first chunk. It can be read after an error too.
        usage: The tokens used; None if the server has not told them.
        is_streamed: Whether the server streamed; if not, its whole answer is one chunk.
        first_chunk_after: How long the first chunk took from entering the block, in seconds.
        status_code: The HTTP status.
        headers: The response's headers.
        request_id: The server's id for the request, to quote to its support; None if it sent none.
        attempts: How many requests were sent.

    Raises:
        PixiGPTError: The call failed; raised on entering the block, or where the stream breaks.
        RuntimeError: It is used outside its block, or a second time.

    Example:
        >>> messages = [{"role": "user", "content": "Hello!"}]
        >>> async with client.stream_chat_completion(messages, assistant_id=assistant_id) as stream:
        ...     async for text in stream.text():
        ...         print(text)
        You
         said:
         Hello!
        >>> (await stream.completion()).choices[0].message.content
        'You said: Hello!'
    """

    def __init__(
        self, call: Call[ChatCompletion], settings: Settings, transport: SharedTransport[AsyncTransport]
    ) -> None:
        super().__init__(call, chat_flow(call, settings), settings, transport)

    def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        return self

    async def __anext__(self) -> ChatCompletionChunk:
        chat = self._to_read()
        self._start_read()
        try:
            while (chunk := chat.chunk()) is None:
                if (step := chat.step()) is None:
                    break
                chat.take(await self._driver.perform(step))
        except BaseException as error:
            await self._fail(error)
            raise
        finally:
            self._reader.release()
        if chunk is None:
            await self.aclose()
            raise StopAsyncIteration
        return chunk

    def text(self) -> AsyncIterator[str]:
        """Iterate the first choice's text as it comes, without empty pieces.

        Returns:
            An iterator of texts. It raises what iterating the stream raises.

        Example:
            >>> messages = [{"role": "user", "content": "Hello!"}]
            >>> async with client.stream_chat_completion(messages, assistant_id=assistant_id) as stream:
            ...     texts = [text async for text in stream.text()]
            >>> "".join(texts)
            'You said: Hello!'
        """
        return _AsyncTexts(self)

    async def completion(self) -> ChatCompletion:
        """Read what is left; return the whole completion.

        It can be called after the block too, if everything was read in it.

        Returns:
            The completion, as `create_chat_completion` would return it.

        Raises:
            PixiGPTError: The stream broke, now or before.
            RuntimeError: The block was left before everything was read, or has not been entered.

        Example:
            >>> messages = [{"role": "user", "content": "Hello!"}]
            >>> async with client.stream_chat_completion(messages, assistant_id=assistant_id) as stream:
            ...     answer = await stream.completion()
            >>> answer.choices[0].finish_reason
            'stop'
        """
        async for _ in self:
            pass
        return self._opened().accumulator.completion()

    @property
    def snapshot(self) -> ChatCompletion | None:
        """The completion so far; None before the first chunk. A `finish_reason` that has not come yet is None.

        Example:
            >>> messages = [{"role": "user", "content": "Hello!"}]
            >>> async with client.stream_chat_completion(messages, assistant_id=assistant_id) as stream:
            ...     text = await anext(stream.text())
            >>> stream.snapshot.choices[0].message.content
            'You'
        """
        return None if self._readable is None else self._readable.accumulator.snapshot

    @property
    def usage(self) -> Usage | None:
        """The tokens used; None if the server has not told them.

        Example:
            >>> messages = [{"role": "user", "content": "Hello!"}]
            >>> async with client.stream_chat_completion(messages, assistant_id=assistant_id) as stream:
            ...     answer = await stream.completion()
            >>> stream.usage == answer.usage
            True
        """
        return None if self._readable is None else self._readable.usage

    @property
    def is_streamed(self) -> bool:
        """Whether the server streamed; if not, its whole answer is one chunk.

        Example:
            >>> messages = [{"role": "user", "content": "Hello!"}]
            >>> async with client.stream_chat_completion(messages, assistant_id=assistant_id) as stream:
            ...     answer = await stream.completion()
            >>> stream.is_streamed
            True
        """
        return self._opened().is_streamed

    @property
    def first_chunk_after(self) -> float:
        """How long the first chunk took from entering the block, in seconds.

        Example:
            >>> messages = [{"role": "user", "content": "Hello!"}]
            >>> async with client.stream_chat_completion(messages, assistant_id=assistant_id) as stream:
            ...     answer = await stream.completion()
            >>> stream.first_chunk_after < 1.0
            True
        """
        return self._opened().first_chunk_after


class _AsyncTexts:
    """The first choice's texts. No generator, so that it can be left at any time."""

    def __init__(self, stream: AsyncChatCompletionStream) -> None:
        self._stream = stream
        self._half = ""  # of a surrogate pair, whose other half the next chunk has

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        async for chunk in self._stream:
            if text := text_of(chunk):
                text, self._half = before_half(self._half + text)
                if text:
                    return text
        if self._half:
            half, self._half = self._half, ""
            return half
        raise StopAsyncIteration

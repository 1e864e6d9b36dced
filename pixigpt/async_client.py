"""The asynchronous client, on asyncio and on trio: one short method per operation of the contract."""

from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from copy import copy
from ssl import SSLContext
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, Unpack, overload

import httpx

from pixigpt._arguments import MessageLike, ToolLike, chat_messages, text_list, thread_messages, tool_list
from pixigpt._checks import callback, of_type
from pixigpt._endpoint import Endpoint, prepare, prepare_request
from pixigpt._hints import CHAT_ARGUMENTS, CLIENT_ARGUMENTS, STREAM_ARGUMENTS, AsyncHints, explain
from pixigpt._leniency import with_documents
from pixigpt._retry import RetryPolicy
from pixigpt._settings import DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT, Options, Settings
from pixigpt._transport.extensions import timeouts
from pixigpt._transport.injected import given_async_transport
from pixigpt._transport.options import PoolOptions
from pixigpt._transport.shared import AsyncBorrowedTransport, SharedTransport, open_async_pool
from pixigpt_api import AuthenticatedClient
from pixigpt_api.api.pixigpt import (
    analyze_image,
    analyze_image_for_tags,
    analyze_video,
    create_assistant,
    create_chat_completion,
    create_embedding,
    create_message,
    create_messages_bulk,
    create_run,
    create_thread,
    delete_assistant,
    delete_thread,
    extract_text,
    get_assistant,
    get_run,
    get_thread,
    list_assistant_threads,
    list_assistants,
    list_messages,
    list_threads,
    moderate_media,
    moderate_text,
    rerank,
    update_assistant,
)
from pixigpt_api.models import (
    AnalyzeImageRequest,
    AnalyzeVideoRequest,
    Assistant,
    ChatCompletion,
    CreateAssistantRequest,
    CreateChatCompletionRequest,
    CreateEmbeddingRequest,
    CreateMessageRequest,
    CreateMessagesBulkRequest,
    CreateRunRequest,
    CreateThreadRequest,
    EmbeddingList,
    ImageRequest,
    ModerateMediaRequest,
    ModerateTextRequest,
    Moderation,
    RerankRequest,
    RerankResult,
    Role,
    Run,
    StreamOptions,
    Thread,
    ThreadMessage,
    ToolCall,
    UpdateAssistantRequest,
    VisionResult,
)

if TYPE_CHECKING:
    from os import PathLike

    from pixigpt._ask import Reply
    from pixigpt._steps import Flow
    from pixigpt._streams.async_chat_stream import AsyncChatCompletionStream
    from pixigpt._streams.async_response_stream import AsyncResponseStream
    from pixigpt.bulk._chats import ChatOptions, RequestLike
    from pixigpt.bulk._progress import BatchProgress, BatchSummary
    from pixigpt.bulk._tasks import AsyncBatchItems, AsyncVectors
    from pixigpt.middleware import Middleware
    from pixigpt.tools import ParsedCompletion, ToolCallRecord, ToolRun
    from pixigpt.tools._async_chat import Chat

P = ParamSpec("P")
T = TypeVar("T")


class AsyncClient(AsyncHints):
    """An async client of the PixiGPT API, safe to share between tasks.

    A call that fails raises a `PixiGPTError`; see `pixigpt.errors` for all of them.

    Args:
        api_key: The API key; by default, the environment variable PIXIGPT_API_KEY.
        base_url: The API's URL; by default, PIXIGPT_BASE_URL, then https://pixigpt.com/v1.
        timeout: Seconds for one attempt, from asking for a connection to the last byte; None means no limit.
        total_timeout: Seconds for the whole call, attempts and pauses; None means no limit.
        max_retries: Retries after the first attempt; replaces the policy's own.
        retry: How to retry.
        limits: How many connections to open, and to keep idle.
        proxy: The proxy to use; by default, the environment's.
        verify: Whether to verify the server's certificate, or by which: an SSL context, or the path of a CA bundle.
        headers: Headers to send with every request; they override the SDK's.
        http_client: An httpx client to use as it is; the SDK does not close it.
        transport: An httpx transport to use as it is; the SDK does not close it.
        extra_body: Fields to add to the JSON body of every call, which the API schema does not know.
        extra_query: Parameters to add to the query of every call.
        middleware: Generator functions around each call, the first one outermost; see `pixigpt.middleware`.
        max_response_bytes: The largest response to accept, decompressed; None means no limit.

    Raises:
        ValueError, TypeError: An argument is bad, or there is no API key.

    Example:
        >>> from pixigpt import AsyncClient
        >>> async with AsyncClient(api_key, base_url) as client:
        ...     threads = await client.list_threads()
    """

    @explain(CLIENT_ARGUMENTS, "it takes api_key, base_url and the options in its documentation")
    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        total_timeout: float | None = None,
        max_retries: int | None = None,
        retry: RetryPolicy = RetryPolicy(),
        limits: httpx.Limits | None = None,
        proxy: str | httpx.URL | httpx.Proxy | None = None,
        verify: bool | str | SSLContext = True,
        headers: Mapping[str, str] | None = None,
        extra_body: Mapping[str, object] | None = None,
        extra_query: Mapping[str, object] | None = None,
        middleware: "Sequence[Middleware]" = (),
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        max_response_bytes: int | None = DEFAULT_MAX_RESPONSE_BYTES,
    ) -> None:
        self._settings = Settings.create(
            api_key,
            base_url,
            timeout=timeout,
            total_timeout=total_timeout,
            max_retries=max_retries,
            retry=retry,
            headers=headers,
            extra_body=extra_body,
            extra_query=extra_query,
            middleware=middleware,
            max_response_bytes=max_response_bytes,
        )
        self._transport = SharedTransport(
            type(self).__name__,
            PoolOptions.create(limits, proxy, verify, is_injected=bool(http_client or transport)),
            open_async_pool,
            given_async_transport(http_client, transport),
        )
        self._is_copy = False

    def __repr__(self) -> str:
        settings: Settings | None = vars(self).get("_settings")  # None if the constructor failed
        return f"<{type(self).__name__} {settings and settings.base_url}>"

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_is_copy": False}  # an unpickled client has its own connections to close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. Copies made by `with_options()` close nothing; injected transports stay open.

        Example:
            >>> client = AsyncClient(api_key, base_url)
            >>> await client.aclose()
        """
        transport = None if self._is_copy else self._transport.take()
        if transport is not None:
            await transport.aclose()

    def with_options(self, **options: Unpack[Options]) -> Self:
        """Return a light copy with other options, on the same connections.

        Args:
            options: Any of `timeout`, `total_timeout`, `max_retries`, `retry`, `headers`, `extra_body`, `extra_query`,
                `middleware` and `max_response_bytes`, as the constructor takes them. Headers are added to those that
                are there; the other ones replace what is there. A call that sets a key of `extra_body` or `extra_query`
                itself is a ValueError.

        Returns:
            The copy. Closing it closes nothing.

        Raises:
            ValueError, TypeError: An option is bad or unknown.

        Example:
            >>> patient = client.with_options(timeout=120.0, max_retries=5)
            >>> thread = await patient.create_thread()
            >>> creative = client.with_options(extra_body={"top_p": 0.95})
        """
        clone = copy(self)
        clone._settings = self._settings.with_options(options)
        clone._is_copy = True
        return clone

    @property
    def raw(self) -> AuthenticatedClient:
        """The generated client on the same connections, for calls through the generated functions.

        These calls have no retries, deadlines, typed errors or middleware.

        Example:
            >>> from pixigpt_api.api.pixigpt import get_assistant
            >>> (await get_assistant.asyncio(assistant_id, client=client.raw)).name
            'Pixi'
        """
        settings = self._settings
        http = httpx.AsyncClient(
            base_url=settings.base_url,
            headers=settings.request_headers({}),
            timeout=httpx.Timeout(**timeouts(settings.timeout)),
            transport=AsyncBorrowedTransport(self._transport),
        )
        return AuthenticatedClient(base_url=settings.base_url, token=settings.api_key).set_async_httpx_client(http)

    async def call(self, endpoint: Endpoint[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call any generated endpoint, with this client's retries, deadlines and typed errors.

        Args:
            endpoint: A module of `pixigpt_api.api.pixigpt`.
            args: The endpoint's own arguments.
            kwargs: The endpoint's own keyword arguments.

        Returns:
            What the API schema says the endpoint returns.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> from pixigpt_api.api.pixigpt import get_assistant
            >>> (await client.call(get_assistant, assistant_id)).name
            'Pixi'
        """
        # On first use, as in `_drive`; `from ... import` takes 5,000 instructions more, a hundredth of a call.
        import pixigpt._async_driver as driver

        return await driver.run(prepare(endpoint, *args, **kwargs), self._transport, self._settings)

    def stream_call(self, endpoint: Endpoint[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "AsyncResponseStream":
        """Call any generated endpoint, and read the response's bytes as they come, or save them to a file.

        For large responses: nothing is parsed, and no more than a piece is in memory. `timeout` is the longest silence;
        `total_timeout` and `deadline()` bound it all, and `max_response_bytes` its size.

        Args:
            endpoint: A module of `pixigpt_api.api.pixigpt`.
            args: The endpoint's own arguments.
            kwargs: The endpoint's own keyword arguments.

        Returns:
            A context manager; the request is sent on entering it.

        Raises:
            PixiGPTError: The call failed; raised on entering the block, or where the stream breaks.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> from pixigpt_api.api.pixigpt import list_assistants
            >>> async with client.stream_call(list_assistants) as stream:
            ...     await stream.save("assistants.json")
        """
        # On first use, as in `_drive`.
        from pixigpt._streams.async_response_stream import AsyncResponseStream

        return AsyncResponseStream(prepare(endpoint, *args, **kwargs), self._settings, self._transport)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401  # what JSON can hold
        """Send a request to a path that the API schema does not know.

        Args:
            method: The HTTP method, such as "GET".
            path: The path below the base URL, such as "/models".
            json: The body; None means that there is none.
            params: The query; a list gives its name several times.
            headers: Headers to add to the client's, or to put in their place.

        Returns:
            The decoded JSON; None if the body is empty.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> assistants = await client.request("GET", "/assistants")
            >>> assistants["object"]
            'list'
        """
        settings = self._settings if headers is None else self._settings.with_options({"headers": headers})
        # On first use, as in `_drive`.
        from pixigpt._flow import call_flow

        return await self._drive(call_flow(prepare_request(method, path, json, params), settings))

    @explain(CHAT_ARGUMENTS, "if the server knows it, use client.with_options(extra_body={{{name!r}: ...}})")
    async def create_chat_completion(
        self,
        messages: Sequence[MessageLike],
        *,
        assistant_id: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        enable_thinking: bool | None = None,
        tools: Sequence[ToolLike] | None = None,
    ) -> ChatCompletion:
        """Answer a conversation.

        Args:
            messages: The conversation so far, oldest first: dicts in OpenAI's form, or messages that came back in a
                response. Without `assistant_id`, the first one must be a system message.
            assistant_id: The assistant whose instructions and tools apply.
            temperature: Randomness from 0 to 2. None and 0 mean 0.6 to the server; for the least, pass 0.01.
            max_tokens: The most tokens to generate; with thinking on, the server raises less than 3,000 to 3,000.
            enable_thinking: Whether the model reasons before it answers; the server's default is True.
            tools: Functions that the model may call: dicts in OpenAI's form, or `Tool` objects.

        Returns:
            The answer: its text is `choices[0].message.content`, its reasoning `choices[0].reasoning_content`.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> messages = [{"role": "user", "content": "Hello!"}]
            >>> answer = await client.create_chat_completion(messages, assistant_id=assistant_id)
            >>> answer.choices[0].message.content
            'You said: Hello!'
        """
        body = CreateChatCompletionRequest(
            messages=chat_messages(messages),
            assistant_id=assistant_id,
            temperature=temperature,
            max_tokens=max_tokens,
            enable_thinking=enable_thinking,
            tools=tool_list(tools),
        )
        return await self.call(create_chat_completion, body=body)

    async def create_thread(self) -> Thread:
        """Open a new, empty thread.

        Returns:
            The new thread.

        Raises:
            PixiGPTError: The call failed.

        Example:
            >>> thread = await client.create_thread()
            >>> await client.list_messages(thread.id)
            []
        """
        return await self.call(create_thread, body=CreateThreadRequest())

    async def get_thread(self, thread_id: str) -> Thread:
        """Fetch one thread.

        Args:
            thread_id: The thread's id.

        Returns:
            The thread.

        Raises:
            NotFoundError: There is no such thread.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> thread = await client.create_thread()
            >>> await client.get_thread(thread.id) == thread
            True
        """
        return await self.call(get_thread, thread_id)

    async def list_threads(self) -> list[Thread]:
        """List all threads of the key's owner.

        Returns:
            The threads.

        Raises:
            PixiGPTError: The call failed.

        Example:
            >>> thread = await client.create_thread()
            >>> thread in await client.list_threads()
            True
        """
        return (await self.call(list_threads)).data

    async def delete_thread(self, thread_id: str) -> None:
        """Delete a thread and all its messages.

        Args:
            thread_id: The thread's id.

        Raises:
            NotFoundError: There is no such thread.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> thread = await client.create_thread()
            >>> await client.delete_thread(thread.id)
        """
        await self.call(delete_thread, thread_id)

    async def create_message(self, thread_id: str, role: Role, content: str) -> ThreadMessage:
        """Add a message to a thread. The model answers it only when a run is created.

        Args:
            thread_id: The thread's id.
            role: Who speaks: "user", or "assistant" for an answer of your own.
            content: The text.

        Returns:
            The stored message; its text is `content[0].text.value`.

        Raises:
            NotFoundError: There is no such thread.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> thread = await client.create_thread()
            >>> message = await client.create_message(thread.id, "user", "My name is Ada.")
            >>> message.content[0].text.value
            'My name is Ada.'
        """
        return await self.call(create_message, thread_id, body=CreateMessageRequest(role=role, content=content))

    async def create_messages_bulk(self, thread_id: str, messages: Sequence[MessageLike]) -> list[ThreadMessage]:
        """Add several messages to a thread in one request.

        Args:
            thread_id: The thread's id.
            messages: The messages, oldest first: dicts with `role` and `content`, or messages that came back in a
                response.

        Returns:
            The stored messages, in the order given.

        Raises:
            NotFoundError: There is no such thread.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> thread = await client.create_thread()
            >>> history = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
            >>> [message.role for message in await client.create_messages_bulk(thread.id, history)]
            ['user', 'assistant']
        """
        body = CreateMessagesBulkRequest(messages=thread_messages(messages))
        return (await self.call(create_messages_bulk, thread_id, body=body)).data

    async def list_messages(self, thread_id: str, limit: int | None = 20) -> list[ThreadMessage]:
        """List a thread's messages, newest first.

        Args:
            thread_id: The thread's id.
            limit: The most to return.

        Returns:
            The newest messages.

        Raises:
            NotFoundError: There is no such thread.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> thread = await client.create_thread()
            >>> message = await client.create_message(thread.id, "user", "Hi.")
            >>> await client.list_messages(thread.id, limit=1) == [message]
            True
        """
        return (await self.call(list_messages, thread_id, limit=limit)).data

    async def create_run(
        self,
        thread_id: str,
        assistant_id: str,
        enable_thinking: bool | None = None,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> Run:
        """Start an assistant on a thread. The run goes on at the server; `wait_for_run` waits for its end.

        Args:
            thread_id: The thread's id.
            assistant_id: The assistant that answers.
            enable_thinking: Whether the model reasons before it answers; the server's default is True.
            temperature: Randomness from 0 to 2. None and 0 mean 0.6 to the server; for the least, pass 0.01.
            max_tokens: The most tokens to generate; with thinking on, the server raises less than 3,000 to 3,000.

        Returns:
            The started run: queued or in progress.

        Raises:
            NotFoundError: There is no such thread or assistant.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> thread = await client.create_thread()
            >>> message = await client.create_message(thread.id, "user", "Hi.")
            >>> (await client.create_run(thread.id, assistant_id)).status
            'queued'
        """
        body = CreateRunRequest(
            assistant_id=assistant_id,
            enable_thinking=enable_thinking,
            temperature=temperature,
            max_tokens=max_tokens,
        )
        return await self.call(create_run, thread_id, body=body)

    async def get_run(self, thread_id: str, run_id: str) -> Run:
        """Fetch a run as it stands now.

        Args:
            thread_id: The thread's id.
            run_id: The run's id.

        Returns:
            The run; once it is completed, its `message` is the answer.

        Raises:
            NotFoundError: There is no such run.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> thread = await client.create_thread()
            >>> message = await client.create_message(thread.id, "user", "Hi.")
            >>> run = await client.create_run(thread.id, assistant_id)
            >>> (await client.get_run(thread.id, run.id)).id == run.id
            True
        """
        return await self.call(get_run, thread_id, run_id)

    async def wait_for_run(
        self,
        thread_id: str,
        run_id: str,
        *,
        timeout: float | None = 600.0,
        poll_interval: float | None = None,
        on_update: Callable[[Run], object] | None = None,
    ) -> Run:
        """Poll a run until it ends: at once, then at growing intervals of up to 1 s.

        Args:
            thread_id: The thread's id.
            run_id: The run's id.
            timeout: The most seconds to wait; None adds no limit.
            poll_interval: Seconds between polls, instead of the growing intervals.
            on_update: Called with the run at the first poll and on each change of its status.

        Returns:
            The completed run, with its `message`.

        Raises:
            RunFailedError, RunCancelledError, RunExpiredError: The run ended so; `.run` is its last state.
            RunTimeoutError: The run had not ended in time.
            DeadlineExceededError: `total_timeout`, which bounds the whole wait, or a `deadline()` block ran out.
            PixiGPTError: A poll failed, and so did its retries.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> thread = await client.create_thread()
            >>> message = await client.create_message(thread.id, "user", "Hi.")
            >>> run = await client.create_run(thread.id, assistant_id)
            >>> run = await client.wait_for_run(thread.id, run.id, timeout=60)
            >>> run.message.content[0].text.value
            'You said: Hi.'
        """
        # On first use, as in `_drive`.
        from pixigpt._wait import WaitOptions, wait_flow

        callback("on_update", on_update, may_be_async=True)
        call = prepare(get_run, thread_id, run_id)
        return await self._drive(wait_flow(call, self._settings, WaitOptions(timeout, poll_interval, on_update)))

    async def list_assistants(self) -> list[Assistant]:
        """List all assistants of the key's owner.

        Returns:
            The assistants.

        Raises:
            PixiGPTError: The call failed.

        Example:
            >>> (await client.list_assistants())[0].name
            'Pixi'
        """
        return (await self.call(list_assistants)).data

    async def get_assistant(self, assistant_id: str) -> Assistant:
        """Fetch one assistant.

        Args:
            assistant_id: The assistant's id.

        Returns:
            The assistant.

        Raises:
            NotFoundError: There is no such assistant.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> (await client.get_assistant(assistant_id)).name
            'Pixi'
        """
        return await self.call(get_assistant, assistant_id)

    async def create_assistant(self, name: str, instructions: str, tools_config: str | None = None) -> Assistant:
        """Create an assistant.

        Args:
            name: What it is called.
            instructions: What it is told before every conversation.
            tools_config: Its tools, as a text that the server alone reads.

        Returns:
            The new assistant.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> assistant = await client.create_assistant("Geographer", "You know every capital.")
            >>> assistant.name
            'Geographer'
        """
        body = CreateAssistantRequest(name=name, instructions=instructions, tools_config=tools_config)
        return await self.call(create_assistant, body=body)

    async def update_assistant(
        self, assistant_id: str, name: str, instructions: str, tools_config: str | None = None
    ) -> Assistant:
        """Replace an assistant's name, instructions and tools.

        Args:
            assistant_id: The assistant's id.
            name: What it is called from now on.
            instructions: What it is told before every conversation from now on.
            tools_config: Its tools from now on, as a text that the server alone reads.

        Returns:
            The assistant as it is now.

        Raises:
            NotFoundError: There is no such assistant.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> assistant = await client.create_assistant("Geographer", "You know every capital.")
            >>> (await client.update_assistant(assistant.id, "Historian", "You know every king.")).name
            'Historian'
        """
        body = UpdateAssistantRequest(name=name, instructions=instructions, tools_config=tools_config)
        return await self.call(update_assistant, assistant_id, body=body)

    async def delete_assistant(self, assistant_id: str) -> None:
        """Delete an assistant.

        Args:
            assistant_id: The assistant's id.

        Raises:
            NotFoundError: There is no such assistant.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> assistant = await client.create_assistant("Geographer", "You know every capital.")
            >>> await client.delete_assistant(assistant.id)
        """
        await self.call(delete_assistant, assistant_id)

    async def list_assistant_threads(self, assistant_id: str, limit: int | None = None) -> list[Thread]:
        """List the threads that have runs for an assistant.

        Args:
            assistant_id: The assistant's id.
            limit: The most to return; by default, the server decides.

        Returns:
            The threads.

        Raises:
            NotFoundError: There is no such assistant.
            PixiGPTError: The call failed otherwise.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> assistant = await client.create_assistant("Geographer", "You know every capital.")
            >>> await client.list_assistant_threads(assistant.id, limit=5)
            []
        """
        return (await self.call(list_assistant_threads, assistant_id, limit=limit)).data

    async def analyze_image(self, image_url: str, user_prompt: str | None = None) -> VisionResult:
        """Describe an image, or answer a question about it.

        Args:
            image_url: Where the image is.
            user_prompt: What to tell about it; without it, the image is described.

        Returns:
            The answer, as its `result`.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> (await client.analyze_image("https://example.com/cat-hat.png", "What is it?")).result
            'You asked about an image of cat hat: What is it?'
        """
        body = AnalyzeImageRequest(image_url=image_url, user_prompt=user_prompt)
        return await self.call(analyze_image, body=body)

    async def analyze_image_for_tags(self, image_url: str) -> VisionResult:
        """Name what is on an image.

        Args:
            image_url: Where the image is.

        Returns:
            The tags, separated by commas, as its `result`.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> (await client.analyze_image_for_tags("https://example.com/cat-hat.png")).result
            'cat, hat'
        """
        return await self.call(analyze_image_for_tags, body=ImageRequest(image_url=image_url))

    async def extract_text(self, image_url: str) -> VisionResult:
        """Read the text on an image; tables, lists and headings keep their form.

        Args:
            image_url: Where the image is.

        Returns:
            The text, as its `result`.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> (await client.extract_text("https://example.com/stop-sign.png")).result
            'stop sign'
        """
        return await self.call(extract_text, body=ImageRequest(image_url=image_url))

    async def analyze_video(self, video_url: str, user_prompt: str | None = None) -> VisionResult:
        """Describe a video, or answer a question about it.

        Args:
            video_url: Where the video is; it must be under 10 MB.
            user_prompt: What to tell about it; without it, the video is described.

        Returns:
            The answer, as its `result`.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> (await client.analyze_video("https://example.com/cat-jump.mp4")).result
            'A video of cat jump.'
        """
        body = AnalyzeVideoRequest(video_url=video_url, user_prompt=user_prompt)
        return await self.call(analyze_video, body=body)

    async def moderate_text(self, prompt: str) -> Moderation:
        """Tell which category a text falls into.

        Args:
            prompt: The text.

        Returns:
            The verdict: its `category`, "SAFE" among them, and its `score` from 0 to 1, how well the category fits.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> verdict = await client.moderate_text("How are you?")
            >>> verdict.category, verdict.score
            ('SAFE', 1.0)
        """
        return await self.call(moderate_text, body=ModerateTextRequest(prompt=prompt))

    async def moderate_media(self, media_url: str, is_video: bool = False) -> Moderation:
        """Tell which category an image or a video falls into.

        Args:
            media_url: Where it is.
            is_video: Whether it is a video.

        Returns:
            The verdict: its `category`, "SAFE" among them, and its `score` from 0 to 1, how well the category fits.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> (await client.moderate_media("https://example.com/cat.mp4", is_video=True)).category
            'SAFE'
        """
        return await self.call(moderate_media, body=ModerateMediaRequest(media_url=media_url, is_video=is_video))

    async def create_embedding(self, input: str | Sequence[str], model: str | None = None) -> EmbeddingList:
        """Turn texts into vectors, which lie close together where the texts mean like things.

        Args:
            input: One text, or several.
            model: A model's name, which the server ignores.

        Returns:
            The vectors, of 1,024 numbers each: `data[i].embedding` is that of the text `i`.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> vectors = await client.create_embedding(["A cat.", "A dog."])
            >>> [len(each.embedding) for each in vectors.data]
            [1024, 1024]
        """
        texts = input if isinstance(input, str) else text_list("input", input)
        return await self.call(create_embedding, body=CreateEmbeddingRequest(input_=texts, model=model))

    async def rerank(
        self, query: str, documents: Sequence[str], top_k: int | None = None, model: str | None = None
    ) -> RerankResult:
        """Sort documents by how well they fit a query.

        Args:
            query: What is looked for.
            documents: The documents' texts.
            top_k: The most to return; by default, all.
            model: A model's name.

        Returns:
            The documents, as its `results`, best first: each with its `index` in `documents` and its `relevance_score`.

        Raises:
            PixiGPTError: The call failed.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> found = await client.rerank("Which animal purrs?", ["Dogs bark.", "A cat purrs."], top_k=1)
            >>> found.results[0].index, found.results[0].document
            (1, 'A cat purrs.')
        """
        texts = text_list("documents", documents)
        body = RerankRequest(query=query, documents=texts, top_k=top_k, model=model)
        return with_documents(await self.call(rerank, body=body), texts)

    @explain(STREAM_ARGUMENTS, "if the server knows it, use client.with_options(extra_body={{{name!r}: ...}})")
    def stream_chat_completion(
        self,
        messages: Sequence[MessageLike],
        *,
        assistant_id: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        enable_thinking: bool | None = None,
        tools: Sequence[ToolLike] | None = None,
        include_usage: bool = True,
    ) -> "AsyncChatCompletionStream":
        """Answer a conversation, word by word.

        `timeout` is the longest silence; `total_timeout` and `deadline()` bound the whole stream.

        Args:
            messages: The conversation so far, as for `create_chat_completion`.
            assistant_id: The assistant whose instructions and tools apply.
            temperature: Randomness from 0 to 2. None and 0 mean 0.6 to the server; for the least, pass 0.01.
            max_tokens: The most tokens to generate; with thinking on, the server raises less than 3,000 to 3,000.
            enable_thinking: Whether the model reasons before it answers; the server's default is True.
            tools: Functions that the model may call: dicts in OpenAI's form, or `Tool` objects.
            include_usage: Whether to ask the server for the tokens used.

        Returns:
            A context manager, and inside its block an iterator of chunks; the request is sent on entering it.

        Raises:
            PixiGPTError: The call failed; raised on entering the block, or where the stream breaks.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> messages = [{"role": "user", "content": "Hello!"}]
            >>> async with client.stream_chat_completion(messages, assistant_id=assistant_id) as stream:
            ...     async for text in stream.text():
            ...         print(text)
            You
             said:
             Hello!
        """
        # On first use, as in `_drive`.
        from pixigpt._streams.async_chat_stream import AsyncChatCompletionStream

        of_type(bool)("include_usage", include_usage)
        body = CreateChatCompletionRequest(
            messages=chat_messages(messages),
            assistant_id=assistant_id,
            temperature=temperature,
            max_tokens=max_tokens,
            enable_thinking=enable_thinking,
            tools=tool_list(tools),
            stream=True,
            stream_options=StreamOptions(include_usage=True) if include_usage else None,
        )
        call = prepare(create_chat_completion, body=body)
        return AsyncChatCompletionStream(call, self._settings, self._transport)

    @explain(CHAT_ARGUMENTS, "if the server knows it, use client.with_options(extra_body={{{name!r}: ...}})")
    async def run_tools(
        self,
        messages: Sequence[MessageLike],
        tools: Sequence[Callable[..., Any]],
        *,
        assistant_id: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        enable_thinking: bool | None = None,
        max_rounds: int = 10,
        concurrency: int = 1,
        report_errors: bool = False,
        approve: Callable[[ToolCall], object] | None = None,
        on_call: "Callable[[ToolCallRecord], object] | None" = None,
        on_text: Callable[[str], object] | None = None,
    ) -> "ToolRun":
        """Answer a conversation, and run the functions that the model calls for it. Needs the extra `tools`.

        Every call of an answer runs, and its result is sent back, until an answer calls nothing. The model is told of a
        `ToolError`, of arguments that do not fit and of unknown names; any other exception is a `ToolFailedError`.

        Args:
            messages: The conversation so far, as `create_chat_completion` takes it.
            tools: The functions, plain or made by `pixigpt.tools.tool`. `AsyncClient` takes async ones too, and runs
                the others in threads.
            assistant_id: The assistant whose instructions apply.
            temperature: Randomness from 0 to 2. None and 0 mean 0.6 to the server; for the least, pass 0.01.
            max_tokens: The most tokens to generate for each answer.
            enable_thinking: Whether the model reasons before it answers; the server's default is True.
            max_rounds: The most answers whose calls are run.
            concurrency: The most calls of one answer that run at a time.
            report_errors: Whether the model is told of any exception, as `TypeName: message`.
            approve: Takes each call before it runs, and returns whether to run it; in `AsyncClient` it may be async.
            on_call: Called with the record of each call after it; in `AsyncClient` it may be async.
            on_text: Called with each piece of text as it comes, since the answers are then streamed; in `AsyncClient`
                it may be async.

        Returns:
            The last answer, the whole conversation, and every call.

        Raises:
            ToolFailedError: A function raised an exception, or returned what JSON cannot tell.
            ToolRoundsError: The model still called functions after `max_rounds`.
            IncompleteAnswerError: An answer was cut off by its length, or withheld by a filter.
            DeadlineExceededError: `total_timeout`, which bounds the whole run, or a `deadline()` block ran out.
            PixiGPTError: A chat completion failed.
            ValueError, TypeError: An argument is bad, or a function cannot be a tool; nothing was sent.
            ImportError: The extra is not installed: `pip install "pixigpt[tools]"`.

        Example:
            >>> def weather(city: str) -> str:
            ...     return f"It is sunny in {city}."
            >>> server.reply(tool_calls=[("weather", {"city": "Paris"})])
            >>> question = [{"role": "user", "content": "Warm in Paris?"}]
            >>> run = await client.run_tools(question, [weather], assistant_id=assistant_id)
            >>> run.text
            'The tool answered: It is sunny in Paris.'
        """
        from pixigpt.tools._async_chat import run_tools  # on first use: it needs the extra
        from pixigpt.tools._runner import RunOptions

        chat = self._chat(
            assistant_id=assistant_id, temperature=temperature, max_tokens=max_tokens, enable_thinking=enable_thinking
        )
        options = RunOptions(max_rounds, concurrency, report_errors, approve, on_call, on_text)
        return await run_tools(chat, self._settings, messages, tools, options)

    @overload
    async def parse_chat_completion(
        self,
        messages: Sequence[MessageLike],
        response_type: type[T],
        *,
        assistant_id: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        enable_thinking: bool | None = None,
        max_repairs: int = 2,
    ) -> "ParsedCompletion[T]": ...

    @overload
    async def parse_chat_completion(
        self,
        messages: Sequence[MessageLike],
        response_type: Any,  # noqa: ANN401  # a union or a literal, which is no `type`
        *,
        assistant_id: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        enable_thinking: bool | None = None,
        max_repairs: int = 2,
    ) -> "ParsedCompletion[Any]": ...

    @explain(CHAT_ARGUMENTS, "if the server knows it, use client.with_options(extra_body={{{name!r}: ...}})")
    async def parse_chat_completion(
        self,
        messages: Sequence[MessageLike],
        response_type: Any,
        *,
        assistant_id: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        enable_thinking: bool | None = None,
        max_repairs: int = 2,
    ) -> "ParsedCompletion[Any]":
        """Answer a conversation with a value of a type. Needs the extra `tools`.

        The model is given one function to call, whose arguments are the answer. What does not fit is sent back to it.
        The check is strict: "5" is no int, and unknown fields are refused, at any depth.

        Args:
            messages: The conversation so far, as `create_chat_completion` takes it.
            response_type: An attrs class, a dataclass, a TypedDict, a pydantic model, or any type that JSON can tell.
            assistant_id: The assistant whose instructions apply.
            temperature: Randomness from 0 to 2. None and 0 mean 0.6 to the server; for the least, pass 0.01.
            max_tokens: The most tokens to generate for each answer.
            enable_thinking: Whether the model reasons before it answers; the server's default is True.
            max_repairs: How often an answer that does not fit is sent back.

        Returns:
            The value as `parsed`, the chat completion that it came in, and the whole conversation.

        Raises:
            ParseFailedError: No answer fits; its `failures` tell why.
            IncompleteAnswerError: An answer was cut off by its length, or withheld by a filter.
            DeadlineExceededError: `total_timeout`, which bounds all answers, or a `deadline()` block ran out.
            PixiGPTError: A chat completion failed.
            ValueError, TypeError: An argument is bad, or the type has no JSON schema; nothing was sent.
            ImportError: The extra is not installed: `pip install "pixigpt[tools]"`.

        Example:
            >>> from dataclasses import dataclass
            >>> @dataclass
            ... class City:
            ...     name: str
            ...     inhabitants: int
            >>> server.reply(tool_calls=[("City", {"name": "Paris", "inhabitants": 2_100_000})])
            >>> question = [{"role": "user", "content": "The largest city of France?"}]
            >>> (await client.parse_chat_completion(question, City, assistant_id=assistant_id)).parsed
            City(name='Paris', inhabitants=2100000)
        """
        from pixigpt.tools._async_chat import parse_chat_completion  # on first use: it needs the extra

        chat = self._chat(
            assistant_id=assistant_id, temperature=temperature, max_tokens=max_tokens, enable_thinking=enable_thinking
        )
        return await parse_chat_completion(chat, self._settings, messages, response_type, max_repairs)

    async def ask(
        self,
        assistant_id: str,
        content: str,
        *,
        thread_id: str | None = None,
        enable_thinking: bool | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        timeout: float | None = 600.0,
        poll_interval: float | None = None,
        on_update: Callable[[Run], object] | None = None,
        idempotency_key: str | None = None,
    ) -> "Reply":
        """Ask an assistant a question on a thread, and wait for the answer.

        It creates a thread if none is given, adds the question, starts a run and waits for its end.

        Args:
            assistant_id: The assistant that answers.
            content: The question.
            thread_id: The thread to ask on; by default, a new one.
            enable_thinking: Whether the model reasons before it answers; the server's default is True.
            temperature: Randomness from 0 to 2. None and 0 mean 0.6 to the server; for the least, pass 0.01.
            max_tokens: The most tokens to generate; with thinking on, the server raises less than 3,000 to 3,000.
            timeout: The most seconds for all of it; None adds no limit.
            poll_interval: Seconds between polls, instead of growing intervals.
            on_update: Called with the run at the first poll and on each change of its status.
            idempotency_key: A name for this question: asked again under it, after a crash, nothing is added twice.

        Returns:
            The answer; `str()` of it is its text.

        Raises:
            RunFailedError, RunCancelledError, RunExpiredError: The run ended so; `.run` is its last state.
            RunTimeoutError: The `timeout` ran out.
            DeadlineExceededError: `total_timeout`, which bounds all of it, or a `deadline()` block ran out.
            APIResponseError: The completed run has no message, or the server gave an id that fits no path.
            PixiGPTError: A call failed, and so did its retries. Every error has the `thread_id`.
            ValueError, TypeError: An argument is bad; nothing was sent.

        Example:
            >>> reply = await client.ask(assistant_id, "My name is Ada.")
            >>> reply = await client.ask(assistant_id, "What is my name?", thread_id=reply.thread_id)
            >>> print(reply)
            You said: What is my name? (Before that: My name is Ada.)
        """
        from pixigpt._ask import Question, ask_flow
        from pixigpt._wait import WaitOptions

        callback("on_update", on_update, may_be_async=True)
        question = Question(
            assistant_id=assistant_id,
            content=content,
            thread_id=thread_id,
            enable_thinking=enable_thinking,
            temperature=temperature,
            max_tokens=max_tokens,
            wait=WaitOptions(timeout, poll_interval, on_update),
            idempotency_key=idempotency_key,
        )
        return await self._drive(ask_flow(question, self._settings))

    @explain(CHAT_ARGUMENTS, "if the server knows it, use client.with_options(extra_body={{{name!r}: ...}})")
    def map_chat_completions(
        self,
        requests: "Iterable[RequestLike] | AsyncIterable[RequestLike]",
        *,
        concurrency: int = 32,
        ordered: bool = True,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        max_failures: int | None = None,
        system: str | None = None,
        **chat_options: "Unpack[ChatOptions]",
    ) -> "AsyncBatchItems":
        """Answer many prompts, some at a time, each item as it ends.

        The input is read as the items are taken: at most twice `concurrency` are held. One rate limit holds for all:
        when the server refuses a call (429, or 503 with Retry-After), none starts before its time, and the call is
        repeated. Leaving the loop ends the calls in flight; `deadline()` around it bounds it all.

        Args:
            requests: Prompts, or mappings of `create_chat_completion`'s arguments, with an optional `id`; in place of
                `messages` such a mapping may have a `prompt`, and a `system` message.
            concurrency: The most calls in flight.
            ordered: Whether the items come in the order of the requests; else as they end.
            requests_per_minute: The most requests a minute; None means as many as the server takes.
            tokens_per_minute: The most tokens a minute, read and written.
            max_failures: How many items may fail; the next one ends the loop with its error. None means any number.
            system: The system message of prompts, and of conversations that have none. A prompt that has neither this
                nor an assistant gets a neutral one, since the server wants one of them.
            chat_options: `assistant_id`, `temperature`, `max_tokens`, `enable_thinking` and `tools` for the requests
                that do not say otherwise.

        Returns:
            An iterator of `pixigpt.bulk.BatchItem`. An item's failure is its `error`.

        Raises:
            AuthenticationError, PermissionDeniedError: The key is wrong, or lacks permission; raised by the loop.
            DeadlineExceededError: A `deadline()` block ended; raised by the loop.
            ValueError, TypeError: An argument is bad, raised at once; or a request, raised by the loop.

        Example:
            >>> prompts = ["Hello!", "Goodbye!"]
            >>> async for item in client.map_chat_completions(prompts, assistant_id=assistant_id):
            ...     print(item.index, item.text if item.error is None else item.error)
            0 You said: Hello!
            1 You said: Goodbye!
        """
        from pixigpt.bulk._items import chat_plan
        from pixigpt.bulk._plan import Speed
        from pixigpt.bulk._tasks import AsyncItems

        speed = Speed(concurrency, requests_per_minute, tokens_per_minute, max_failures)
        plan = chat_plan({**chat_options, "system": system}, speed, self._settings.total_timeout, is_ordered=ordered)
        return AsyncItems(self, requests, plan)

    def map_embeddings(
        self,
        texts: "Iterable[str] | AsyncIterable[str]",
        *,
        batch_size: int = 64,
        concurrency: int = 8,
        model: str | None = None,
    ) -> "AsyncVectors":
        """Turn many texts into vectors, `batch_size` of them with a call, some calls at a time.

        Args:
            texts: The texts, read as the vectors are taken.
            batch_size: How many texts go into a call.
            concurrency: The most calls in flight.
            model: A model's name, which the server ignores.

        Returns:
            An iterator of the vectors, in the order of the texts.

        Raises:
            PixiGPTError: A call failed; raised by the loop in place of its first vector.
            ValueError, TypeError: An argument is bad, raised at once; or a text, raised by the loop.

        Example:
            >>> [len(vector) async for vector in client.map_embeddings(["A cat.", "A dog."])]
            [1024, 1024]
        """
        from pixigpt.bulk._plan import Speed
        from pixigpt.bulk._tasks import AsyncItems, AsyncVectors
        from pixigpt.bulk._vectors import async_batches, vector_plan

        plan = vector_plan(Speed(concurrency), self._settings.total_timeout, model, batch_size)
        return AsyncVectors(AsyncItems(self, async_batches(texts, batch_size), plan))

    @explain(CHAT_ARGUMENTS, "if the server knows it, use client.with_options(extra_body={{{name!r}: ...}})")
    async def run_batch(
        self,
        input: "str | PathLike[str]",
        output: "str | PathLike[str]",
        *,
        prompt_column: str | None = None,
        id_column: str | None = None,
        template: str | None = None,
        system: str | None = None,
        concurrency: int = 32,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        max_failures: int | None = None,
        resume: bool = True,
        price: tuple[float, float] | None = None,
        progress: bool = False,
        on_progress: "Callable[[BatchProgress], object] | None" = None,
        **chat_options: "Unpack[ChatOptions]",
    ) -> "BatchSummary":
        """Answer the prompts of a file, into a file that is the checkpoint: started again, it goes on where it was.

        The input is JSONL, a prompt or a conversation a line, each with its `id`: `{"id", "prompt"}`,
        `create_chat_completion`'s arguments, or the lines of OpenAI's batches; or it is CSV or Parquet. The output is
        JSONL: a header, then `{"id", "index", "response" or "error", "usage"}` for each item as it ends.

        A batch that was interrupted, by whatever, is started again in the same way: what the output has is skipped,
        failures are repeated. An item's Idempotency-Key is made of its id, so the server does nothing twice.

        The first Ctrl-C lets the calls in flight finish, for at most 10 seconds, and the summary is returned; the
        second stops.

        Args:
            input: A file that ends in .jsonl, .csv or .parquet (`pip install "pixigpt[parquet]"`).
            output: The file to write, or to go on with.
            prompt_column: The column that holds the prompt; by default "prompt".
            id_column: The column that holds the id; by default "id" in JSONL, else the row's number, from 0.
            template: The prompt made of columns, such as "Translate into French: {text}".
            system: The system message of prompts, and of conversations that have none.
            concurrency: The most calls in flight.
            requests_per_minute: The most requests a minute; None means as many as the server takes.
            tokens_per_minute: The most tokens a minute, read and written.
            max_failures: How many items may fail; the next one ends the batch with its error. None means any number.
            resume: Whether to go on with an output that exists; False refuses it.
            price: What a million tokens cost, read and written, for the summary's `cost`.
            progress: Whether to show a progress bar on stderr, where rich is installed.
            on_progress: Called with a `pixigpt.bulk.BatchProgress` at the start and after each item.
            chat_options: `assistant_id`, `temperature`, `max_tokens`, `enable_thinking` and `tools` for the rows that
                do not say otherwise.

        Returns:
            How many items are done, have failed, were skipped; the tokens used, and what they cost.

        Raises:
            AuthenticationError, PermissionDeniedError: The key is wrong, or lacks permission.
            DeadlineExceededError: A `deadline()` block ended.
            ValueError, TypeError: An argument or a row is bad, or the output is another batch's; nothing was sent.
            FileExistsError: `resume` is False, and the output exists.
            RuntimeError: Another process is writing to the output.
            OSError: A file cannot be read or written.

        Example:
            >>> from pathlib import Path
            >>> written = Path("prompts.jsonl").write_text('{"id": "a", "prompt": "Hello!"}')
            >>> summary = await client.run_batch("prompts.jsonl", "answers.jsonl", assistant_id=assistant_id)
            >>> summary.total, summary.done, summary.failed, summary.skipped
            (1, 1, 0, 0)
        """
        from pixigpt.bulk._async_run import run
        from pixigpt.bulk._batch import Batch
        from pixigpt.bulk._batch_arguments import BatchArguments
        from pixigpt.bulk._plan import Speed

        callback("on_progress", on_progress, may_be_async=True)
        arguments = BatchArguments(
            prompt_column=prompt_column,
            id_column=id_column,
            template=template,
            price=price,
            chat_options={**chat_options, "system": system},
            extra_body=self._settings.extra_body,
        )
        batch = Batch(input, output, arguments=arguments)
        speed = Speed(concurrency, requests_per_minute, tokens_per_minute, max_failures)
        plan = batch.plan(speed, self._settings.total_timeout)
        return await run(self, batch, plan, resume=resume, progress=progress, on_progress=on_progress)

    def _chat(self, **arguments: object) -> "Chat":
        from pixigpt.tools._async_chat import Chat

        return Chat(self.create_chat_completion, self.stream_chat_completion, arguments)

    async def _drive(self, flow: "Flow[T]") -> T:
        from pixigpt._async_driver import CallDriver, drive  # on first use: anyio is slow to import

        return await drive(flow, CallDriver(self._transport, self._settings).perform)

"""The PixiGPT service in memory: one method per operation of the contract, on the contract's own objects."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from pixigpt.testing._attachments import attach
from pixigpt.testing._chunks import chunks_of
from pixigpt.testing._contract import schema_violation
from pixigpt.testing._encoding import in_base64
from pixigpt.testing._errors import ServiceError
from pixigpt.testing._model import Reply, reply, usage
from pixigpt.testing._paging import Page
from pixigpt.testing._replies import PlannedReply
from pixigpt.testing._semantics import category, likeness, vector, words, words_of_url
from pixigpt.testing._store import Store, StoredRun, StoredThread
from pixigpt_api.models import (
    AnalyzeImageRequest,
    AnalyzeVideoRequest,
    Assistant,
    AssistantList,
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ContentBlock,
    CreateAssistantRequest,
    CreateChatCompletionRequest,
    CreateEmbeddingRequest,
    CreateMessageRequest,
    CreateMessagesBulkRequest,
    CreateRunRequest,
    CreateThreadRequest,
    EmbeddingList,
    EmbeddingUsage,
    EmbeddingVector,
    ImageRequest,
    Message,
    ModerateMediaRequest,
    ModerateTextRequest,
    Moderation,
    RankedDocument,
    RerankRequest,
    RerankResult,
    RerankUsage,
    Role,
    Run,
    RunStatus,
    TextContent,
    Thread,
    ThreadList,
    ThreadMessage,
    ThreadMessageList,
    ThreadMetadata,
    UpdateAssistantRequest,
    VisionResult,
)

MODEL = "pixi-local"
_ENDINGS: tuple[tuple[str, RunStatus], ...] = (("/fail", "failed"), ("/cancel", "cancelled"), ("/expire", "expired"))
_ALL = Page()
_Take = Callable[[], PlannedReply | None]
_MESSAGES_IN_A_PAGE = 20


def _no_reply() -> PlannedReply | None:
    return None


class Service:
    """Threads, runs and assistants; the methods' names are the contract's operationIds.

    A method returns one of the contract's objects, its JSON, a stream's chunks, None for a response without a body, or
    the planned reply that is the whole response. What a test wants said is taken from `take` once the request is known
    to be valid.
    """

    def __init__(self, run_seconds: float, max_stored: int) -> None:
        self._run_seconds = run_seconds
        self._max_stored = max_stored
        self.reset()

    def reset(self) -> None:
        """Begin again, with one assistant."""
        self._store = Store(self._max_stored)
        request = CreateAssistantRequest(name="Pixi", instructions="You are a helpful assistant.")
        self.default_assistant = self.create_assistant(request)

    def create_chat_completion(
        self, body: CreateChatCompletionRequest, take: _Take = _no_reply
    ) -> ChatCompletion | list[ChatCompletionChunk] | PlannedReply:
        if body.assistant_id is not None:
            instructions = self.get_assistant(body.assistant_id).instructions
        elif body.messages[0].role == "system":
            instructions = ""
        else:
            raise ServiceError(400, "Without assistant_id, the first message must be a system message.")
        planned = take()
        if planned is not None and planned.is_whole_response:
            return planned
        said = planned.said(body.messages, instructions) if planned else _chat_reply(body, instructions)
        completion = self._completion(said)
        if not body.stream:
            return completion
        include_usage = bool(body.stream_options and body.stream_options.include_usage)
        return list(chunks_of(completion, include_usage=include_usage))

    def _completion(self, said: Reply) -> ChatCompletion:
        message = Message(role="assistant", content=said.content, tool_calls=said.tool_calls)
        if said.content is None:
            message.additional_properties["content"] = None  # OpenAI's API says null; the generated class leaves it out
        choice = Choice(index=0, message=message, finish_reason=said.finish_reason, reasoning_content=said.reasoning)
        return ChatCompletion(
            id=self._store.new_id("chatcmpl"),
            object_="chat.completion",
            created=_now(),
            model=MODEL,
            choices=[choice],
            usage=said.usage,
        )

    def create_thread(self, body: CreateThreadRequest) -> Thread:
        """Open a thread; OpenAI's clients may give `messages` and `metadata` with it."""
        given = body.additional_properties
        messages, metadata = _first_messages(given.get("messages")), _metadata(given.get("metadata"))
        self._store.make_room(1 + len(messages))
        thread = Thread(id=self._store.new_id("thread"), object_="thread", created_at=_now(), metadata=metadata)
        self._store.threads[thread.id] = stored = StoredThread(thread)
        self._add_messages(stored, messages)
        return thread

    def list_threads(self, page: Page = _ALL) -> ThreadList:
        return _thread_list([stored.thread for stored in self._store.threads.values()], page)

    def get_thread(self, thread_id: str) -> Thread:
        return self._thread(thread_id).thread

    def delete_thread(self, thread_id: str) -> None:
        self._thread(thread_id)
        self._store.delete_thread(thread_id)

    def create_message(self, thread_id: str, body: CreateMessageRequest) -> ThreadMessage:
        stored = self._thread(thread_id)
        self._store.make_room(1)
        return self._add_messages(stored, [body])[0]

    def create_messages_bulk(self, thread_id: str, body: CreateMessagesBulkRequest) -> ThreadMessageList:
        stored = self._thread(thread_id)
        self._store.make_room(len(body.messages))
        return _message_list(self._add_messages(stored, body.messages))

    def list_messages(self, thread_id: str, page: Page = _ALL) -> ThreadMessageList:
        newest_first = self._thread(thread_id).messages[::-1]
        messages, has_more = page.of(newest_first, default_limit=_MESSAGES_IN_A_PAGE)
        return _message_list(messages, has_more=has_more)

    def create_run(self, thread_id: str, body: CreateRunRequest, take: _Take = _no_reply) -> Run | PlannedReply:
        stored = self._thread(thread_id)
        assistant = self.get_assistant(body.assistant_id)
        planned = take()
        if planned is not None and planned.is_whole_response:
            return planned
        self._store.make_room(2)
        run = Run(
            id=self._store.new_id("run"),
            object_="thread.run",
            created_at=_now(),
            thread_id=thread_id,
            assistant_id=assistant.id,
            status="queued",
            model=MODEL,
        )
        asked = [_chat_message(message) for message in stored.messages]
        said = planned.said(asked, assistant.instructions) if planned else None
        stored.runs[run.id] = StoredRun(run, asked, assistant, body, time.monotonic(), said)
        return run

    def get_run(self, thread_id: str, run_id: str) -> Run:
        runs = self._thread(thread_id).runs
        if run_id not in runs:
            raise ServiceError(404, f"There is no run {run_id}.", code="not_found")
        return runs[run_id].run

    def list_assistants(self, page: Page = _ALL) -> AssistantList:
        assistants, has_more = page.of(list(self._store.assistants.values()))
        found = AssistantList(object_="list", data=assistants)
        found.additional_properties["has_more"] = has_more
        return found

    def create_assistant(self, body: CreateAssistantRequest) -> Assistant:
        self._store.make_room(1)
        assistant = _assistant(self._store.new_id("asst"), _now(), body)
        self._store.assistants[assistant.id] = assistant
        return assistant

    def get_assistant(self, assistant_id: str) -> Assistant:
        return self._store.assistant(assistant_id)

    def update_assistant(self, assistant_id: str, body: UpdateAssistantRequest) -> Assistant:
        old = self.get_assistant(assistant_id)
        self._store.assistants[assistant_id] = _assistant(assistant_id, old.created_at, body)
        return self._store.assistants[assistant_id]

    def delete_assistant(self, assistant_id: str) -> None:
        self._store.delete_assistant(assistant_id)

    def list_assistant_threads(self, assistant_id: str, page: Page = _ALL) -> ThreadList:
        self.get_assistant(assistant_id)
        threads = self._store.threads.values()
        return _thread_list([stored.thread for stored in threads if stored.has_run_of(assistant_id)], page)

    def analyze_image(self, body: AnalyzeImageRequest) -> VisionResult:
        return _vision("an image", body.image_url, body.user_prompt)

    def analyze_image_for_tags(self, body: ImageRequest) -> VisionResult:
        return _seen(body.image_url, ", ".join(words_of_url(body.image_url)))

    def extract_text(self, body: ImageRequest) -> VisionResult:
        return _seen(body.image_url, " ".join(words_of_url(body.image_url)))

    def analyze_video(self, body: AnalyzeVideoRequest) -> VisionResult:
        return _vision("a video", body.video_url, body.user_prompt)

    def moderate_text(self, body: ModerateTextRequest) -> Moderation:
        return _moderation(words(body.prompt))

    def moderate_media(self, body: ModerateMediaRequest) -> Moderation:
        return _moderation(words_of_url(body.media_url))

    def create_embedding(self, body: CreateEmbeddingRequest) -> EmbeddingList | dict[str, Any]:
        texts = [body.input_] if isinstance(body.input_, str) else body.input_
        vectors = [
            EmbeddingVector(object_="embedding", embedding=vector(text), index=index)
            for index, text in enumerate(texts)
        ]
        tokens = sum(len(words(text)) for text in texts)
        found = EmbeddingList(
            object_="list", data=vectors, usage=EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens)
        )
        return in_base64(found) if body.additional_properties.get("encoding_format") == "base64" else found

    def rerank(self, body: RerankRequest) -> RerankResult:
        wanted = vector(body.query)
        found = [
            RankedDocument(index=index, document=document, relevance_score=likeness(wanted, vector(document)))
            for index, document in enumerate(body.documents)
        ]
        best_first = sorted(found, key=lambda each: -each.relevance_score)
        tokens = sum(len(words(text)) for text in (body.query, *body.documents))
        return RerankResult(object_="list", results=best_first[: body.top_k], usage=RerankUsage(total_tokens=tokens))

    def _add_messages(self, stored: StoredThread, given: Sequence[CreateMessageRequest]) -> list[ThreadMessage]:
        """Add messages that room was made for."""
        added = [self._message(stored.thread.id, message.role, message.content) for message in given]
        stored.messages += added
        return added

    def _message(self, thread_id: str, role: Role, text: str, reasoning: str | None = None) -> ThreadMessage:
        return ThreadMessage(
            id=self._store.new_id("msg"),
            object_="thread.message",
            created_at=_now(),
            thread_id=thread_id,
            role=role,
            content=[ContentBlock(type_="text", text=TextContent(value=text, annotations=[]))],
            reasoning_content=reasoning,
        )

    def _thread(self, thread_id: str) -> StoredThread:
        """Return a thread, with its runs brought up to date."""
        stored = self._store.thread(thread_id)
        for run in stored.runs.values():
            self._advance(stored, run)
        return stored

    def _advance(self, thread: StoredThread, stored: StoredRun) -> None:
        run, age = stored.run, time.monotonic() - stored.started
        if run.status not in ("queued", "in_progress") or age < self._run_seconds / 4:
            return
        run.status = "in_progress"
        if age >= self._run_seconds:
            self._finish(thread, stored)

    def _finish(self, thread: StoredThread, stored: StoredRun) -> None:
        run = stored.run
        run.status = "completed" if stored.planned else _ending(stored.asked)
        if run.status != "completed":
            self._store.give_back(1)
            return
        said = stored.planned or _run_reply(stored)
        run.message = self._message(run.thread_id, "assistant", said.content or "", said.reasoning)
        if stored.assistant.tools_config is None:
            attach(run.message, _last_said(stored.asked), self._store.new_id)
        thread.messages.append(run.message)


def _now() -> int:
    return int(time.time())


def _vision(kind: str, url: str, question: str | None) -> VisionResult:
    seen = f"{kind} of {' '.join(words_of_url(url))}"
    return _seen(url, f"You asked about {seen}: {question}" if question else f"{seen.capitalize()}.")


def _seen(url: str, result: str) -> VisionResult:
    return VisionResult(result=result, usage=usage(len(words_of_url(url)), len(words(result))))


def _moderation(said: list[str]) -> Moderation:
    name, score = category(said)
    return Moderation(category=name, score=score, usage=usage(len(said), 1))


def _chat_reply(body: CreateChatCompletionRequest, instructions: str) -> Reply:
    thinking = body.enable_thinking is not False
    try:
        return reply(body.messages, instructions, thinking=thinking, tools=body.tools, max_tokens=body.max_tokens)
    except ValueError as cause:
        raise ServiceError(400, f"No arguments can be made for the tool: {cause}.") from cause


def _run_reply(stored: StoredRun) -> Reply:
    request, instructions = stored.request, stored.assistant.instructions
    thinking = request.enable_thinking is not False
    return reply(stored.asked, instructions, thinking=thinking, max_tokens=request.max_tokens)


def _ending(asked: list[Message]) -> RunStatus:
    for command, status in _ENDINGS:
        if _last_said(asked).startswith(command):
            return status
    return "completed"


def _last_said(asked: list[Message]) -> str:
    return (asked[-1].content or "") if asked else ""


def _chat_message(message: ThreadMessage) -> Message:
    return Message(role=message.role, content="".join(block.text.value for block in message.content))


def _message_list(messages: list[ThreadMessage], *, has_more: bool = False) -> ThreadMessageList:
    first, last = (messages[0].id, messages[-1].id) if messages else (None, None)
    return ThreadMessageList(object_="list", data=messages, first_id=first, last_id=last, has_more=has_more)


def _thread_list(threads: list[Thread], page: Page) -> ThreadList:
    threads, has_more = page.of(threads)
    found = ThreadList(object_="list", data=threads)
    found.additional_properties["has_more"] = has_more
    return found


def _first_messages(given: object) -> list[CreateMessageRequest]:
    """Return the messages that a new thread is to have; raise ServiceError if they violate the contract."""
    if not given:
        return []
    if found := schema_violation("CreateMessagesBulkRequest", {"messages": given}):
        raise ServiceError(400, found)
    return CreateMessagesBulkRequest.from_dict({"messages": given}).messages


def _metadata(given: Any) -> ThreadMetadata | None:  # noqa: ANN401 - whatever JSON can hold
    if given is None:
        return None
    if found := schema_violation("ThreadMetadata", given):
        raise ServiceError(400, f"metadata: {found}")
    return ThreadMetadata.from_dict(given)


def _assistant(assistant_id: str, created_at: int, body: CreateAssistantRequest | UpdateAssistantRequest) -> Assistant:
    return Assistant(
        id=assistant_id,
        object_="assistant",
        created_at=created_at,
        name=body.name,
        instructions=body.instructions,
        tools_config=body.tools_config,
    )

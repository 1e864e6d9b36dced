"""The PixiGPT service: one method per operation of the contract, on the contract's own objects."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from pixigpt.testing._chunks import ChunkMaker, deltas_of
from pixigpt.testing._contract import schema_violation
from pixigpt.testing._encoding import in_base64
from pixigpt.testing._errors import ServiceError
from pixigpt.testing._messages import chat_message, thread_message
from pixigpt.testing._model import Deltas, Finish, LanguageModel, Question, Reply
from pixigpt.testing._paging import Page
from pixigpt.testing._replies import PlannedReply
from pixigpt.testing._rule import usage
from pixigpt.testing._runs import Job, Runs
from pixigpt.testing._semantics import category, likeness, vector, words, words_of_url
from pixigpt.testing._store import Store
from pixigpt_api.models import (
    AnalyzeImageRequest,
    AnalyzeVideoRequest,
    Assistant,
    AssistantList,
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChunkDelta,
    CreateAssistantRequest,
    CreateChatCompletionRequest,
    CreateEmbeddingRequest,
    CreateMessageRequest,
    CreateMessagesBulkRequest,
    CreateRunRequest,
    CreateThreadRequest,
    EmbeddingList,
    ImageRequest,
    Message,
    ModerateMediaRequest,
    ModerateTextRequest,
    Moderation,
    RankedDocument,
    RerankRequest,
    RerankResult,
    RerankUsage,
    Run,
    StreamOptions,
    Thread,
    ThreadList,
    ThreadMessage,
    ThreadMessageList,
    ThreadMetadata,
    UpdateAssistantRequest,
    VisionResult,
)

_ALL = Page()
_Take = Callable[[], PlannedReply | None]
_Chunks = AsyncGenerator[ChatCompletionChunk]
_MESSAGES_IN_A_PAGE = 20


class Service:
    """Threads, runs and assistants; the methods' names are the contract's operationIds.

    A method returns one of the contract's objects, its JSON, a stream's chunks, None for a response without a body, or
    the planned reply that is the whole response. What a test wants said is taken from `take` once the request is known
    to be valid. A method that waits for the model is async; all others are done at once, in one transaction.
    """

    def __init__(self, store: Store, model: LanguageModel, runs: Runs) -> None:
        self._store = store
        self._model = model
        self._runs = runs

    def begin(self) -> None:
        """Open the store, with one assistant if it is new."""
        if self._store.open():
            with self._store.transaction():
                self.create_assistant(CreateAssistantRequest(name="Pixi", instructions="You are a helpful assistant."))
        self._runs.fail_cut_ones()

    def reset(self) -> None:
        """Begin again, with one assistant."""
        self._runs.cancel()
        self._store.open()
        self._store.clear()
        self.begin()

    async def create_chat_completion(
        self, body: CreateChatCompletionRequest, take: _Take
    ) -> ChatCompletion | list[ChatCompletionChunk] | _Chunks | PlannedReply:
        question = self._question(body)
        planned = take()
        if planned is not None and planned.is_whole_response:
            return planned
        said = planned.said(question.messages, question.instructions) if planned else None
        if body.stream:
            pieces = self._model.stream(question) if said is None else list(deltas_of(said))
            return self._streamed(pieces, body.stream_options)
        return self._completion(said or await self._model.reply(question))

    def _question(self, body: CreateChatCompletionRequest) -> Question:
        if body.assistant_id is not None:
            instructions = self.get_assistant(body.assistant_id).instructions
        elif body.messages[0].role == "system":
            instructions = ""
        else:
            raise ServiceError(400, "Without assistant_id, the first message must be a system message.")
        return Question(
            messages=body.messages,
            instructions=instructions,
            thinking=body.enable_thinking is not False,
            tools=body.tools,
            temperature=body.temperature,
            max_tokens=body.max_tokens,
            options=body.additional_properties,
        )

    def _streamed(
        self, pieces: list[ChunkDelta | Finish] | Deltas, options: StreamOptions | None
    ) -> list[ChatCompletionChunk] | _Chunks:
        include_usage = bool(options and options.include_usage)
        maker = ChunkMaker(self._store.new_id("chatcmpl"), _now(), self._model, include_usage)
        if isinstance(pieces, list):
            return [chunk for piece in pieces for chunk in maker.chunks(piece)]
        return _live_chunks(maker, pieces)

    def _completion(self, said: Reply) -> ChatCompletion:
        message = Message(role="assistant", content=said.content, tool_calls=said.tool_calls)
        if said.content is None:
            message.additional_properties["content"] = None  # OpenAI's API says null; the generated class leaves it out
        choice = Choice(index=0, message=message, finish_reason=said.finish_reason, reasoning_content=said.reasoning)
        return ChatCompletion(
            id=self._store.new_id("chatcmpl"),
            object_="chat.completion",
            created=_now(),
            model=self._model.name,
            choices=[choice],
            usage=said.usage,
        )

    def create_thread(self, body: CreateThreadRequest) -> Thread:
        """Open a thread; OpenAI's clients may give `messages` and `metadata` with it."""
        given = body.additional_properties
        messages, metadata = _first_messages(given.get("messages")), _metadata(given.get("metadata"))
        self._store.make_room(1)
        thread = Thread(id=self._store.new_id("thread"), object_="thread", created_at=_now(), metadata=metadata)
        self._store.put(thread)
        self._add_messages(thread.id, messages)
        return thread

    def list_threads(self, page: Page = _ALL) -> ThreadList:
        return _thread_list(*self._store.page(Thread, page))

    def get_thread(self, thread_id: str) -> Thread:
        return self._store.get(Thread, thread_id)

    def delete_thread(self, thread_id: str) -> None:
        self.get_thread(thread_id)
        self._runs.cancel(self._store.delete_thread(thread_id))

    def create_message(self, thread_id: str, body: CreateMessageRequest) -> ThreadMessage:
        self.get_thread(thread_id)
        return self._add_messages(thread_id, [body])[0]

    def create_messages_bulk(self, thread_id: str, body: CreateMessagesBulkRequest) -> ThreadMessageList:
        self.get_thread(thread_id)
        return _message_list(self._add_messages(thread_id, body.messages))

    def list_messages(self, thread_id: str, page: Page = _ALL) -> ThreadMessageList:
        self.get_thread(thread_id)
        messages, has_more = self._store.page(
            ThreadMessage, page, thread_id=thread_id, default_limit=_MESSAGES_IN_A_PAGE
        )
        return _message_list(messages, has_more=has_more)

    def create_run(self, thread_id: str, body: CreateRunRequest, take: _Take) -> Run | PlannedReply:
        self.get_thread(thread_id)
        assistant = self.get_assistant(body.assistant_id)
        planned = take()
        if planned is not None and planned.is_whole_response:
            return planned
        run = self._new_run(thread_id, assistant.id)
        question = Question(
            messages=[chat_message(message) for message in self._store.all_messages(thread_id)],
            instructions=assistant.instructions,
            thinking=body.enable_thinking is not False,
            temperature=body.temperature,
            max_tokens=body.max_tokens,
        )
        has_tools = self._model.is_rule and assistant.tools_config is None
        self._runs.start(Job(Run.from_dict(run.to_dict()), question, planned, has_tools))
        return run

    def _new_run(self, thread_id: str, assistant_id: str) -> Run:
        self._store.make_room(2)  # one more for its message
        run = Run(
            id=self._store.new_id("run"),
            object_="thread.run",
            created_at=_now(),
            thread_id=thread_id,
            assistant_id=assistant_id,
            status="queued",
            model=self._model.name,
        )
        self._store.put(run)
        return run

    def get_run(self, thread_id: str, run_id: str) -> Run:
        self.get_thread(thread_id)
        return self._store.get(Run, run_id, thread_id)

    def list_assistants(self, page: Page = _ALL) -> AssistantList:
        assistants, has_more = self._store.page(Assistant, page)
        found = AssistantList(object_="list", data=assistants)
        found.additional_properties["has_more"] = has_more
        return found

    def create_assistant(self, body: CreateAssistantRequest) -> Assistant:
        self._store.make_room(1)
        assistant = _assistant(self._store.new_id("asst"), _now(), body)
        self._store.put(assistant)
        return assistant

    def get_assistant(self, assistant_id: str) -> Assistant:
        return self._store.get(Assistant, assistant_id)

    def update_assistant(self, assistant_id: str, body: UpdateAssistantRequest) -> Assistant:
        assistant = _assistant(assistant_id, self.get_assistant(assistant_id).created_at, body)
        self._store.put(assistant)
        return assistant

    def delete_assistant(self, assistant_id: str) -> None:
        self._store.delete_assistant(self.get_assistant(assistant_id).id)

    def list_assistant_threads(self, assistant_id: str, page: Page = _ALL) -> ThreadList:
        self.get_assistant(assistant_id)
        return _thread_list(*self._store.page(Thread, page, assistant_id=assistant_id))

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

    async def create_embedding(self, body: CreateEmbeddingRequest) -> EmbeddingList | dict[str, Any]:
        found = await self._model.embed(body)
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

    def _add_messages(self, thread_id: str, given: Sequence[CreateMessageRequest]) -> list[ThreadMessage]:
        self._store.make_room(len(given))
        added = [thread_message(self._store.new_id, thread_id, each.role, each.content) for each in given]
        for message in added:
            self._store.put(message)
        return added


async def _live_chunks(maker: ChunkMaker, pieces: Deltas) -> _Chunks:
    async with aclosing(pieces):
        async for piece in pieces:
            for chunk in maker.chunks(piece):
                yield chunk


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


def _message_list(messages: list[ThreadMessage], *, has_more: bool = False) -> ThreadMessageList:
    first, last = (messages[0].id, messages[-1].id) if messages else (None, None)
    return ThreadMessageList(object_="list", data=messages, first_id=first, last_id=last, has_more=has_more)


def _thread_list(threads: list[Thread], has_more: bool) -> ThreadList:
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


def _metadata(given: Any) -> ThreadMetadata | None:  # noqa: ANN401  # whatever JSON can hold
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

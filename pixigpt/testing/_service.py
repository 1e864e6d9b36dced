"""The PixiGPT service in memory: one method per operation of the contract, on the contract's own objects."""

import itertools
import time
from collections.abc import Iterator

from attrs import define, field

from pixigpt.testing._model import Reply, reply, usage
from pixigpt.testing._semantics import category, likeness, vector, words, words_of_url
from pixigpt_api.models import (
    AnalyzeImageRequest,
    AnalyzeVideoRequest,
    Assistant,
    AssistantList,
    ChatCompletion,
    Choice,
    CodeExecution,
    ContentBlock,
    CreateAssistantRequest,
    CreateChatCompletionRequest,
    CreateEmbeddingRequest,
    CreateMessageRequest,
    CreateMessagesBulkRequest,
    CreateRunRequest,
    EmbeddingList,
    EmbeddingUsage,
    EmbeddingVector,
    ImageRequest,
    Media,
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
    Source,
    TextContent,
    Thread,
    ThreadList,
    ThreadMessage,
    ThreadMessageList,
    UpdateAssistantRequest,
    VisionResult,
)

MODEL = "pixi-local"
_ENDINGS: tuple[tuple[str, RunStatus], ...] = (("/fail", "failed"), ("/cancel", "cancelled"), ("/expire", "expired"))


class ServiceError(Exception):
    """A request that the service refuses."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@define
class _StoredRun:
    run: Run
    asked: list[Message]
    assistant: Assistant
    request: CreateRunRequest
    started: float


@define
class _StoredThread:
    thread: Thread
    messages: list[ThreadMessage] = field(factory=list[ThreadMessage])
    runs: dict[str, _StoredRun] = field(factory=dict[str, _StoredRun])


class Service:
    """Threads, runs and assistants; the methods' names are the contract's operationIds."""

    def __init__(self, run_seconds: float) -> None:
        self._run_seconds = run_seconds
        self.reset()

    def reset(self) -> None:
        """Begin again, with one assistant."""
        self._numbers: Iterator[int] = itertools.count(1)
        self._threads: dict[str, _StoredThread] = {}
        self._assistants: dict[str, Assistant] = {}
        self.default_assistant = self.create_assistant(CreateAssistantRequest("Pixi", "You are a helpful assistant."))

    def create_chat_completion(self, body: CreateChatCompletionRequest) -> ChatCompletion:
        if body.assistant_id is not None:
            instructions = self.get_assistant(body.assistant_id).instructions
        elif body.messages[0].role == "system":
            instructions = ""
        else:
            raise ServiceError(400, "Without assistant_id, the first message must be a system message.")
        answer = _chat_reply(body, instructions)
        message = Message(role="assistant", content=answer.content, tool_calls=answer.tool_calls)
        if answer.content is None:
            message["content"] = None  # OpenAI's API says null; the generated class would leave it out
        choice = Choice(0, message, answer.finish_reason, reasoning_content=answer.reasoning)
        return ChatCompletion(self._id("chatcmpl"), "chat.completion", _now(), MODEL, [choice], answer.usage)

    def create_thread(self) -> Thread:
        thread = Thread(self._id("thread"), "thread", _now())
        self._threads[thread.id] = _StoredThread(thread)
        return thread

    def list_threads(self) -> ThreadList:
        return ThreadList("list", [stored.thread for stored in self._threads.values()])

    def get_thread(self, thread_id: str) -> Thread:
        return self._thread(thread_id).thread

    def delete_thread(self, thread_id: str) -> None:
        del self._threads[self._thread(thread_id).thread.id]

    def create_message(self, thread_id: str, body: CreateMessageRequest) -> ThreadMessage:
        stored = self._thread(thread_id)
        message = self._message(thread_id, body.role, body.content)
        stored.messages.append(message)
        return message

    def create_messages_bulk(self, thread_id: str, body: CreateMessagesBulkRequest) -> ThreadMessageList:
        return _message_list([self.create_message(thread_id, message) for message in body.messages])

    def list_messages(self, thread_id: str, limit: int = 20) -> ThreadMessageList:
        newest_first = self._thread(thread_id).messages[::-1]
        return _message_list(newest_first[:limit], has_more=len(newest_first) > limit)

    def create_run(self, thread_id: str, body: CreateRunRequest) -> Run:
        stored = self._thread(thread_id)
        assistant = self.get_assistant(body.assistant_id)
        run = Run(self._id("run"), "thread.run", _now(), thread_id, assistant.id, "queued", MODEL)
        asked = [_chat_message(message) for message in stored.messages]
        stored.runs[run.id] = _StoredRun(run, asked, assistant, body, time.monotonic())
        return run

    def get_run(self, thread_id: str, run_id: str) -> Run:
        runs = self._thread(thread_id).runs
        if run_id not in runs:
            raise ServiceError(404, f"There is no run {run_id}.", code="not_found")
        return runs[run_id].run

    def list_assistants(self) -> AssistantList:
        return AssistantList("list", list(self._assistants.values()))

    def create_assistant(self, body: CreateAssistantRequest) -> Assistant:
        assistant = _assistant(self._id("asst"), _now(), body)
        self._assistants[assistant.id] = assistant
        return assistant

    def get_assistant(self, assistant_id: str) -> Assistant:
        if assistant_id not in self._assistants:
            raise ServiceError(404, f"There is no assistant {assistant_id}.", code="not_found")
        return self._assistants[assistant_id]

    def update_assistant(self, assistant_id: str, body: UpdateAssistantRequest) -> Assistant:
        old = self.get_assistant(assistant_id)
        self._assistants[assistant_id] = _assistant(assistant_id, old.created_at, body)
        return self._assistants[assistant_id]

    def delete_assistant(self, assistant_id: str) -> None:
        del self._assistants[self.get_assistant(assistant_id).id]

    def list_assistant_threads(self, assistant_id: str, limit: int | None = None) -> ThreadList:
        self.get_assistant(assistant_id)
        threads = [stored.thread for stored in self._threads.values() if _has_run_of(stored, assistant_id)]
        return ThreadList("list", threads[:limit])

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

    def create_embedding(self, body: CreateEmbeddingRequest) -> EmbeddingList:
        texts = [body.input_] if isinstance(body.input_, str) else body.input_
        vectors = [EmbeddingVector("embedding", vector(text), index) for index, text in enumerate(texts)]
        tokens = sum(len(words(text)) for text in texts)
        return EmbeddingList("list", vectors, EmbeddingUsage(tokens, tokens))

    def rerank(self, body: RerankRequest) -> RerankResult:
        wanted = vector(body.query)
        found = [
            RankedDocument(index, document, likeness(wanted, vector(document)))
            for index, document in enumerate(body.documents)
        ]
        best_first = sorted(found, key=lambda each: -each.relevance_score)
        tokens = sum(len(words(text)) for text in (body.query, *body.documents))
        return RerankResult("list", best_first[: body.top_k], RerankUsage(tokens))

    def _id(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    def _message(self, thread_id: str, role: Role, text: str, reasoning: str | None = None) -> ThreadMessage:
        content = [ContentBlock("text", TextContent(text, []))]
        return ThreadMessage(
            self._id("msg"), "thread.message", _now(), thread_id, role, content, reasoning_content=reasoning
        )

    def _thread(self, thread_id: str) -> _StoredThread:
        """Return a thread, with its runs brought up to date."""
        if thread_id not in self._threads:
            raise ServiceError(404, f"There is no thread {thread_id}.", code="not_found")
        stored = self._threads[thread_id]
        for run in stored.runs.values():
            self._advance(stored, run)
        return stored

    def _advance(self, thread: _StoredThread, stored: _StoredRun) -> None:
        run, age = stored.run, time.monotonic() - stored.started
        if run.status not in ("queued", "in_progress") or age < self._run_seconds / 4:
            return
        run.status = "in_progress"
        if age >= self._run_seconds:
            self._finish(thread, stored)

    def _finish(self, thread: _StoredThread, stored: _StoredRun) -> None:
        run, request = stored.run, stored.request
        run.status = _ending(stored.asked)
        if run.status == "completed":
            thinking = request.enable_thinking is not False
            instructions = stored.assistant.instructions
            answer = reply(stored.asked, instructions, thinking=thinking, max_tokens=request.max_tokens)
            run.message = self._message(run.thread_id, "assistant", answer.content or "", answer.reasoning)
            if stored.assistant.tools_config is None:
                self._attach(run.message, _last_said(stored.asked))
            thread.messages.append(run.message)

    def _attach(self, message: ThreadMessage, said: str) -> None:
        """Return what an assistant's tools found, drew or ran, if the last message asks for it."""
        command, _, wanted = said.partition(" ")
        if command == "/search":
            url = f"https://example.com/{'-'.join(words(wanted))}"
            message.sources = [
                Source(self._id("source"), "WebSearch", title=wanted, url=url, snippet=f"All on {wanted}.")
            ]
        elif command == "/draw":
            name = self._id("media")
            url = f"https://example.com/{name}.png"
            message.media = [Media(name, "DrawImage", "image", url, prompt=wanted, description=wanted)]
        elif command == "/code":
            message.code = [
                CodeExecution(self._id("code"), "python", wanted, stdout="", stderr="", execution_time_ms=1)
            ]


def _now() -> int:
    return int(time.time())


def _vision(kind: str, url: str, question: str | None) -> VisionResult:
    seen = f"{kind} of {' '.join(words_of_url(url))}"
    return _seen(url, f"You asked about {seen}: {question}" if question else f"{seen.capitalize()}.")


def _seen(url: str, result: str) -> VisionResult:
    return VisionResult(result, usage(len(words_of_url(url)), len(words(result))))


def _moderation(said: list[str]) -> Moderation:
    name, score = category(said)
    return Moderation(name, score, usage(len(said), 1))


def _chat_reply(body: CreateChatCompletionRequest, instructions: str) -> Reply:
    thinking = body.enable_thinking is not False
    try:
        return reply(body.messages, instructions, thinking=thinking, tools=body.tools, max_tokens=body.max_tokens)
    except ValueError as cause:
        raise ServiceError(400, f"No arguments can be made for the tool: {cause}.") from cause


def _ending(asked: list[Message]) -> RunStatus:
    for command, status in _ENDINGS:
        if _last_said(asked).startswith(command):
            return status
    return "completed"


def _last_said(asked: list[Message]) -> str:
    return (asked[-1].content or "") if asked else ""


def _chat_message(message: ThreadMessage) -> Message:
    return Message(message.role, "".join(block.text.value for block in message.content))


def _message_list(messages: list[ThreadMessage], *, has_more: bool = False) -> ThreadMessageList:
    first, last = (messages[0].id, messages[-1].id) if messages else (None, None)
    return ThreadMessageList("list", messages, first_id=first, last_id=last, has_more=has_more)


def _assistant(assistant_id: str, created_at: int, body: CreateAssistantRequest | UpdateAssistantRequest) -> Assistant:
    return Assistant(
        assistant_id, "assistant", created_at, body.name, body.instructions, tools_config=body.tools_config
    )


def _has_run_of(stored: _StoredThread, assistant_id: str) -> bool:
    return any(run.run.assistant_id == assistant_id for run in stored.runs.values())

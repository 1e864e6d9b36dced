"""`run_tools`: what runs, what the model is told, what the caller is, and when it ends; over both clients."""

import asyncio
import copy
import json
import pickle
import threading
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, cast

import anyio
import anyio.lowlevel
import attrs
import httpx
import pydantic
import pytest
from support.clients import Connect
from support.tools import QUESTION, completion, violations
from support.waiting import eventually

from pixigpt import (
    AsyncClient,
    ChatCompletion,
    Client,
    DeadlineExceededError,
    IncompleteAnswerError,
    ServerError,
    Thread,
    ToolCall,
    ToolFailedError,
    ToolRoundsError,
    deadline,
)
from pixigpt.testing import LocalServer
from pixigpt.tools import FunctionTool, ToolCallRecord, ToolError, ToolRun, tool
from pixigpt.tools._conversation import Received
from pixigpt.tools._runner import Execute, RunOptions, ToolLoop

Run = Callable[..., ToolRun]


def weather(city: str, unit: Literal["c", "f"] = "c") -> str:
    """The weather now.

    Args:
        city: The city's name.
    """
    return f"18 {unit} in {city}"


def fails(city: str) -> str:
    raise KeyError(city)


def tells(city: str) -> str:
    raise ToolError(f"no {city}")


@pytest.fixture
def one() -> Run:
    """Run one answer with one call, on a sync client without a socket: for what is decided without I/O."""

    def run_tools(call: tuple[str, Any], tools: Any, **options: Any) -> ToolRun:
        name, arguments = call
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        answers = iter([completion(calls=[("call_1", name, text)]), completion("Done.")])
        transport = httpx.MockTransport(lambda _: httpx.Response(200, text=json.dumps(next(answers))))
        with Client("sk-test", transport=transport) as client:
            return client.run_tools(QUESTION, tools, **options)

    return run_tools


@pytest.fixture
def run(client: Client, server: LocalServer) -> Run:
    def run_tools(*args: Any, **options: Any) -> ToolRun:
        return client.run_tools(QUESTION, *args, assistant_id=server.assistant_id, **options)

    return run_tools


def contents(run: ToolRun) -> list[str | None]:
    return [message.content for message in run.messages if message.role == "tool"]


def plain(run: ToolRun | None) -> list[dict[str, Any]]:
    assert run is not None
    return [message.to_dict() for message in run.messages]


def test_calls_run_until_an_answer_calls_nothing(run: Run, server: LocalServer) -> None:
    server.reply("Let me see.", tool_calls=[("weather", {"city": "Paris"})])
    server.reply(tool_calls=[("weather", {"city": "Rome", "unit": "f"}), ("weather", {"city": "Oslo"})])
    server.reply("Warm.", usage={"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11})
    result = run([weather], temperature=0.5, max_tokens=4000, enable_thinking=False)
    assert (result.text, result.rounds, len(result.calls)) == ("Warm.", 2, 3)
    assert contents(result) == ["18 c in Paris", "18 f in Rome", "18 c in Oslo"]
    sent = [cast("Any", request.body) for request in server.requests]
    assert result.usage.total_tokens > 11
    assert result.completion.usage.total_tokens == 11
    assert [len(each["messages"]) for each in sent] == [1, 3, 6]
    assert {(each["temperature"], each["max_tokens"], each["enable_thinking"]) for each in sent} == {(0.5, 4000, False)}
    assert sent[0]["tools"] == [tool(weather).definition.to_dict()]
    assert violations(plain(result)) == []
    record = result.calls[1]
    assert (record.call.function.name, record.arguments, record.result) == (
        "weather",
        {"city": "Rome", "unit": "f"},
        "18 f in Rome",
    )
    assert (record.error, record.round) == (None, 2)
    assert 0 <= record.elapsed < 5
    assert repr(record) == "ToolCallRecord(weather, result='18 f in Rome', round=2)"
    assert repr(result) == "ToolRun('Warm.', rounds=2, calls=3)"
    assert result._repr_markdown_() == "Warm."


def test_the_conversation_can_go_on(run: Run, client: Client, server: LocalServer) -> None:
    result = run([weather])
    more = client.run_tools([*result.messages, *QUESTION], [weather], assistant_id=server.assistant_id)
    assert (len(more.messages), violations(plain(more))) == (8, [])
    assert QUESTION == [{"role": "user", "content": "Warm in Paris?"}]


def test_without_tools_it_is_a_chat_completion(run: Run, server: LocalServer) -> None:
    assert run([]).text == "You said: Warm in Paris?"
    assert "tools" not in cast("Any", server.requests[-1].body)


TOLD: list[tuple[str, Any, dict[str, Any], str]] = [
    ("weather", {"city": 5}, {}, "The arguments do not fit: Expected `str`, got `int` - at `$.city`"),
    ("weather", {}, {}, "The arguments do not fit: Object missing required field `city`"),
    ("weather", {"city": "A", "days": 2}, {}, "The arguments do not fit: unknown field - at `$.days`"),
    ("weather", {"city": "A", "unit": "k"}, {}, "The arguments do not fit: Invalid enum value 'k' - at `$.unit`"),
    ("weather", '{"city": ', {}, "The arguments are not JSON: Input data was truncated"),
    ("weather", "NaN", {}, "The arguments are not JSON: JSON is malformed: invalid character (byte 0)"),
    ("weather", "[" * 100_000, {}, "The arguments are not JSON: maximum recursion depth exceeded while deserializing"),
    ("weather", '["Paris"]', {}, "The arguments are not a JSON object."),
    ("forecast", {}, {}, "There is no function 'forecast'; there are: weather, fails, tells."),
    ("tells", {"city": "A"}, {}, "no A"),
    ("tells", {"city": "\ud800"}, {}, "The arguments are not JSON:"),
    ("weather", {"city": "A"}, {"approve": lambda call: call.function.name == "x"}, "The call was refused."),
    ("fails", {"city": "A"}, {"report_errors": True}, "KeyError: 'A'"),
    ("tells", {"city": "A"}, {"report_errors": True}, "no A"),
]


@pytest.mark.parametrize(("name", "arguments", "options", "told"), TOLD)
def test_what_the_model_is_told(one: Run, name: str, arguments: Any, options: dict[str, Any], told: str) -> None:
    result = one((name, arguments), [weather, fails, tells], **options)
    [content] = contents(result)
    assert content
    assert content.startswith(told)
    error = result.calls[0].error
    assert isinstance(error, KeyError if "KeyError" in told else ToolError)
    assert result.calls[0].result is None
    assert repr(result.calls[0]).startswith(f"ToolCallRecord({name}, error=")


def test_arguments_that_are_no_text_at_all_stand_for_none(one: Run) -> None:
    def ping() -> str:
        return "pong"

    assert contents(one(("ping", " "), [ping])) == ["pong"]


def test_any_other_exception_goes_to_the_caller(run: Run, client: Client, server: LocalServer) -> None:
    def leaks() -> None:
        raise LookupError(f"refused: {server.api_key}")

    server.reply(tool_calls=[("leaks", {}), ("weather", {"city": "A"})])
    with pytest.raises(ToolFailedError) as caught:
        run([weather, leaks])
    error = caught.value
    assert str(error).startswith("POST /chat/completions: the tool leaks failed: LookupError: refused: *** (")
    assert error.url.endswith("/v1/chat/completions")
    assert isinstance(error.__cause__, LookupError)
    assert error.call is not None
    assert error.call.function.name == "leaks"
    assert error.run is not None
    assert contents(error.run) == ["The tool failed.", "18 c in A"]  # all calls run, and nobody is told a secret
    again = client.run_tools(error.run.messages, [weather], assistant_id=server.assistant_id)
    assert violations(plain(again)) == []
    assert server.api_key not in "".join(traceback.format_exception(error))
    assert server.api_key.encode() not in pickle.dumps(error)
    for received in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert str(received) == str(error)
        assert plain(received.run) == plain(error.run)
        assert received.run is not None
        assert [each.result for each in received.run.calls] == [None, "18 c in A"]
        assert repr(received.run.calls[0].error) == "ToolError('LookupError: refused: ***')"


class SilentError(Exception):
    def __str__(self) -> str:
        raise LookupError("no text")


@pytest.mark.parametrize("concurrency", [1, 2])
def test_an_exception_that_is_odd_goes_to_the_caller_too(run: Run, server: LocalServer, concurrency: int) -> None:
    def its_own_cause() -> None:
        error = ValueError("odd")
        raise error from error

    def silent() -> None:
        raise SilentError

    for function, says in ((its_own_cause, "ValueError: odd"), (silent, "SilentError")):
        server.reply(tool_calls=[(function.__name__, {})], times=2)
        with pytest.raises(ToolFailedError, match=f"failed: {says}") as caught:
            run([function], concurrency=concurrency)
        assert repr(pickle.loads(pickle.dumps(caught.value)).run.calls[0].error) == f"ToolError('{says}')"
        assert contents(run([function], concurrency=concurrency, report_errors=True))[0] == says


def test_a_record_pickles_whatever_it_holds(one: Run) -> None:
    class OddError(Exception):
        def __init__(self, *, code: int) -> None:
            super().__init__(f"code {code}")

    def odd(fail: bool) -> Any:
        if fail:
            raise OddError(code=5)
        return {1: threading.Lock}  # a dict that JSON cannot tell

    for fail, text in ((True, "OddError: code 5"), (False, "ValueError: the result cannot be sent as JSON: ")):
        with pytest.raises(ToolFailedError) as caught:
            one(("odd", {"fail": fail}), [odd], report_errors=not fail)
        received = pickle.loads(pickle.dumps(caught.value))
        assert text in str(received)
        assert received.run.calls[0].error is not None


@attrs.define
class Place:
    name: str
    rank: int


class Model(pydantic.BaseModel):
    day: int


class Odd(dict[str, Any]):
    """A mapping of a class of its own."""


RESULTS: list[tuple[Any, str]] = [
    ("as it is", "as it is"),
    (None, "null"),
    (5, "5"),
    (True, "true"),
    ([1, {"a": (2,)}], '[1,{"a":[2]}]'),
    (Place("A", 1), '{"name":"A","rank":1}'),
    ([Model(day=3)], '[{"day":3}]'),
    (Odd(a=1), '{"a":1}'),
    (MappingProxyType({"a": 1}), '{"a":1}'),
    ([Thread("t", "thread", 1)], '[{"id":"t","object":"thread","created_at":1}]'),
    ({"thread": Thread("t", "thread", 1)}, '{"thread":{"id":"t","object":"thread","created_at":1}}'),
    ("ü", "ü"),
]


@pytest.mark.parametrize(("result", "told"), RESULTS)
def test_a_result_is_told_as_text(one: Run, result: Any, told: str) -> None:
    def get() -> Any:
        return result

    found = one(("get", {}), [get])
    assert contents(found) == [told]
    assert found.calls[0].result == result


@pytest.mark.parametrize("result", [object(), {(1, 2): 3}, "\ud800", {"a": 1j}])
@pytest.mark.parametrize("report_errors", [False, True])
def test_a_result_that_json_cannot_tell_is_an_error(one: Run, result: Any, report_errors: bool) -> None:
    def get() -> Any:
        return result

    with pytest.raises(ToolFailedError, match="the result cannot be sent as JSON"):
        one(("get", {}), [get], report_errors=report_errors)


def test_the_words_of_each_round_come_as_they_are_streamed(run: Run, server: LocalServer) -> None:
    def play(on_text: Callable[[str], object] | None = None) -> ToolRun:
        server.reply("Let me see.", tool_calls=[("weather", {"city": "A"}), ("weather", {"city": "B"})])
        server.reply("It is warm.")
        return run([weather], on_text=on_text)

    words: list[str] = []
    streamed, whole = play(words.append), play()
    assert "".join(words) == "Let me see.It is warm."
    assert len(words) > 2
    assert [cast("Any", request.body).get("stream") for request in server.requests] == [True, True, None, None]
    assert plain(streamed) == plain(whole)
    assert (streamed.text, streamed.usage, streamed.rounds) == (whole.text, whole.usage, whole.rounds)


def test_what_on_text_raises_closes_the_stream(run: Run) -> None:
    def stop(_: str) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        run([weather], on_text=stop)
    assert run([weather]).rounds == 1


def test_a_model_that_goes_on_calling_is_stopped(run: Run, server: LocalServer) -> None:
    server.reply(tool_calls=[("weather", {"city": "A"})], times=None)
    with pytest.raises(ToolRoundsError, match="still calls tools after 3 rounds") as caught:
        run([weather], max_rounds=3)
    assert caught.value.attempts == 4
    found = caught.value.run
    assert found is not None
    assert (found.rounds, len(found.calls), violations(plain(found))) == (3, 3, [])
    with pytest.raises(ToolRoundsError):
        run([weather], max_rounds=0)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_a_call_that_was_cut_is_not_run(run: Run, server: LocalServer, reason: Any) -> None:
    ran: list[str] = []

    def note(city: str) -> None:
        ran.append(city)

    server.reply(tool_calls=[("note", {"city": "A"})], finish_reason=reason)
    with pytest.raises(IncompleteAnswerError, match=f"finish_reason is {reason}") as caught:
        run([note])
    assert caught.value.completion is not None
    assert caught.value.completion.choices[0].finish_reason == reason
    assert ran == []


def test_a_chat_completion_that_fails_is_its_own_error(client: Client, server: LocalServer) -> None:
    server.reply(tool_calls=[("weather", {"city": "A"})])
    server.reply(status=503, times=None)
    with pytest.raises(ServerError):
        client.with_options(max_retries=0).run_tools(QUESTION, [weather], assistant_id=server.assistant_id)


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_calls_run_at_a_time_and_results_keep_their_order(run: Run, server: LocalServer, concurrency: int) -> None:
    running: list[int] = []
    most = [0]
    told: list[ToolCallRecord] = []
    together = threading.Barrier(min(concurrency, 4))

    def work(number: int) -> int:
        running.append(number)
        most[0] = max(most[0], len(running))
        together.wait(timeout=5)  # nobody goes on before that many have begun
        time.sleep(0.003 * (5 - number))
        running.remove(number)
        return number

    server.reply(tool_calls=[("work", {"number": number}) for number in range(4)])
    result = run([work], concurrency=concurrency, on_call=told.append)
    assert contents(result) == ["0", "1", "2", "3"]
    assert most == [min(concurrency, 4)]
    assert sorted(record.result for record in told) == [0, 1, 2, 3]
    assert [record.result for record in result.calls] == [0, 1, 2, 3]


ASKED: ContextVar[str] = ContextVar("ASKED", default="")


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_function_has_the_callers_context(run: Run, server: LocalServer, concurrency: int) -> None:
    def who() -> str:
        asked = ASKED.get()
        ASKED.set("nobody")
        return asked

    server.reply(tool_calls=[("who", {}), ("who", {})])
    token = ASKED.set("Ada")
    result = run([who], concurrency=concurrency)
    ASKED.reset(token)
    assert contents(result)[0] == "Ada"
    assert contents(result) == ["Ada", "Ada"] or concurrency == 1  # in threads, each has its own copy


def test_a_deadline_ends_tools(run: Run, server: LocalServer) -> None:
    begun: list[int] = []
    release = threading.Event()

    def hang(number: int) -> None:
        begun.append(number)
        release.wait(10)

    server.reply(tool_calls=[("hang", {"number": number}) for number in range(3)])
    started = time.monotonic()
    with deadline(1), pytest.raises(DeadlineExceededError, match="while tools were running") as caught:
        run([hang])
    assert time.monotonic() - started < 8
    assert caught.value.path == "/chat/completions"
    release.set()
    time.sleep(0.1)
    assert begun == [0]  # nothing else has begun since


def test_nothing_runs_after_the_deadline(run: Run, server: LocalServer) -> None:
    ran: list[str] = []

    def note(city: str) -> None:
        ran.append(city)

    def approve(_: ToolCall) -> bool:
        time.sleep(0.3)
        return True

    server.reply(tool_calls=[("note", {"city": "A"})])
    with deadline(0.2), pytest.raises(DeadlineExceededError):
        run([note], approve=approve)
    assert ran == []


def test_what_on_text_takes_counts_towards_the_deadline(run: Run) -> None:
    def linger(_: str) -> None:
        time.sleep(2.1)

    with deadline(2), pytest.raises(DeadlineExceededError, match="while on_text was running") as caught:
        run([], on_text=linger)
    assert caught.value.attempts == 1
    with deadline(60):
        assert run([], on_text=str).text


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_deadline_ends_an_async_on_text(server: LocalServer, backend: str) -> None:
    async def hang(_: str) -> None:
        await anyio.sleep(30)

    async def main() -> None:
        async with AsyncClient(server.api_key, server.base_url, total_timeout=1) as client:
            with pytest.raises(DeadlineExceededError, match="while on_text was running"):
                await client.run_tools(QUESTION, [], assistant_id=server.assistant_id, on_text=hang)

    started = time.monotonic()
    anyio.run(main, backend=backend)
    assert time.monotonic() - started < 20


def test_total_timeout_bounds_the_whole_run(client: Client, server: LocalServer) -> None:
    def nap() -> None:
        time.sleep(0.15)

    server.reply(tool_calls=[("nap", {})], times=None)
    with pytest.raises(DeadlineExceededError):
        client.with_options(total_timeout=0.4).run_tools(QUESTION, [nap], assistant_id=server.assistant_id)


def test_a_tool_that_calls_the_client_ends_with_the_deadline(server: LocalServer) -> None:
    with Client(server.api_key, server.base_url) as client:

        def threads() -> list[Thread]:
            server.delay(1, "/threads")
            return client.list_threads()

        server.reply(tool_calls=[("threads", {})])
        with deadline(0.3), pytest.raises(DeadlineExceededError):
            client.run_tools(QUESTION, [threads], assistant_id=server.assistant_id)
        server.reset()
        server.reply(tool_calls=[("threads", {})])
        short = client.with_options(total_timeout=0.1)

        def late() -> list[Thread]:
            server.delay(1, "/threads")
            return short.list_threads()

        with pytest.raises(ToolFailedError) as caught:
            client.run_tools(QUESTION, [tool(late, name="threads")], assistant_id=server.assistant_id)
        assert isinstance(caught.value.__cause__, DeadlineExceededError)


def test_a_tool_that_gives_up_just_before_the_deadline_ends_with_it() -> None:
    def wait() -> None:
        raise DeadlineExceededError("the deadline passed: the run is still queued")

    options = RunOptions(10, 1, False, None, None, None)
    with Client("sk-test") as client:
        loop = ToolLoop.create(client._settings, QUESTION, [wait], options, may_be_async=False).run()
    next(loop)
    step = loop.send(Received(ChatCompletion.from_dict(completion(calls=[("c", "wait", "{}")])), 1))
    assert isinstance(step, Execute)
    step.calls[0].run()
    with deadline(0.05), pytest.raises(DeadlineExceededError, match="while tools were running") as caught:
        loop.send(None)
    assert "still queued" in str(caught.value.__cause__)


def test_approve_is_asked_of_what_would_run_and_on_call_is_told_of_all(run: Run, server: LocalServer) -> None:
    asked: list[ToolCall] = []
    told: list[ToolCallRecord] = []

    def approve(call: ToolCall) -> bool:
        asked.append(call)
        return call.function.arguments != '{"city": "B"}'

    calls: list[tuple[str, Any]] = [("weather", {"city": each}) for each in ("A", "B", "C")]
    server.reply(tool_calls=[*calls, ("weather", {}), ("forecast", {})])
    result = run([weather], approve=approve, on_call=told.append)
    assert [call.function.arguments for call in asked] == ['{"city": "A"}', '{"city": "B"}', '{"city": "C"}']
    assert contents(result)[:3] == ["18 c in A", "The call was refused.", "18 c in C"]
    assert told == result.calls
    assert len(told) == 5


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("name", ["approve", "on_call"])
def test_what_a_callback_raises_leaves_as_it_is(run: Run, server: LocalServer, name: str, concurrency: int) -> None:
    def stop(_: object) -> None:
        raise LookupError("stop") from OSError("why")

    server.reply(tool_calls=[("weather", {"city": "A"}), ("weather", {"city": "B"})])
    options: dict[str, Any] = {name: stop}
    with pytest.raises(LookupError, match="stop") as caught:
        run([weather], concurrency=concurrency, **options)
    assert isinstance(caught.value.__cause__, OSError)


def wait_in_thread() -> None:
    time.sleep(0.05)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_tool_that_ends_the_program_ends_it(server: LocalServer, concurrency: int, kind: type[BaseException]) -> None:
    def leave() -> None:
        raise kind

    server.reply(tool_calls=[("leave", {}), ("wait_in_thread", {})])
    with Client(server.api_key, server.base_url) as client, pytest.raises(kind):
        client.run_tools(QUESTION, [leave, wait_in_thread], assistant_id=server.assistant_id, concurrency=concurrency)


@pytest.mark.parametrize("where", ["thread", "task", "callback"])
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_tool_among_others_that_ends_the_program_leaves_nothing(
    backend: str, kind: type[BaseException], where: str
) -> None:
    ended: list[str] = []
    before = set(threading.enumerate())

    def leave() -> None:
        raise kind

    def leave_callback(_: ToolCallRecord) -> None:
        raise kind

    async def leave_task() -> None:
        raise kind

    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("task")

    async def main() -> None:
        last = {"thread": "leave", "task": "leave_task", "callback": "wait_in_thread"}[where]
        answer = completion(calls=[(name, name, "{}") for name in ("wait", "wait_in_thread", last)])
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
        on_call = leave_callback if where == "callback" else None
        async with AsyncClient("sk-test", transport=transport) as client:
            try:
                tools = [wait, wait_in_thread, leave, leave_task]
                await client.run_tools(QUESTION, tools, concurrency=3, on_call=on_call)
            finally:
                ended.append("run")

    with pytest.raises(kind):
        anyio.run(main, backend=backend)
    assert ended == ["task", "run"]
    if backend == "asyncio":  # trio's threads end by themselves, after a while, and keep no program from ending
        assert eventually(lambda: set(threading.enumerate()) <= before)


async def later(city: str) -> str:
    """The weather later."""
    await anyio.lowlevel.checkpoint()
    return f"rain in {city}"


class CalledObject:
    """An object that is called."""

    def __call__(self, city: str) -> str:
        return f"an object in {city}"


BAD: list[tuple[Any, str]] = [
    ({"type": "function", "function": {"name": "f"}}, "a dict has no function to run"),
    (tool(weather).definition, "a dict has no function to run"),
    (5, "a tool must be a function, not int"),
    (Place, "a tool must be a function, not the class Place"),
    (lambda: 1, "a tool's name must be of 1 to 64"),
    (CalledObject(), "a tool's name must be of 1 to 64"),
]


@pytest.mark.parametrize(("bad", "says"), BAD)
def test_what_is_no_tool_is_refused(one: Run, bad: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        one(("weather", {}), [weather, bad])


@pytest.mark.parametrize(
    ("tools", "options", "kind", "says"),
    [
        ([weather, weather], {}, TypeError, "two tools have the name 'weather'"),
        (weather, {}, TypeError, "tools must be a list of functions, not function"),
        ("weather", {}, TypeError, "tools must be a list of functions, not str"),
        ([], {"max_rounds": -1}, ValueError, "max_rounds must be at least 0"),
        ([], {"max_rounds": 1.5}, TypeError, "max_rounds must be an integer"),
        ([], {"concurrency": 0}, ValueError, "concurrency must be above 0"),
        ([], {"concurrency": "2"}, TypeError, "concurrency must be a number"),
        ([], {"report_errors": "no"}, TypeError, "report_errors must be a bool, not str"),
        ([], {"approve": True}, TypeError, "approve must be a function, not bool"),
        ([], {"on_call": 5}, TypeError, "on_call must be a function, not int"),
        ([], {"on_text": 5}, TypeError, "on_text must be a function, not int"),
        ([], {"model": "m"}, TypeError, "pass assistant_id"),
    ],
)
def test_a_bad_argument_is_refused(one: Run, tools: Any, options: Any, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        one(("weather", {}), tools, **options)


def test_nothing_is_sent_where_an_argument_is_bad(client: Client, server: LocalServer) -> None:
    for tools, options in (([Place], {}), ([], {"concurrency": 0}), ([weather, weather], {})):
        with pytest.raises((TypeError, ValueError)):
            client.run_tools(QUESTION, tools, **cast("Any", options))
    with pytest.raises(ValueError, match=r"messages\[0\] has no 'content'"):
        client.run_tools([{"role": "user"}], [weather])
    with pytest.raises(ValueError, match="messages must not be empty"):
        client.run_tools([], [weather])
    assert not server.requests


async def yes(_: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("tools", "options", "says"),
    [
        ([later], {}, "later is async: use AsyncClient"),
        ([tool(later)], {}, "later is async: use AsyncClient"),
        ([tool(tool(later), name="soon")], {}, "soon is async: use AsyncClient"),
        ([tool(later, name="approve")], {}, "approve is async: use AsyncClient"),
        ([], {"approve": yes}, "approve is async: use AsyncClient"),
        ([], {"on_call": yes}, "on_call is async: use AsyncClient"),
        ([], {"on_text": yes}, "on_text is async: use AsyncClient"),
    ],
)
def test_the_sync_client_refuses_what_is_async(server: LocalServer, tools: Any, options: Any, says: str) -> None:
    with Client(server.api_key, server.base_url) as client, pytest.raises(TypeError, match=says):
        client.run_tools(QUESTION, tools, **options)
    assert not server.requests


def test_the_sync_client_refuses_what_turns_out_to_be_async(server: LocalServer) -> None:
    def disguise(function: Callable[[Any], Any], argument: object) -> Any:
        return function(argument)

    def disguised(city: str) -> Any:
        return later(city)

    with Client(server.api_key, server.base_url) as client:
        both: list[Any] = [{name: partial(disguise, yes)} for name in ("approve", "on_call")]
        for options in both:
            server.reply(tool_calls=[("weather", {"city": "A"})])
            with pytest.raises(TypeError, match="is async: use AsyncClient"):
                client.run_tools(QUESTION, [weather], assistant_id=server.assistant_id, **options)
        server.reply(tool_calls=[("disguised", {"city": "A"})])
        with pytest.raises(ToolFailedError, match="the function is async: use AsyncClient"):
            client.run_tools(QUESTION, [disguised], assistant_id=server.assistant_id)

        def future() -> Any:
            return asyncio.Future(loop=loop)

        loop = asyncio.new_event_loop()
        server.reply(tool_calls=[("future", {})])
        with pytest.raises(ToolFailedError, match="the function is async: use AsyncClient"):
            client.run_tools(QUESTION, [future], assistant_id=server.assistant_id)
        loop.close()


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_tool_that_is_cancelled_from_elsewhere_is_no_deadline(server: LocalServer, concurrency: int) -> None:
    async def future() -> None:
        made = asyncio.get_running_loop().create_future()
        made.cancel()
        await made

    async def main() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client:
            await client.run_tools(QUESTION, [future], assistant_id=server.assistant_id, concurrency=concurrency)

    server.reply(tool_calls=[("future", {}), ("future", {})])
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_client_awaits_functions_and_callbacks(server: LocalServer, backend: str) -> None:
    asked: list[object] = []

    async def approve(call: ToolCall) -> bool:
        await anyio.lowlevel.checkpoint()
        asked.append(call)
        return call.function.name != "fails"

    async def on_call(record: ToolCallRecord) -> None:
        await anyio.lowlevel.checkpoint()
        asked.append(record)

    def disguised(city: str) -> Any:
        return later(city)

    async def main() -> ToolRun:
        async with AsyncClient(server.api_key, server.base_url) as client:
            return await client.run_tools(
                QUESTION,
                [later, tool(weather), disguised, fails],
                assistant_id=server.assistant_id,
                concurrency=4,
                approve=approve,
                on_call=on_call,
            )

    names = ("later", "weather", "disguised", "fails")
    server.reply(tool_calls=[(name, {"city": "A"}) for name in names])
    result = anyio.run(main, backend=backend)
    assert contents(result) == ["rain in A", "18 c in A", "rain in A", "The call was refused."]
    assert len(asked) == 8


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_deadline_cancels_async_tools_and_callbacks(server: LocalServer, backend: str, concurrency: int) -> None:
    ended: list[str] = []

    async def hang() -> None:
        try:
            await anyio.sleep(5)
        finally:
            ended.append("hang")

    async def approve(_: ToolCall) -> bool:
        await anyio.sleep(5)
        return True

    async def main() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client:
            both: list[Any] = [{}, {"approve": approve}]
            for options in both:
                server.reply(tool_calls=[("hang", {}), ("hang", {})])
                with deadline(1), pytest.raises(DeadlineExceededError, match="while tools were running"):
                    await client.run_tools(
                        QUESTION, [hang], assistant_id=server.assistant_id, concurrency=concurrency, **options
                    )

    anyio.run(main, backend=backend)
    assert ended == ["hang"] * concurrency


def test_an_id_that_is_taken_or_empty_is_replaced(connect: Connect) -> None:
    bodies: list[Any] = []
    answers = [
        completion(calls=[("", "weather", '{"city": "A"}'), ("c", "weather", '{"city": "B"}')]),
        completion("\ud800", calls=[("c", "weather", '{"city": "C"}'), ("c", "weather", '{"city": "\ud800"}')]),
        completion(None),
    ]

    def handle(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, text=json.dumps(answers[len(bodies) - 1]))

    client = connect(transport=httpx.MockTransport(handle))
    result = client.run_tools([{"role": "user", "content": "Hi"}], [weather])
    assert [violations(each["messages"]) for each in bodies] == [[], [], []]
    assert violations(plain(result)) == []
    assert [record.call.id for record in result.calls] == ["call", "c", "c_2", "c_3"]
    assert result.text == ""


def test_a_function_tool_is_the_function_itself() -> None:
    wrapped = tool(weather)
    assert isinstance(wrapped, FunctionTool)
    assert wrapped("Rome", unit="f") == "18 f in Rome"
    assert (wrapped.name, wrapped.description, wrapped.__doc__) == ("weather", "The weather now.", weather.__doc__)
    assert wrapped.function is weather
    assert repr(wrapped) == "<FunctionTool weather>"

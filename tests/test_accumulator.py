"""Chunks are merged into the completion that they are pieces of, in linear time."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixigpt import ChatCompletion, ChatCompletionAccumulator, ChatCompletionChunk
from pixigpt._streams.chunk import whole_chunk

NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def merged(*chunks: dict[str, Any]) -> ChatCompletion:
    accumulator = ChatCompletionAccumulator()
    for each in chunks:
        accumulator.add(ChatCompletionChunk.from_dict({"choices": [], **each}))
    return accumulator.completion()


def deltas(*each: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"choices": [{"index": 0, "delta": delta}]} for delta in each]


def calls(*each: dict[str, Any]) -> list[dict[str, Any]]:
    return deltas(*({"tool_calls": [call]} for call in each))


def call(arguments: object = None, name: str | None = None, **fields: Any) -> dict[str, Any]:
    return {**fields, "function": {"name": name, "arguments": arguments}}


def test_halves_of_a_surrogate_pair_are_a_character_again() -> None:
    content = merged(*deltas({"content": "a\ud83d"}, {"content": "\ude42\ud83d"}, *[{"content": "é"}] * 2000))
    assert content.choices[0].message.content == "a\U0001f642\ud83d" + "é" * 2000
    content = merged(*deltas(*[{"content": "\ud83d"}, {"content": "\ude42"}] * 500))
    assert content.choices[0].message.content == "\U0001f642" * 500


def made(id_: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


TOOL_CALLS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "by index": (
        calls(call(None, "f", index=0, id="a"), call("{", index=0), call("}", index=0)),
        [made("a", "f", "{}")],
    ),
    "two, mixed": (
        calls(call("1", "f", index=0, id="a"), call("3", "g", index=1, id="b"), call("2", index=0), call("4", index=1)),
        [made("a", "f", "12"), made("b", "g", "34")],
    ),
    "two in one chunk": (
        deltas({"tool_calls": [call("1", "f", index=0, id="a"), call("2", "g", index=1, id="b")]}),
        [made("a", "f", "1"), made("b", "g", "2")],
    ),
    "the second index first": (
        calls(call("2", "g", index=1, id="b"), call("1", "f", index=0, id="a")),
        [made("a", "f", "1"), made("b", "g", "2")],
    ),
    "by id, without an index": (
        calls(call("1", "f", id="a"), call("3", "g", id="b"), call("2", id="a"), call("4", id="b")),
        [made("a", "f", "12"), made("b", "g", "34")],
    ),
    "neither index nor id goes on with the last one": (
        calls(call("1", "f", id="a"), call("2"), call("3", "g", id="b"), call("4")),
        [made("a", "f", "12"), made("b", "g", "34")],
    ),
    "neither from the beginning": (calls(call("1", "f"), call("2")), [made("call_0", "f", "12")]),
    "id, type and name are taken once": (
        calls(call("1", "f", index=0, id="a", type="function"), call("2", "f", index=0, id="a", type="function")),
        [made("a", "f", "12")],
    ),
    "a call without id gets one": (
        calls(call("1", "f", index=0), call("2", "g", index=1)),
        [made("call_0", "f", "1"), made("call_1", "g", "2")],
    ),
    "arguments as an object": (calls(call({"ä": 1}, "f", index=0, id="a")), [made("a", "f", '{"ä": 1}')]),
    "no arguments": (calls(call(None, "f", index=0, id="a")), [made("a", "f", "{}")]),
    "empty arguments": (calls(call("", "f", index=0, id="a")), [made("a", "f", "")]),
    "a call without its function": (calls({"index": 0, "id": "a"}, call("1", "f", index=0)), [made("a", "f", "1")]),
    "null": (deltas({"tool_calls": None}, {"tool_calls": []}, {"content": "x"}), []),
}


@pytest.mark.parametrize(("chunks", "wanted"), TOOL_CALLS.values(), ids=TOOL_CALLS.keys())
def test_tool_calls_are_merged(chunks: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    message = merged(*chunks).to_dict()["choices"][0]["message"]
    assert message.get("tool_calls", []) == wanted


MERGED: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "content": (deltas({"content": "a"}, {"content": ""}, {"content": None}, {}, {"content": "b"}), {"content": "ab"}),
    "no content": (deltas({"role": "assistant"}), {"content": None}),
    "empty content": (deltas({"content": ""}), {"content": ""}),
    "another role": (deltas({"role": "tool", "content": "a"}, {"role": ""}), {"role": "tool", "content": "a"}),
    "texts of fields that are unknown": (deltas({"refusal": "I "}, {"refusal": "won't"}), {"refusal": "I won't"}),
    "lists of fields that are unknown": (deltas({"parts": [1]}, {"parts": [2]}), {"parts": [1, 2]}),
    "other fields that are unknown": (deltas({"x": 1}, {"x": None}, {"x": 2}), {"x": 2}),
    "fields of changing types": (deltas({"x": 1}, {"x": [1]}, {"x": {"a": 1}}, {"x": "a"}, {"x": "b"}), {"x": "ab"}),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "wanted"), MERGED.values(), ids=MERGED.keys())
def test_messages_are_merged(chunks: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    assert merged(*chunks).to_dict()["choices"][0]["message"] == {"role": "assistant", "content": None, **wanted}


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": {"reasoning_content": "why"}},
        {"delta": {"reasoning": "why"}},
        {"delta": {}, "reasoning_content": "why"},
        {"reasoning_content": "why"},
        {"delta": {"reasoning_content": "why", "reasoning": "why"}, "reasoning_content": "why"},
    ],
)
def test_reasoning_is_taken_once_from_wherever_it_stands(choice: dict[str, Any]) -> None:
    first = merged({"choices": [choice]}, {"choices": [{"reasoning_content": ", then"}]}).choices[0]
    assert first.reasoning_content == "why, then"
    assert first.message.to_dict() == {"role": "assistant", "content": None}


@pytest.mark.parametrize("other", [{"effort": "low"}, ["why"], 5])
def test_a_field_reasoning_that_is_no_text_is_a_field_like_others(other: Any) -> None:
    first = merged(*deltas({"reasoning": "why"}, {"reasoning": other})).choices[0]
    assert (first.reasoning_content, first.message["reasoning"]) == ("why", other)


def test_choices_are_merged_by_index() -> None:
    texts = [(1, "c"), (0, "a"), (1, "d"), (0, "b")]
    chunks = [{"choices": [{"index": index, "delta": {"content": text}}]} for index, text in texts]
    finished = {"choices": [{"index": 1, "finish_reason": "length"}, {"index": 0, "finish_reason": "a new one"}]}
    choices = merged(*chunks, finished).choices
    assert [(each.index, each.message.content, each.finish_reason) for each in choices] == [
        (0, "ab", "a new one"),
        (1, "cd", "length"),
    ]
    without = merged({"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]}).choices
    assert [(each.index, each.message.content) for each in without] == [(0, "a"), (1, "b")]


def test_what_a_choice_has_beside_its_message_is_kept() -> None:
    logprobs = [{"choices": [{"index": 0, "delta": {}, "logprobs": {"content": [each]}}]} for each in (1, 2)]
    assert merged(*logprobs, {"choices": [{"index": 0, "logprobs": None}]}).choices[0]["logprobs"] == {
        "content": [1, 2]
    }


def test_the_head_is_that_of_the_first_chunk_that_has_one() -> None:
    first: dict[str, Any] = {"id": "", "model": None, "choices": []}
    second = {"id": "c1", "created": 5, "model": "pixi", "system_fingerprint": "a", "service_tier": None}
    completion = merged(first, second, *deltas({"content": "x"}), {"id": "c2", "system_fingerprint": "b"})
    assert (completion.id, completion.created, completion.model, completion.object_) == (
        "c1",
        5,
        "pixi",
        "chat.completion",
    )
    assert completion.additional_properties == {"system_fingerprint": "b"}


def test_the_last_usage_wins_and_none_reads_as_zeros() -> None:
    one = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    two = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert merged({"usage": one}, {"usage": two}, {"usage": None}, *deltas({})).usage.to_dict() == two
    assert merged(*deltas({})).usage.to_dict() == NO_USAGE


def test_the_snapshot_is_the_completion_so_far() -> None:
    accumulator = ChatCompletionAccumulator()
    assert [accumulator.snapshot] == [None]
    assert repr(accumulator) == "<ChatCompletionAccumulator None>"
    for text in ("Par", "is."):
        accumulator.add(ChatCompletionChunk.from_dict({"choices": [{"delta": {"content": text}}]}))
        before, snapshot = accumulator.snapshot, accumulator.snapshot
        assert before == snapshot
    assert snapshot is not None
    assert snapshot.choices[0].message.content == "Paris."
    assert snapshot.to_dict()["choices"][0]["finish_reason"] is None
    assert snapshot.to_dict()["usage"] == NO_USAGE
    assert accumulator.completion().choices[0].finish_reason == "stop"


def test_a_snapshot_does_not_change() -> None:
    accumulator = ChatCompletionAccumulator()
    snapshots: list[str] = []
    kept: list[ChatCompletion] = []
    for piece in deltas(
        {"content": "a", "parts": [1], "o": {"l": [1]}}, {"content": "b", "parts": [2], "o": {"l": [2]}}
    ):
        accumulator.add(ChatCompletionChunk.from_dict(piece))
        assert accumulator.snapshot is not None
        kept.append(accumulator.snapshot)
        snapshots.append(accumulator.snapshot.to_json())
    assert [each.to_json() for each in kept] == snapshots


def test_a_snapshot_for_another_thread_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    accumulator = ChatCompletionAccumulator()
    first, second = (ChatCompletionChunk.from_dict(each) for each in deltas({"content": "a"}, {"content": "b"}))
    accumulator.add(first)

    def interrupted(text: str) -> str:
        accumulator.add(second)  # as the thread that reads the stream may, while another one takes a snapshot
        return text

    with monkeypatch.context() as patched:
        patched.setattr("pixigpt._streams.accumulator.paired", interrupted)
        assert accumulator.snapshot is not None
    assert accumulator.completion().choices[0].message.content == "ab"


def test_nothing_is_no_completion() -> None:
    with pytest.raises(RuntimeError, match="no chunk had a choice"):
        merged()
    with pytest.raises(RuntimeError, match="no chunk had a choice"):
        merged({"usage": NO_USAGE})


def test_many_chunks_take_linear_time() -> None:
    accumulator = ChatCompletionAccumulator()
    piece = ChatCompletionChunk.from_dict({"choices": [{"delta": {"content": "x" * 100, "note": "x" * 100}}]})
    for _ in range(20_000):  # were the text joined at each chunk, this would copy 40 GB
        accumulator.add(piece)
    assert len(accumulator.completion().choices[0].message.content or "") == 2_000_000


WORDS = st.text(max_size=12)
CALLS = st.builds(
    lambda name, arguments: {"type": "function", "function": {"name": name, "arguments": arguments}},
    st.text("fgh", min_size=1, max_size=3),
    WORDS,
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": st.none() | WORDS},
    optional={"tool_calls": st.lists(CALLS, min_size=1, max_size=3)},
)
CHOICES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"message": MESSAGES, "finish_reason": st.sampled_from(["stop", "length", "tool_calls"])},
    optional={"reasoning_content": st.text(min_size=1)},
)


@st.composite
def completions(draw: st.DrawFn) -> dict[str, Any]:
    choices: list[dict[str, Any]] = draw(st.lists(CHOICES, min_size=1, max_size=3))
    for index, choice in enumerate(choices):
        choice["index"] = index
        for place, each in enumerate(choice["message"].get("tool_calls", [])):
            each["id"] = f"call_{index}_{place}"
    counts = draw(st.tuples(*[st.integers(0, 9)] * 3))
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "pixi"}
    return {**head, "choices": choices, "usage": dict(zip(NO_USAGE, counts, strict=True))}


def cut(data: st.DataObject, text: str) -> list[str]:
    at = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[start:end] for start, end in zip([0, *at], [*at, len(text)], strict=True)]


def pieces(data: st.DataObject, choice: dict[str, Any]) -> list[dict[str, Any]]:
    """Cut a choice into chunks of it; those of its tool calls are mixed."""
    message = choice["message"]
    found: list[dict[str, Any]] = [{"delta": {"role": "assistant"}}]
    found += [{"delta": {"reasoning_content": each}} for each in cut(data, choice.get("reasoning_content", ""))]
    if message["content"] is not None:
        found += [{"delta": {"content": each}} for each in cut(data, message["content"])]
    queues: list[list[dict[str, Any]]] = []
    for index, each in enumerate(message.get("tool_calls", [])):
        first, *rest = cut(data, each["function"]["arguments"])
        opening = {**each, "index": index, "function": {"name": each["function"]["name"], "arguments": first}}
        queues.append([opening, *({"index": index, "function": {"arguments": text}} for text in rest)])
    while queues:
        queue = data.draw(st.sampled_from(queues))
        found.append({"delta": {"tool_calls": [queue.pop(0)]}})
        queues = [each for each in queues if each]
    found.append({"delta": {}, "finish_reason": choice["finish_reason"]})
    return [{"index": choice["index"], **each} for each in found]


@given(completions(), st.data())
def test_any_cut_of_a_completion_merges_back_to_it(completion: dict[str, Any], data: st.DataObject) -> None:
    head = {"id": "c1", "created": 1, "model": "pixi", "object": "chat.completion.chunk"}
    cut_choices = [pieces(data, choice) for choice in completion["choices"]]
    chunks = [{**head, "choices": [each]} for choice in cut_choices for each in choice]
    assert merged(*chunks, {**head, "usage": completion["usage"]}).to_dict() == completion


@given(completions())
def test_a_completion_as_one_chunk_merges_back_to_it(completion: dict[str, Any]) -> None:
    known = ChatCompletion.from_dict({**json.loads(json.dumps(completion)), "system_fingerprint": "x"})
    accumulator = ChatCompletionAccumulator()
    accumulator.add(whole_chunk(known))
    assert accumulator.completion() == known

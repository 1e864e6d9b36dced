"""Server-sent events are parsed by the WHATWG's rules, however their bytes are cut."""

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import given
from hypothesis import strategies as st

from pixigpt._streams.sse import Event, SSEParser


def parsed(*pieces: bytes) -> list[tuple[str, str]]:
    parser = SSEParser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return [(event.kind, event.data) for event in [*events, *parser.end()]]


def messages(*data: str) -> list[tuple[str, str]]:
    return [("message", each) for each in data]


CASES = {
    "two": (b"data: a\n\ndata: b\n\n", messages("a", "b")),
    "no space": (b"data:a\n\n", messages("a")),
    "one space is taken off, no more": (b"data:  a \n\n", messages(" a ")),
    "CR": (b"data: a\r\rdata: b\r\r", messages("a", "b")),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", messages("a", "b")),
    "all three": (b"data: a\r\ndata: b\rdata: c\n\r\n", messages("a\nb\nc")),
    "several lines": (b"data: a\ndata:\ndata: b\n\n", messages("a\n\nb")),
    "other line breaks are text": (
        "data: a\u2028b\u2029c\x0bd\x0ce\x1cf\x85g\n\n".encode(),
        messages("a\u2028b\u2029c\x0bd\x0ce\x1cf\x85g"),
    ),
    "BOM": (b"\xef\xbb\xbfdata: a\n\n", messages("a")),
    "BOM that is not first": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", messages("a")),
    "two BOMs": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
    "comment": (b": hello\n\n:\ndata: a\n: b\n\n", messages("a")),
    "retry and id": (b"retry: 10\nid: 1\n\nid: 2\ndata: a\n\n", messages("a")),
    "field names are exact": (b"Data: a\n data: b\ndatas: c\ndata : d\n\n", []),
    "a name alone": (b"data\n\n", messages("")),
    "two names alone": (b"data\ndata\n\n", messages("\n")),
    "no data": (b"event: x\n\ndata: a\n\n", messages("a")),
    "type": (b"event: error\ndata: a\n\ndata: b\n\n", [("error", "a"), ("message", "b")]),
    "empty type": (b"event: x\nevent:\ndata: a\n\n", messages("a")),
    "the last type counts": (b"event: x\nevent: y\ndata: a\n\n", [("y", "a")]),
    "colon in the value": (b"data: a: b\n\n", messages("a: b")),
    "no blank line at the end": (b"data: a\n\ndata: b\n", messages("a", "b")),
    "no line end at the end": (b"data: a\n\ndata: b", messages("a", "b")),
    "CR at the end": (b"data: a\r", messages("a")),
    "a bare error": (b'error: {"code": 500}\n\n', [("error", '{"code": 500}')]),
    "a bare error at the end": (b'data: a\n\nerror: {"code": 500}', [("message", "a"), ("error", '{"code": 500}')]),
    "no UTF-8": (b"data: a\xff\xc3\n\n", messages("a\ufffd\ufffd")),
    "NUL": (b"data: a\0b\n\n", messages("a\0b")),
    "nothing": (b"", []),
    "blank lines": (b"\n\r\n\r\n\n", []),
}


@pytest.mark.parametrize(("stream", "events"), CASES.values(), ids=CASES.keys())
def test_a_stream_is_parsed_by_the_rules(stream: bytes, events: list[tuple[str, str]]) -> None:
    assert parsed(stream) == events
    assert parsed(*(stream[at : at + 1] for at in range(len(stream)))) == events  # cut everywhere


LINES = st.sampled_from(
    [
        b"data: a",
        b"data:",
        b"data",
        "data: \u00e9\u2028\U0001f600".encode(),
        b"event: error",
        b": c",
        b"error: x",
        b"id: 1",
        b"",
    ]
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(st.lists(st.tuples(LINES, ENDS)), st.data())
def test_any_cut_of_the_same_bytes_gives_the_same_events(lines: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    stream = b"".join(line + end for line, end in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert parsed(*pieces) == parsed(stream)


TEXTS = st.text(st.characters(blacklist_characters="\r\n\ufeff", blacklist_categories=["Cs"]))


@given(st.lists(st.tuples(st.sampled_from(["", "event: error", "event: x"]), st.lists(TEXTS, min_size=1))), ENDS)
def test_well_formed_streams_are_parsed_as_httpx_sse_does(events: list[tuple[str, list[str]]], end: bytes) -> None:
    lines = [line for kind, data in events for line in [kind or ": c", *(f"data: {text}" for text in data), ""]]
    stream = b"".join(line.encode() + end for line in lines)
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    theirs = [(each.event, each.data) for each in EventSource(response).iter_sse()]
    assert parsed(stream) == theirs


def test_an_event_is_there_as_soon_as_its_blank_line_is() -> None:
    parser = SSEParser()
    assert parser.feed(b"data: a\r\n\r") == [Event("message", "a")]
    assert parser.feed(b"\ndata: b\r\r") == [Event("message", "b")]
    assert parser.feed(b"data: c\n") == []
    assert parser.feed(b"\n") == [Event("message", "c")]


def test_a_long_line_in_many_pieces_is_joined_once() -> None:
    parser = SSEParser()
    for _ in range(100_000):  # were it joined at each piece, this would copy 250 GB
        assert parser.feed(b"data:" + b"x" * 45) == []
    assert len(parser.feed(b"\n\n")[0].data) == 100_000 * 50 - 5

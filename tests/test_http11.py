"""HTTP/1.1 without I/O, on both parsers: what is sent, what is read, what is refused, and when a connection is kept."""

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixigpt._transport.framing import MAX_HEAD, framing
from pixigpt._transport.h11_parser import H11Message
from pixigpt._transport.http11 import HTTP11, BodyEncoder, check_head, encode_head, packets
from pixigpt._transport.httptools_parser import HttptoolsMessage
from pixigpt._transport.plain_head import plain_head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=["h11", "httptools"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PIXIGPT_PARSER", request.param)
    return str(request.param)


def begun(method: str = "GET", headers: dict[str, str] | None = None) -> HTTP11:
    """A connection that has sent a request."""
    http = HTTP11()
    _, body = http.start(httpx.Request(method, "http://api.test/v1", headers=headers))
    http.end_request(body)
    return http


def read(http: HTTP11, *packets: bytes) -> tuple[int, bytes]:
    """Feed packets, and read the response to its end."""
    status, content = 0, b""
    for packet in packets:
        http.feed(packet)
        if status == 0 and (head := http.head()) is not None:
            status = head.status
        while status and (piece := http.piece()):
            content += piece
    assert http.piece() == b""
    return status, content


def by_bytes(data: bytes) -> Iterator[bytes]:
    return (data[place : place + 1] for place in range(len(data)))


# a response, the method that asked for it, what is read, and whether its connection is kept
READ: dict[str, tuple[bytes, str, bytes, bool]] = {
    "a length": (OK, "GET", b"{}", True),
    "chunks": (CHUNKED + b"1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n", "GET", b"{}", True),
    "chunks and trailers": (CHUNKED + b"2\r\n{}\r\n0\r\nA: b\r\nC: d\r\n\r\n", "GET", b"{}", True),
    "after 1xx": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, "GET", b"{}", True),
    "to HEAD": (OK[:-2], "HEAD", b"", True),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", b"", True),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "GET", b"", True),
    "Connection: close": (OK.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"), "GET", b"{}", False),
    "HTTP/1.0": (OK.replace(b"1.1", b"1.0"), "GET", b"{}", False),
    "bare line feeds": (OK.replace(b"\r\n", b"\n"), "GET", b"{}", True),
    "a folded header": (OK.replace(b"\r\n\r\n", b"\r\nA: b\r\n\tc\r\n\r\n"), "GET", b"{}", True),
    "the same length in a list": (OK.replace(b": 2", b": 2, 2"), "GET", b"{}", True),
    "the same length twice": (OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n"), "GET", b"{}", True),
    "surplus": (OK + b"x", "GET", b"{}", False),
    "a surplus line break": (OK + b"\r\n", "GET", b"{}", False),
    "a line break after the last chunk": (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n\r\n", "GET", b"{}", False),
    "half a line break after the last chunk": (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n\r", "GET", b"{}", False),
    "line breaks after the last chunk": (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n" + b"\n\r\n\r\n", "GET", b"{}", False),
    "a response after the last chunk": (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n" + OK + b"\r\n\r\n", "GET", b"{}", False),
}


def bounded(name: str) -> bool:
    """Whether the response can be fed byte by byte to its end: what comes later is never parsed."""
    return "surplus" not in name and "after the last" not in name


@pytest.mark.parametrize(("response", "method", "content", "kept"), READ.values(), ids=READ.keys())
def test_a_response_is_read_and_its_connection_kept_only_if_nothing_is_in_doubt(
    response: bytes, method: str, content: bytes, kept: bool
) -> None:
    http = begun(method)
    assert not http.is_reusable()
    assert read(http, response)[1] == content
    assert http.is_reusable() is kept


@pytest.mark.parametrize("name", [name for name in READ if bounded(name)])
def test_a_response_is_read_byte_by_byte(name: str) -> None:
    response, method, content, kept = READ[name]
    http = begun(method)
    assert read(http, *by_bytes(response))[1] == content
    assert http.is_reusable() is kept


def test_a_response_without_a_length_ends_with_its_connection() -> None:
    http = begun()
    assert read(http, b"HTTP/1.1 200 OK\r\n\r\n", b"{", b"}", b"") == (200, b"{}")
    assert not http.is_reusable()


def test_one_connection_serves_one_request_after_the_other() -> None:
    http = begun()
    for _ in range(3):
        assert read(http, OK) == (200, b"{}")
        assert http.is_reusable()
        http.end_request(http.start(httpx.Request("POST", "http://api.test/v1"))[1])


@pytest.mark.parametrize("data", [b"x", b"", OK], ids=["a byte", "the end", "a response"])
def test_what_comes_while_idle_ends_the_connection(data: bytes) -> None:
    http = begun()
    read(http, OK)
    http.feed(data)
    assert not http.is_reusable()


@pytest.mark.parametrize("ending", [OK, CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"], ids=["a length", "chunks"])
@pytest.mark.parametrize("late", [b"x", b""], ids=["a byte", "the end"])
def test_what_comes_before_the_end_is_read_ends_the_connection_too(ending: bytes, late: bytes) -> None:
    http = begun()
    http.feed(ending)
    assert http.head() is not None
    assert http.piece() == b"{}"
    http.feed(late)
    assert http.piece() == b""
    assert not http.is_reusable()


@pytest.mark.parametrize("headers", [{"Connection": "close"}, {"Connection": "keep-alive, Close"}])
def test_a_request_that_asks_for_the_end_gets_it(headers: dict[str, str]) -> None:
    http = begun(headers=headers)
    read(http, OK)
    assert not http.is_reusable()


def test_a_response_that_comes_early_ends_its_connection() -> None:
    http = HTTP11()
    http.start(httpx.Request("POST", "http://api.test/v1", content=b"abc"))
    assert read(http, OK) == (200, b"{}")
    assert not http.is_reusable()


BROKEN: dict[str, bytes] = {
    "both lengths": OK.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "two lengths": OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n"),
    "two lengths in a list": OK.replace(b": 2", b": 2, 3"),
    "a signed length": OK.replace(b": 2", b": +2"),
    "a length past all bounds": OK.replace(b": 2", b": " + b"2" * 19),
    "no length": OK.replace(b": 2", b":"),
    "an encoding that is not chunked": CHUNKED.replace(b"chunked", b"identity"),
    "chunked twice": CHUNKED.replace(b"chunked\r\n", b"chunked\r\nTransfer-Encoding: chunked\r\n"),
    "chunked twice in a list": CHUNKED.replace(b"chunked", b"chunked, chunked"),
    "HTTP/2.0": OK.replace(b"/1.1", b"/2.0"),
    "another protocol's name": OK.replace(b"HTTP", b"ICE"),
    "a line break before it": b"\r\n" + OK,
    "a status below 100": OK.replace(b"200", b"099"),
    "a status of two digits": OK.replace(b"200", b"20"),
    "101": OK.replace(b"200", b"101"),
    "a blank before a colon": OK.replace(b"Length:", b"Length :"),
    "a null byte": OK.replace(b"OK\r\n", b"OK\r\nA: \0\r\n"),
    "a bare carriage return": OK.replace(b"OK\r\n", b"OK\r\nA: b\rc\r\n"),
    "a first header that is folded": OK.replace(b"OK\r\n", b"OK\r\n x\r\n"),
    "a chunk that is not hexadecimal": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    "a chunk's size past all bounds": CHUNKED + b"f" * 21 + b"\r\n",
    "an endless head": OK[:-6] + b"\r\nA: " + b"b" * 2 * MAX_HEAD,
    "a head that is too long": OK[:-6] + b"\r\nA: " + b"b" * 2 * MAX_HEAD + b"\r\n\r\n",
    "an endless chunk size": CHUNKED + b"0" * 2 * MAX_HEAD,
    "endless trailers": CHUNKED + b"0\r\n" + b"A: b\r\n" * MAX_HEAD,
}


@pytest.mark.parametrize("response", BROKEN.values(), ids=BROKEN.keys())
def test_a_response_that_is_not_http_is_refused(response: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        read(begun(), *(response[start : start + 2**16] for start in range(0, len(response), 2**16)))
    with pytest.raises(httpx.RemoteProtocolError):
        read(begun(), response)


# All of these are read by h11 as they were meant; llhttp is the stricter of the two.
ONLY_H11: dict[str, bytes] = {
    "a control character in a header": OK.replace(b"OK\r\n", b"OK\r\nA: \x01\r\n"),
    "a chunk's size with a blank after it": CHUNKED + b"2 \r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("response", ONLY_H11.values(), ids=ONLY_H11.keys())
def test_what_h11_takes_and_httptools_refuses(parser: str, response: bytes) -> None:
    http = begun()
    if parser == "h11":
        assert read(http, response) == (200, b"{}")
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            read(http, response)


NAMES = st.sampled_from([b"A", b"Content-Length", b"transfer-encoding", b"Connection"]) | st.from_regex(
    rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", fullmatch=True
)
VALUES = st.sampled_from([b"2", b" 2", b"2, 2", b"3", b"chunked", b"Chunked\t", b"close"]) | st.from_regex(
    rb"[\t\x20-\x7e\x80-\xff]*", fullmatch=True
)
HEADS = st.tuples(
    st.sampled_from([b"HTTP/1.1 ", b"HTTP/1.0 "]),
    st.integers(100, 599).filter(lambda status: status != 101).map(b"%d".__mod__),  # 101 is refused before
    st.from_regex(rb" [\x20-\x7e]+\r\n", fullmatch=True),
    st.lists(st.tuples(NAMES, VALUES).map(b"%b:%b\r\n".__mod__), max_size=4).map(b"".join),
    st.just(b"\r\n"),
).map(b"".join)


def told(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers without what h11 rewrites: one of two equal lengths, and the case of `chunked`."""
    return [(name, value.lower()) for name, value in headers if name.lower() != b"content-length"]


@settings(max_examples=500, derandomize=True, deadline=None, database=None)
@given(HEADS)
def test_a_plain_head_is_what_h11_reads_of_it(lines: bytes) -> None:
    plain = plain_head(lines)
    assert plain is not None
    try:
        framing(plain)
    except httpx.RemoteProtocolError:
        return
    head = H11Message(lines).head
    assert (plain.version, plain.status, plain.reason) == (head.version, head.status, head.reason)
    assert told(plain.headers) == told(head.headers)


NOT_PLAIN = [
    OK.replace(b"\r\n", b"\n"),
    OK.replace(b"OK\r\n", b"OK\r\nA: b\r\n c\r\n"),
    OK.replace(b"OK\r\n", b"OK\r\nA : b\r\n"),
    OK.replace(b"OK\r\n", b"OK\r\nA: b\rc\r\n"),
    OK.replace(b"OK\r\n", b"OK\r\nA: \0\r\n"),
    OK.replace(b" OK", b""),
    OK.replace(b"200", b"999"),
    OK.replace(b"1.1", b"1.2"),
]


@pytest.mark.parametrize("response", NOT_PLAIN)
def test_a_head_that_is_not_plain_is_left_to_the_parser(response: bytes) -> None:
    assert plain_head(OK[:-2]) is not None
    assert plain_head(response[:-2]) is None


CUT = [b"", b"HTTP/1.1 200", OK[:-3], OK[:-1], CHUNKED, CHUNKED + b"2\r\n{}\r\n", CHUNKED + b"0\r\nA: b\r\n"]


@pytest.mark.parametrize("response", CUT)
def test_a_response_that_is_cut_off_is_refused(response: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        read(begun(), *([response, b""] if response else [b""]))


@pytest.mark.parametrize(
    ("method", "target", "name", "value"),
    [
        ("GET", b"/", "a", "b\r\nc: d"),
        ("GET", b"/", "a", "b\nc: d"),
        ("GET", b"/", "a", "b\r"),
        ("GET", b"/", "a", "\0"),
        ("GET", b"/", "a:b\r\nc", "d"),
        ("GET", b"/", "a b", "c"),
        ("GET", b"/", "a: b", "c"),
        ("GET", b"/", "", "c"),
        ("GET", b"/ HTTP/1.1\r\na: b\r\n", "a", "b"),
        ("GET", b"/a b", "a", "b"),
        ("GET / HTTP/1.1\r\na: b\r\n\r\nGET", b"/", "a", "b"),
    ],
)
def test_a_header_cannot_break_out_of_its_line(method: str, target: bytes, name: str, value: str) -> None:
    headers = [("host", "api.test"), (name, value)]
    with pytest.raises(httpx.LocalProtocolError, match="illegal characters"):
        check_head(encode_head(method, target, headers), headers)


def test_a_head_is_sent_as_it_is() -> None:
    headers = [("Host", "api.test"), ("x-note", "caf\xe9 \t!")]
    head = encode_head("POST", b"/v1?a=b", headers)
    check_head(head, headers)
    assert head == b"POST /v1?a=b HTTP/1.1\r\nHost: api.test\r\nx-note: caf\xe9 \t!\r\n\r\n"


def test_a_body_in_pieces_is_framed_as_its_headers_say() -> None:
    chunked = BodyEncoder.of({"transfer-encoding": "chunked"})
    assert [chunked.encode(piece) for piece in (b"ab", b"", b"c" * 16)] == [
        b"2\r\nab\r\n",
        b"",
        b"10\r\n" + b"c" * 16 + b"\r\n",
    ]
    assert chunked.end() == b"0\r\n\r\n"
    sized = BodyEncoder.of({"content-length": "3"})
    assert (sized.encode(b"ab"), sized.encode(b"c"), sized.end()) == (b"ab", b"c", b"")


def test_a_body_is_held_to_its_length() -> None:
    with pytest.raises(httpx.LocalProtocolError, match="longer"):
        BodyEncoder.of({"content-length": "1"}).encode(b"ab")
    with pytest.raises(httpx.LocalProtocolError, match="longer"):
        BodyEncoder.of({}).encode(b"a")
    with pytest.raises(httpx.LocalProtocolError, match="shorter"):
        BodyEncoder.of({"content-length": "1"}).end()


def test_a_small_body_goes_with_its_head_and_a_large_one_is_not_copied() -> None:
    assert list(packets(b"head", b"body")) == [b"headbody"]
    body = b"x" * 200_000
    first, *rest = packets(b"head", body)
    assert b"".join([first, *rest]) == b"head" + body
    assert all(isinstance(each, memoryview) and each.obj is body for each in rest)


@pytest.mark.parametrize("name", ["llhttp", "h12"])
def test_a_parser_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PIXIGPT_PARSER", name)
    with pytest.raises(httpx.UnsupportedProtocol, match=f"PIXIGPT_PARSER is '{name}'"):
        HTTP11()


def test_httptools_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIXIGPT_PARSER")
    assert HTTP11()._reader._parse is HttptoolsMessage
    monkeypatch.setattr("pixigpt._transport.http11.is_installed", lambda: False)
    assert HTTP11()._reader._parse is H11Message
    monkeypatch.setenv("PIXIGPT_PARSER", "httptools")
    with pytest.raises(httpx.UnsupportedProtocol, match=r"pip install \"pixigpt\[speed\]\""):
        HTTP11()

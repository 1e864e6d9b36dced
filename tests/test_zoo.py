"""Every kind of body, parameter and response that the generator can emit works through `call` and `stream_call`.

What the generator refuses (a warning, which `make generate` takes for an error): text bodies that are not declared in
`content_type_overrides`, dates in headers, XML, responses of images and PDF that are not declared either. It forgets an
import where a union of bodies is required. What it emits and nothing can reach: a `format: binary` inside JSON, and the
first of two body kinds that share one schema.
"""

import datetime
import importlib
import io
import json
import mmap
import os
import sys
import threading
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.clients import Connect
from support.command import Done, Run
from support.echo_server import EchoServer, echo_server

from pixigpt import APIConnectionError, APIResponseError, AsyncClient, Client, PixiGPTError, RetryPolicy
from pixigpt.middleware import Cache, CallRequest, CallResponse
from scripts.generate import generate

HERE = Path(__file__).parent
DAY = datetime.date(2026, 2, 3)
MOMENT = datetime.datetime(2026, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
ID = uuid.UUID(int=7)


class Zoo:
    """A package that the zoo's contract makes."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.models: Any = importlib.import_module(f"{package}.models")
        self.file: Any = importlib.import_module(f"{package}.types").File

    def __getattr__(self, endpoint: str) -> Any:
        try:
            return importlib.import_module(f"{self.package}.api.zoo.{endpoint}")
        except ModuleNotFoundError:
            raise AttributeError(endpoint) from None


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("zoo")
    sys.path.insert(0, str(made))
    yield made
    sys.path.remove(str(made))


@pytest.fixture(scope="session")
def zoo(folder: Path) -> Zoo:
    generate(folder / "zoo_api", HERE / "contract_zoo.yaml", HERE / "zoo_generator.yaml")
    return Zoo("zoo_api")


@pytest.fixture(scope="session")
def class_zoo(folder: Path) -> Zoo:
    """The zoo with enumerations as classes, the generator's other kind."""
    config = (HERE / "zoo_generator.yaml").read_text().replace("literal_enums: true", "literal_enums: false")
    (folder / "config.yaml").write_text(config)
    generate(folder / "class_zoo_api", HERE / "contract_zoo.yaml", folder / "config.yaml")
    return Zoo("class_zoo_api")


@pytest.fixture(scope="module")
def echoing() -> Iterator[EchoServer]:
    with echo_server() as server:
        yield server


@pytest.fixture
def echo(echoing: EchoServer) -> EchoServer:
    echoing.requests.clear()
    echoing.replies.clear()
    return echoing


@pytest.fixture
def keeper(connect: Connect, echo: EchoServer) -> Client:
    return connect(base_url=echo.base_url, retry=RetryPolicy(backoff=0.001))


ANIMAL: dict[str, Any] = {
    "the-name": "Rex",
    "toolName": "search",
    "from": "Paris",
    "born": "2026-02-03",
    "seen": "2026-02-03T04:05:06+00:00",
    "id": str(ID),
    "kind": "wild",
    "size": 2,
    "real": 1,
    "tags": ["a"],
    "owner": None,
    "species": "animal",
    "friend": {"barks": True},
    "seenAgain": "2026-02-03T04:05:06+00:00",
    "scores": {"a": 1},
    "whatever": [1, {"x": None}],
    "d": "as a variable of the generated code",
    "prop": "another",
    "items": ["as a method"],
    "take": "as an import",
}


def upload(zoo: Zoo, file: Any, **fields: Any) -> Any:
    return zoo.models.Upload(some_file=file, **fields)


def test_every_json_body_is_sent_as_the_contract_has_it(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    cat = zoo.models.Cat(cat_name="Tom")
    animal = zoo.models.Animal.from_dict({**ANIMAL, "parents": [ANIMAL]})
    cases: list[tuple[Any, Any, Any]] = [
        (zoo.json_body, animal, {**ANIMAL, "parents": [ANIMAL]}),
        (zoo.json_list_body, [cat, cat], [{"catName": "Tom"}] * 2),
        (zoo.json_text_body, "hello", "hello"),
        (zoo.json_union_body, zoo.models.Dog(barks=True), {"barks": True}),
        (zoo.json_vendor_body, cat, {"catName": "Tom"}),
        (zoo.json_optional_body, cat, {"catName": "Tom"}),
        (zoo.union_body, cat, {"catName": "Tom"}),
    ]
    for endpoint, body, sent in cases:
        keeper.call(endpoint, body=body)
        assert json.loads(echo.requests[-1].body) == sent
        assert echo.requests[-1].headers["content-type"].startswith("application/")
    assert echo.requests[4].method == "PATCH"
    assert echo.requests[4].headers["content-type"] == "application/vnd.zoo+json"


def test_a_body_that_is_optional_may_be_left_out(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    for endpoint in (zoo.json_optional_body, zoo.multipart_optional_body, zoo.octets_optional_body, zoo.union_body):
        keeper.call(endpoint)
        assert (echo.requests[-1].body, echo.requests[-1].headers["content-type"]) == (b"", None)


def test_every_form_is_sent_as_the_contract_has_it(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    body = zoo.models.Fields(the_text="a&b ü", whole=3, flag=True, texts=["x", "y"], day=DAY)
    for endpoint in (zoo.form_body, zoo.union_body, zoo.same_body):
        keeper.call(endpoint, body=body)
        sent = parse_qs(echo.requests[-1].body.decode(), strict_parsing=True)
        assert sent == {"theText": ["a&b ü"], "whole": ["3"], "flag": ["true"], "texts": ["x", "y"], "day": [str(DAY)]}
        assert echo.requests[-1].headers["content-type"] == "application/x-www-form-urlencoded"


def test_every_multipart_form_is_sent_as_the_contract_has_it(
    zoo: Zoo, keeper: Client, echo: EchoServer, tmp_path: Path
) -> None:
    (tmp_path / "real.txt").write_bytes(b"from a file")
    with (tmp_path / "real.txt").open("rb") as real:
        body = upload(
            zoo,
            zoo.file(io.BytesIO(b"\x00\r\n--+++\xff"), 'a"b\r\nc ü.bin', "application/x-zoo"),
            more=[zoo.file(real), zoo.file(io.BytesIO(b"2")), zoo.file(b"3", "x.txt")],
            the_text="ü",
            whole=1,
            real=1.5,
            flag=True,
            day=DAY,
            moment=MOMENT,
            id=ID,
            kind="tame",
            cat=zoo.models.Cat(cat_name="Tom"),
            texts=["p", "q"],
            either=5,
        )
        body.additional_properties["extra"] = "e"
        keeper.call(zoo.multipart_body, body=body)
    request = echo.requests[-1]
    assert request.headers["content-length"] == str(len(request.body))
    text = "\r\nContent-Type: text/plain"
    assert request.parts() == [
        (
            'Content-Disposition: form-data; name="some_file"; filename="a%22b%0D%0Ac ü.bin"'
            "\r\nContent-Type: application/x-zoo",
            b"\x00\r\n--+++\xff",
        ),
        (f'Content-Disposition: form-data; name="more"; filename="real.txt"{text}', b"from a file"),
        (
            'Content-Disposition: form-data; name="more"; filename="blob"\r\nContent-Type: application/octet-stream',
            b"2",
        ),
        (f'Content-Disposition: form-data; name="more"; filename="x.txt"{text}', b"3"),
        (f'Content-Disposition: form-data; name="theText"{text}', "ü".encode()),
        (f'Content-Disposition: form-data; name="whole"{text}', b"1"),
        (f'Content-Disposition: form-data; name="real"{text}', b"1.5"),
        (f'Content-Disposition: form-data; name="flag"{text}', b"True"),
        (f'Content-Disposition: form-data; name="day"{text}', b"2026-02-03"),
        (f'Content-Disposition: form-data; name="moment"{text}', MOMENT.isoformat().encode()),
        (f'Content-Disposition: form-data; name="id"{text}', str(ID).encode()),
        (f'Content-Disposition: form-data; name="kind"{text}', b"tame"),
        ('Content-Disposition: form-data; name="cat"\r\nContent-Type: application/json', b'{"catName": "Tom"}'),
        (f'Content-Disposition: form-data; name="texts"{text}', b"p"),
        (f'Content-Disposition: form-data; name="texts"{text}', b"q"),
        (f'Content-Disposition: form-data; name="either"{text}', b"5"),
        (f'Content-Disposition: form-data; name="extra"{text}', b"e"),
    ]


def test_two_uploads_have_different_boundaries(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    for _ in range(2):
        keeper.call(zoo.union_body, body=upload(zoo, zoo.file(b"x")))
    assert len({request.headers["content-type"] for request in echo.requests}) == 2


class Trickle:
    """A file of the user's own that can only be read, as a pipe."""

    def __init__(self, *pieces: bytes) -> None:
        self.left = [*pieces]

    def read(self, size: int) -> bytes:
        return self.left.pop(0) if self.left else b""


def test_octet_and_text_bodies(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    large = os.urandom(300_000)
    stands = io.BytesIO(b"skip" + large)
    stands.seek(4)
    for endpoint, payload, sent in [
        (zoo.octets_body, b"bytes", b"bytes"),
        (zoo.octets_body, b"", b""),
        (zoo.octets_optional_body, io.BytesIO(large), large),
        (zoo.octets_body, stands, large),
        (zoo.octets_body, Trickle(b"a", large, b"b"), b"a" + large + b"b"),
        (zoo.text_body, "a;ü", "a;ü".encode()),
        (zoo.union_body, bytearray(b"x"), b"x"),
    ]:
        keeper.call(endpoint, body=zoo.file(payload))
        assert echo.requests[-1].body == sent
        length = None if isinstance(payload, Trickle) else str(len(sent))
        assert echo.requests[-1].headers["content-length"] == length
    assert echo.requests[-2].headers["content-type"] == "text/csv"


def test_a_pipe_is_sent_in_chunks(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    read, write = os.pipe()

    def feed() -> None:
        with os.fdopen(write, "wb") as end:
            end.write(b"through a pipe")

    threading.Thread(target=feed).start()
    with os.fdopen(read, "rb") as pipe:
        keeper.call(zoo.octets_body, body=zoo.file(pipe))
    assert echo.requests[-1].body == b"through a pipe"


def test_an_upload_that_is_retried_arrives_complete(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    large = os.urandom(200_000)
    file = io.BytesIO(b"12345" + large)
    file.seek(5)
    for endpoint, body in [
        (zoo.octets_body, zoo.file(file)),
        (zoo.multipart_body, upload(zoo, zoo.file(file), the_text="t")),
    ]:
        echo.requests.clear()
        file.seek(5)
        echo.replies += [(503, None, b""), (500, None, b"")]
        keeper.call(endpoint, body=body)
        first, second, third = (request.body for request in echo.requests)
        assert first == second == third
        assert large in first
        assert b"12345" not in first


def test_what_cannot_be_rewound_is_not_sent_twice(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    echo.replies.append((503, None, b""))
    with pytest.raises(PixiGPTError, match="not retried, because the request's body cannot be rewound") as caught:
        keeper.call(zoo.octets_body, body=zoo.file(Trickle(b"once")))
    assert caught.value.attempts == len(echo.requests) == 1


def test_a_file_in_memory_that_the_system_maps_is_sent(
    zoo: Zoo, keeper: Client, echo: EchoServer, tmp_path: Path
) -> None:
    (tmp_path / "large").write_bytes(b"12345" * 20_000)
    with (tmp_path / "large").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        mapped.seek(5)
        echo.replies.append((503, None, b""))
        keeper.call(zoo.octets_body, body=zoo.file(mapped))
    assert [request.body for request in echo.requests] == [b"12345" * 19_999] * 2
    assert echo.requests[0].headers["content-length"] == "99995"


class Broken(io.BytesIO):
    """A disk that fails."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("the disk is gone")


class Growing(io.BytesIO):
    """A file that someone else cuts."""

    def seek(self, offset: int, whence: int = 0) -> int:
        return super().seek(offset, whence) + (10 if whence == os.SEEK_END else 0)


class NoRewind(io.BytesIO):
    """A file that forgets how to seek."""

    seeks = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self.seeks += 1
        if self.seeks > 2:
            raise OSError("no way back")
        return super().seek(offset, whence)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (lambda: Broken(b"x"), "the disk is gone"),
        (lambda: Growing(b"x"), "a file has shrunk: 1 of 11 bytes are left"),
        (lambda: Trickle(cast("Any", "text")), "a file gives str, not bytes"),
    ],
)
def test_a_file_that_cannot_be_read_ends_the_call(zoo: Zoo, keeper: Client, payload: Any, says: str) -> None:
    with pytest.raises(APIConnectionError, match=says) as caught:
        keeper.call(zoo.octets_body, body=zoo.file(payload()))
    assert caught.value.attempts == 1


def test_a_middleware_cannot_send_a_body_again_that_cannot_be_rewound(
    zoo: Zoo, keeper: Client, echo: EchoServer
) -> None:
    def twice(request: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
        assert request.body is None
        try:
            return (yield request)
        except PixiGPTError:
            return (yield request)

    echo.replies.append((503, None, b""))
    with pytest.raises(PixiGPTError, match="body cannot be rewound"):
        keeper.with_options(middleware=[twice]).call(zoo.octets_body, body=zoo.file(Trickle(b"a")))
    assert len(echo.requests) == 1
    watched = keeper.with_options(middleware=[twice])
    echo.replies.append((400, None, b""))
    watched.call(zoo.octets_body, body=zoo.file(io.BytesIO(b"whole")))
    assert [request.body for request in echo.requests[1:]] == [b"whole", b"whole"]


def test_what_is_read_from_a_file_is_not_cached(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    cached = keeper.with_options(middleware=[Cache({}, operations=["octets_body"])])
    for body, requests in ((b"same", 1), (b"same", 1), (io.BytesIO(b"same"), 2), (io.BytesIO(b"other"), 3)):
        cached.call(zoo.octets_body, body=zoo.file(body))
        assert len(echo.requests) == requests


def test_a_file_that_cannot_be_rewound_after_all_ends_the_call(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    echo.replies.append((503, None, b""))
    with pytest.raises(APIConnectionError, match="cannot be rewound: no way back"):
        keeper.call(zoo.octets_body, body=zoo.file(NoRewind(b"x")))


def test_what_stands_beside_the_fields_must_be_a_dict(zoo: Zoo, keeper: Client) -> None:
    animal = zoo.models.Animal.from_dict(ANIMAL)
    animal.scores.additional_properties = ["a"]
    with pytest.raises(TypeError, match=r"^scores\.additional_properties is list, not dict"):
        keeper.call(zoo.json_body, body=animal)


def test_a_file_that_is_none_is_refused_before_anything_is_sent(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    closed = io.BytesIO()
    closed.close()
    for file, kind, says in [
        (zoo.file(5), TypeError, "payload is int, neither a file nor bytes"),
        (zoo.file(io.StringIO("x")), TypeError, "open it with 'rb'"),
        (zoo.file(anyio.wrap_file(io.BytesIO())), TypeError, "payload is async: pass the file that it wraps"),
        (zoo.models.File(id="x", file_name="y"), TypeError, "body is File, not File of zoo_api.types"),
        (zoo.file(closed), ValueError, "cannot be sent"),
    ]:
        with pytest.raises(kind, match=says):
            keeper.call(zoo.octets_body, body=file)
    with pytest.raises(ValueError, match="mime_type must be printable ASCII"):
        keeper.call(zoo.multipart_body, body=upload(zoo, zoo.file(b"", "x", "a\r\nEvil: 1")))
    assert echo.requests == []


FORGED = [b"\r\n--+++\r\n", b"--", b"\r\n", b"", b'\r\n--+++\r\nContent-Disposition: form-data; name="admin"\r\n\r\n1']


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(st.binary(max_size=200) | st.sampled_from(FORGED), max_size=4),
    name=st.text(max_size=30).filter(lambda name: name.encode(errors="ignore").decode() == name),
)
def test_any_bytes_arrive_as_they_are(zoo: Zoo, echo: EchoServer, contents: list[bytes], name: str) -> None:
    files = [zoo.file(io.BytesIO(content), name, "x/y") for content in contents]
    with Client("sk-test", echo.base_url) as client:
        client.call(zoo.multipart_body, body=upload(zoo, zoo.file(b"".join(contents), name, "x/y"), more=files))
    parts = echo.requests[-1].parts()
    assert [content for _, content in parts] == [b"".join(contents), *contents]
    assert all(unquote(head.split('filename="')[1].split('"\r\n')[0]) == unquote(name) for head, _ in parts)


def test_every_parameter_goes_to_its_place(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    keeper.call(zoo.path_parameters, "a/b?ü", 5, ID, DAY, MOMENT, "wild", False)
    path = urlsplit(echo.requests[-1].target).path.split("/")[3:]
    assert [unquote(each) for each in path] == ["a/b?ü", "5", str(ID), str(DAY), MOMENT.isoformat(), "wild", "false"]
    keeper.call(
        zoo.query_parameters,
        the_text="a&b",
        whole=5,
        real=1.5,
        flag=False,
        day=DAY,
        moment=MOMENT,
        id=ID,
        kind="tame",
        size=2,
        texts=["x", "y"],
        days=[DAY, DAY],
        cat=zoo.models.Cat(cat_name="Tom"),
        either=DAY,
        endpoint="e",
        params_query="p",
        headers_query="h",
    )
    assert parse_qs(urlsplit(echo.requests[-1].target).query) == {
        "theText": ["a&b"],
        "whole": ["5"],
        "real": ["1.5"],
        "flag": ["false"],
        "day": [str(DAY)],
        "moment": [MOMENT.isoformat()],
        "id": [str(ID)],
        "kind": ["tame"],
        "size": ["2"],
        "texts": ["x", "y"],
        "days[]": [str(DAY), str(DAY)],
        "catName": ["Tom"],
        "either": [str(DAY)],
        "limit": ["20"],
        "endpoint": ["e"],
        "params": ["p"],
        "headers": ["h"],
    }
    keeper.with_options(headers={"Cookie": "mine=1"}).call(
        zoo.header_and_cookie_parameters,
        x_text="t",
        x_whole=5,
        x_real=1.5,
        x_flag=True,
        x_kind="wild",
        x_id=ID,
        session="s1",
        visits=3,
    )
    headers = echo.requests[-1].headers
    names = ("x-text", "x-whole", "x-real", "x-flag", "x-kind", "x-id")
    assert [headers[name] for name in names] == ["t", "5", "1.5", "true", "wild", str(ID)]
    assert headers["cookie"] == "session=s1; visits=3; mine=1"
    with pytest.raises(ValueError, match="the cookie session must be"):
        keeper.call(zoo.header_and_cookie_parameters, x_text="t", session="a; b=c")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"day": "2026-02-03"}, "day is str, not date"),
        ({"moment": DAY}, "moment is date, not datetime"),
        ({"id": "7"}, "id is str, not UUID"),
        ({"size": "2"}, "size is str, not int"),
        ({"days": [5]}, r"days\[0\] is int, not date"),
        ({"cat": {}}, "cat is dict, not Cat"),
        ({"either": "x"}, "either is str, not"),
    ],
)
def test_a_parameter_of_a_wrong_type_is_refused(zoo: Zoo, keeper: Client, arguments: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        keeper.call(zoo.query_parameters, the_text="t", **arguments)


def test_every_json_response_becomes_its_class(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    def called(endpoint: Any, value: object, status: int = 200) -> Any:
        echo.replies.append((status, "application/json", json.dumps(value).encode()))
        return keeper.call(endpoint)

    animal = called(zoo.json_response, {**ANIMAL, "parents": [ANIMAL], "new": 1})
    assert (animal.tool_name, animal.from_, animal.born, animal.seen, animal.id) == ("search", "Paris", DAY, MOMENT, ID)
    assert animal.to_dict() == {**ANIMAL, "parents": [ANIMAL], "new": 1}
    assert called(zoo.json_response, {**ANIMAL, "kind": "unheard of", "size": 9}).kind == "unheard of"
    assert called(zoo.json_list_response, [{"catName": "Tom"}])[0].cat_name == "Tom"
    assert called(zoo.json_scalar_response, 5) == 5
    assert called(zoo.json_vendor_response, {"catName": "Tom"}).cat_name == "Tom"
    assert called(zoo.json_any_response, {"any": [1]}) == {"any": [1]}
    assert called(zoo.json_any_response, "text", 201) == "text"
    assert called(zoo.json_date_response, "2026-02-03") == DAY
    assert called(zoo.json_nullable_response, None) is None
    assert called(zoo.json_nullable_response, {"catName": "Tom"}).cat_name == "Tom"
    assert called(zoo.json_union_response, {"barks": True}).barks is True
    assert called(zoo.several_responses, {"catName": "Tom"}).cat_name == "Tom"
    assert called(zoo.default_response, {"barks": False}, 201).barks is False
    assert called(zoo.file_schema_response, {"id": "f", "fileName": "n"}).file_name == "n"


def test_responses_that_are_not_json(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    echo.replies += [
        (200, "text/plain; charset=latin-1", "ü".encode("latin-1")),
        (200, "text/plain; charset=none-such", "ü".encode()),
        (201, "text/plain", "ü".encode()),
        (200, "application/octet-stream", b"\xff\x00"),
        (204, None, b""),
        (202, None, b""),
    ]
    assert [keeper.call(each) for each in (zoo.text_response, zoo.text_response, zoo.several_responses)] == ["ü"] * 3
    assert keeper.call(zoo.binary_response).payload.read() == b"\xff\x00"
    assert echo.requests[-1].headers["accept"] == "*/*"
    assert keeper.call(zoo.empty_response) is None
    assert keeper.call(zoo.several_responses) is None


@pytest.mark.parametrize(
    ("name", "status", "body", "says"),
    [
        ("json_response", 200, {**ANIMAL, "toolName": 5}, "the result's toolName is int, not str"),
        ("json_response", 200, {**ANIMAL, "born": "soon"}, "the result's born is not a date"),
        ("json_response", 200, {**ANIMAL, "seen": 5}, "the result's seen is int, not str"),
        ("json_response", 200, {**ANIMAL, "id": "7"}, "the result's id is not a UUID"),
        ("json_response", 200, {**ANIMAL, "size": "2"}, "the result's size is str, not int"),
        ("json_response", 200, {**ANIMAL, "species": "plant"}, "species must match const"),
        ("json_response", 200, {**ANIMAL, "parents": [{}]}, r"the result's parents\[0\].the-name is missing"),
        ("json_response", 200, {**ANIMAL, "scores": {"a": "1"}}, r"the result's scores\['a'\] is str, not int"),
        ("json_response", 200, {k: v for k, v in ANIMAL.items() if k != "owner"}, "the result's owner is missing"),
        ("json_list_response", 200, [{}], r"the result\[0\].catName is missing"),
        ("json_scalar_response", 200, "5", "the result is str, not int"),
        ("json_union_response", 200, {"other": 1}, "the result's .* is missing"),
        ("several_responses", 203, {"catName": "Tom"}, "the API schema has no such response"),
        ("empty_response", 200, {}, "the API schema has no such response"),
    ],
)
def test_a_response_that_does_not_fit_is_a_response_error(
    zoo: Zoo, keeper: Client, echo: EchoServer, name: str, status: int, body: object, says: str
) -> None:
    echo.replies.append((status, "application/json", json.dumps(body).encode()))
    with pytest.raises(APIResponseError, match=says) as caught:
        keeper.call(getattr(zoo, name))
    assert "dict" not in caught.value.message


def test_enumerations_as_classes(class_zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    kind, size = class_zoo.models.Kind.TAME, class_zoo.models.Size.VALUE_2
    keeper.call(class_zoo.query_parameters, the_text="t", kind=kind, size=size)
    assert parse_qs(urlsplit(echo.requests[-1].target).query) | {"kind": ["tame"], "size": ["2"]} == {
        "theText": ["t"],
        "kind": ["tame"],
        "size": ["2"],
        "limit": ["20"],
    }
    keeper.call(class_zoo.header_and_cookie_parameters, x_text="t", x_kind=kind, session="s")
    assert echo.requests[-1].headers["x-kind"] == "tame"
    keeper.call(class_zoo.multipart_body, body=upload(class_zoo, class_zoo.file(b""), kind=kind))
    assert echo.requests[-1].parts()[-1][1] == b"tame"
    with pytest.raises(TypeError, match="kind is str, not Kind"):
        keeper.call(class_zoo.query_parameters, the_text="t", kind="tame")
    echo.replies.append((200, "application/json", json.dumps(ANIMAL).encode()))
    animal = keeper.call(class_zoo.json_response)
    assert (animal.kind, animal.size) == (class_zoo.models.Kind.WILD, size)
    echo.replies.append((200, "application/json", json.dumps({**ANIMAL, "kind": "new"}).encode()))
    with pytest.raises(APIResponseError, match="the result's kind is none of Kind's values"):
        keeper.call(class_zoo.json_response)


def test_what_is_nested_too_deeply_is_a_response_error(zoo: Zoo, keeper: Client, echo: EchoServer) -> None:
    animal: dict[str, Any] = ANIMAL
    for _ in range(380):
        animal = {**ANIMAL, "parents": [animal]}
    echo.replies.append((200, "application/json", json.dumps(animal).encode()))
    with pytest.raises(APIResponseError, match="nested too deeply"):
        keeper.call(zoo.json_response)


def test_a_generated_parser_that_fails_tells_nothing_of_python(
    zoo: Zoo, keeper: Client, echo: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> None:
        raise AttributeError("'int' object has no attribute 'get'")

    monkeypatch.setattr(zoo.json_scalar_response, "_parse_response", fails)
    echo.replies.append((200, "application/json", b"5"))
    with pytest.raises(APIResponseError, match="the body does not match the API schema; the body begins"):
        keeper.call(zoo.json_scalar_response)


RESPONSES = [
    (200, "application/json", json.dumps(ANIMAL).encode()),
    (200, "text/plain", "ü".encode()),
    (200, "application/octet-stream", bytes(range(256)) * 2000),
    (202, None, b""),
]


@pytest.mark.parametrize("reply", RESPONSES, ids=["json", "text", "binary", "empty"])
def test_any_response_can_be_streamed(
    zoo: Zoo, keeper: Client, echo: EchoServer, tmp_path: Path, reply: tuple[int, str | None, bytes]
) -> None:
    for endpoint in (zoo.json_response, zoo.text_response, zoo.binary_response, zoo.several_responses):
        echo.replies += [reply, reply]
        with keeper.stream_call(endpoint) as stream:
            assert b"".join(stream) == reply[2]
        with keeper.stream_call(endpoint) as stream:
            stream.save(tmp_path / "saved")
        assert (tmp_path / "saved").read_bytes() == reply[2]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_injected_client_sends_files_too(zoo: Zoo, echo: EchoServer, backend: str) -> None:
    large = os.urandom(100_000)
    body = zoo.file(io.BytesIO(large))

    async def use() -> None:
        async with httpx.AsyncClient() as http:
            await AsyncClient("sk-test", echo.base_url, http_client=http).call(zoo.octets_body, body=body)

    anyio.run(use, backend=backend)
    body.payload.seek(0)
    with httpx.Client() as http:
        Client("sk-test", echo.base_url, http_client=http).call(zoo.octets_body, body=body)
    assert [request.body for request in echo.requests] == [large, large]
    assert [request.headers["content-length"] for request in echo.requests] == ["100000"] * 2


def test_raw_sends_the_same_and_reads_the_same(zoo: Zoo, echo: EchoServer) -> None:
    with Client("sk-test", echo.base_url) as client:
        echo.replies.append((200, "application/json", json.dumps(ANIMAL).encode()))
        assert zoo.json_response.sync(client=client.raw).tool_name == "search"
        zoo.multipart_body.sync_detailed(client=client.raw, body=upload(zoo, zoo.file(io.BytesIO(b"x"), "n")))
        assert b"\r\n\r\nx\r\n--+++--\r\n" in echo.requests[-1].body
        echo.replies.append((200, "application/octet-stream", b"\xff"))
        assert zoo.binary_response.sync(client=client.raw).payload.read() == b"\xff"


@pytest.fixture
def call(zoo: Zoo, cli: Run, echo: EchoServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a runner of `pixigpt call` for the zoo's operations."""
    monkeypatch.setattr("pixigpt.cli._call.PACKAGE", f"{zoo.package}.api.zoo")

    def run(*arguments: str, **options: Any) -> Done:
        return cli("call", *arguments, "--base-url", echo.base_url, "--retries", "0", **options)

    return run


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (["json_body", "--body", json.dumps(ANIMAL)], ANIMAL),
        (["json-body", "--body", json.dumps({**ANIMAL, "size": 1}), "toolName=find", "size=3", f"id={ID}"], None),
        (["json_list_body", "--body", '[{"catName": "Tom"}]'], [{"catName": "Tom"}]),
        (["json_text_body", "--body", "hello"], "hello"),
        (["json_union_body", "barks=true"], {"barks": True}),
        (["json_union_body", "catName=5", "lives=5", "new=[1]"], {"catName": "5", "lives": 5, "new": [1]}),
        (["json_union_body", "catName=Tom", "new=x"], {"catName": "Tom", "new": "x"}),
        (["json_optional_body", "--body", '{"catName": "Tom"}', "lives=9"], {"catName": "Tom", "lives": 9}),
    ],
)
def test_the_command_sends_json(call: Run, echo: EchoServer, arguments: list[str], sent: object) -> None:
    done = call(*arguments)
    assert (done.code, done.errors) == (0, "")
    expected = {**ANIMAL, "toolName": "find", "size": 3} if sent is None else sent
    assert json.loads(echo.requests[-1].body) == expected
    assert json.loads(done.out)["method"] == echo.requests[-1].method


def test_the_command_sends_forms_and_files(call: Run, echo: EchoServer, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff;1")
    (tmp_path / "cat.json").write_text('{"catName": "Tom"}')
    assert call("form_body", "theText=a&b", "whole=3", "flag=true", "texts=x", "texts=y", "day=2026-02-03").code == 0
    sent = parse_qs(echo.requests[-1].body.decode(), strict_parsing=True)
    assert sent == {"theText": ["a&b"], "whole": ["3"], "flag": ["true"], "texts": ["x", "y"], "day": [str(DAY)]}
    files = [f"some_file=@{tmp_path / 'a.csv'}", "more=text", f"more=@{tmp_path / 'cat.json'}"]
    assert call("multipart_body", *files, f"id={ID}", 'cat={"catName": "Tom"}', "texts=[]", "whole=1").code == 0
    parts = {head.split('name="')[1].split('"')[0]: (head, content) for head, content in echo.requests[-1].parts()}
    assert ('filename="a.csv"' in parts["some_file"][0], parts["some_file"][1]) == (True, b"\xff;1")
    assert (parts["id"][1], parts["whole"][1]) == (str(ID).encode(), b"1")
    assert [content for _, content in echo.requests[-1].parts()][1:3] == [b"text", b'{"catName": "Tom"}']
    for body, received in [("a;ü", "a;ü".encode()), (f"@{tmp_path / 'a.csv'}", b"\xff;1"), ("-", b"\xff")]:
        assert call("octets_body", "--body", body, stdin=b"\xff").code == 0
        assert echo.requests[-1].body == received
    assert call("union_body", "--body", f"@{tmp_path / 'cat.json'}").code == 0
    assert echo.requests[-1].headers["content-type"] == "application/json"
    assert call("union_body", "--body", f"@{tmp_path / 'a.csv'}").code == 0
    assert echo.requests[-1].headers["content-type"] == "application/octet-stream"
    assert call("json_body", "--body", "-", stdin=json.dumps(ANIMAL).encode("utf-8-sig")).code == 0
    assert call("union_body").code == 0
    assert echo.requests[-1].body == b""


def test_the_command_sends_parameters(call: Run, echo: EchoServer) -> None:
    moment = MOMENT.isoformat()
    given = {"text": "a/b", "whole": 5, "id": ID, "day": DAY, "moment": moment, "kind": "wild", "flag": "true"}
    assert call("path_parameters", *(f"{name}={value}" for name, value in given.items())).code == 0
    path = urlsplit(echo.requests[-1].target).path.split("/")[3:]
    assert [unquote(each) for each in path] == ["a/b", "5", str(ID), str(DAY), moment, "wild", "true"]
    query = ["theText=t", "real=1.5", "flag=false", "size=2", "texts=x", "texts=y", f"days={DAY}", f'days=["{DAY}"]']
    assert call("query_parameters", *query, 'cat={"catName": "Tom"}', f"either={DAY}", "limit=5").code == 0
    sent = parse_qs(urlsplit(echo.requests[-1].target).query)
    assert sent | {"real": ["1.5"], "flag": ["false"], "size": ["2"], "limit": ["5"]} == sent
    assert (sent["texts"], sent["days[]"], sent["catName"]) == (["x", "y"], [str(DAY)] * 2, ["Tom"])
    assert sent["either"] == [str(DAY)]
    assert call("header_and_cookie_parameters", "X-Text=t", "x_flag=true", "session=s1").code == 0
    assert (echo.requests[-1].headers["x-flag"], echo.requests[-1].headers["cookie"]) == ("true", "session=s1")


def test_the_command_knows_enumerations_as_classes(
    class_zoo: Zoo, call: Run, echo: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pixigpt.cli._call.PACKAGE", f"{class_zoo.package}.api.zoo")
    assert call("query_parameters", "theText=t", "kind=tame", "size=2").code == 0
    assert "kind=tame&size=2" in echo.requests[-1].target
    assert call("query_parameters", "theText=t", "size=9").code == 2
    assert call("json_body", "--body", json.dumps(ANIMAL), "kind=tame").code == 0
    assert json.loads(echo.requests[-1].body) == {**ANIMAL, "kind": "tame"}
    echo.replies.append((200, "application/json", json.dumps(ANIMAL).encode()))
    assert json.loads(call("json_response").out) == ANIMAL


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nope"], "there is no operation 'nope'; `pixigpt call --help` lists them"),
        (["json_bodi"], "there is no operation 'json_bodi'; is it json_body"),
        (["json_body"], "the body lacks 'the-name'"),
        (["json_body", "--body", "[]"], "the body does not fit: it is not a JSON object"),
        (["json_body", "--body", "{"], "the body does not fit: "),
        (["json_body", "--body", json.dumps(ANIMAL), "size=9"], "the body does not fit: size: '9' is not "),
        (["json_body", "--body", "@no-such-file"], "cannot read no-such-file: "),
        (["json_list_body", "catName=x"], "the body does not fit: it has no fields: pass all of it"),
        (["octets_body"], "--body @FILE"),
        (["empty_response", "x=1"], "x is unknown: the operation takes nothing"),
        (["path_parameters", "--body", "x"], " is missing: "),
        (["query_parameters", "theText=t", "--body", "x"], "--body is unknown: the operation takes the_text, "),
        (["query_parameters", "theText=t", "whole=x"], "whole: 'x' is not int"),
        (["query_parameters", "theText=t", "either=x"], "either: 'x' is not "),
        (["query_parameters", "theText"], "'theText' is not NAME=VALUE"),
        (["query_parameters", "=x"], "'=x' is not NAME=VALUE"),
    ],
)
def test_what_the_command_cannot_send_is_wrong_usage(
    call: Run, echo: EchoServer, arguments: list[str], says: str
) -> None:
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert says in " ".join(done.errors.split())
    assert echo.requests == []


def test_the_command_prints_every_kind_of_response(call: Run, echo: EchoServer, tmp_path: Path) -> None:
    def called(name: str, content: object, *options: str, kind: str | None = "application/json") -> str:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        echo.replies.append((200 if kind else 204, kind, body))
        done = call(name, *options)
        assert (done.code, done.errors) == (0, "")
        return done.out

    cats = [{"catName": "Tom"}, {"catName": "Kit"}]
    assert json.loads(called("json_list_response", cats)) == cats
    assert [json.loads(line) for line in called("json_list_response", cats, "--jsonl").splitlines()] == cats
    assert called("json_scalar_response", 5) == "5\n"
    assert called("json_date_response", str(DAY)) == f"{DAY}\n"
    assert called("text_response", "ü".encode(), kind="text/plain") == "ü\n"
    assert called("text_response", b"x", "--json", kind="text/plain") == '"x"\n'
    assert called("empty_response", b"", kind=None) == ""
    assert called("empty_response", b"", "--json", kind=None) == "null\n"
    assert called("json_response", ANIMAL, "-o", str(tmp_path / "saved")) == ""
    assert json.loads((tmp_path / "saved").read_bytes()) == ANIMAL


def test_a_binary_response_goes_to_a_file_or_a_pipe_only(call: Run, echo: EchoServer, tmp_path: Path) -> None:
    large = bytes(range(256)) * 2000
    assert call("binary_response", terminal=True).code == 2
    assert echo.requests == []
    echo.replies += [(200, "application/octet-stream", large)] * 2
    assert call("binary_response") == Done(0, large, "")
    assert call("binary_response", "-o", str(tmp_path / "saved"), terminal=True) == Done(0, b"", "")
    assert (tmp_path / "saved").read_bytes() == large


def test_the_command_lists_the_operations(call: Run) -> None:
    assert "header_and_cookie_parameters" in call("--help").out

"""A contract that is ahead of the local server: what is not there is a 501, and files go both ways."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pixigpt.testing import LocalServer, _contract
from pixigpt.testing._multipart import Part
from pixigpt.testing._service import Service

BINARY = {"type": "string", "format": "binary"}
FORM = {"type": "object", "required": ["file"], "properties": {"file": BINARY, "purpose": {"type": "string"}}}


def operation(name: str, content: Any = None) -> dict[str, Any]:
    body = {} if content is None else {"requestBody": {"required": True, "content": content}}
    return {"operationId": name, "responses": {"2XX": {"description": "x"}}, **body}


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    paths = {
        "/models": {"get": operation("list_models")},
        "/files": {"post": operation("upload", {"multipart/form-data": {"schema": FORM}})},
        "/octets": {"put": operation("put_octets", {"application/octet-stream": {"schema": BINARY}})},
    }
    document = {**_contract.contract(), "paths": paths}
    monkeypatch.setattr(_contract, "contract", lambda: document)
    _contract._openapi.cache_clear()

    def upload(_: object, body: list[Part]) -> bytes:
        return repr([(part.name, part.file_name, part.content) for part in body]).encode()

    def put_octets(_: object, body: bytes) -> bytes:
        return body

    monkeypatch.setattr(Service, "upload", upload, raising=False)
    monkeypatch.setattr(Service, "put_octets", put_octets, raising=False)
    with LocalServer() as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        with httpx.Client(base_url=server.base_url, headers=headers, trust_env=False) as http:
            yield http
    _contract._openapi.cache_clear()


def test_an_operation_that_the_server_lacks_is_a_501_in_the_apis_form(ahead: httpx.Client) -> None:
    response = ahead.get("/models")
    assert response.status_code == 501
    assert response.json()["error"] == {
        "message": "GET /v1/models is not in the local server yet.",
        "type": "server_error",
        "code": None,
    }


def test_the_server_takes_files_and_gives_bytes(ahead: httpx.Client) -> None:
    content = b"\xff\x00\r\n--x\r\n"
    response = ahead.post("/files", files={"file": ('a"ü.bin', content)}, data={"purpose": "ü"})
    assert response.status_code == 200, response.text
    assert response.content == repr([("purpose", None, "ü".encode()), ("file", "a%22ü.bin", content)]).encode()
    echoed = ahead.put("/octets", content=content, headers={"Content-Type": "application/octet-stream"})
    assert (echoed.content, echoed.headers["content-type"]) == (content, "application/octet-stream")

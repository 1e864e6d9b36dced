"""What a test may read of the requests that arrived."""

import json
from collections.abc import Mapping
from typing import cast

from attrs import field, frozen
from starlette.requests import Request

from pixigpt import _checks


@frozen
class ReceivedRequest:
    """One request as it arrived.

    Attributes:
        method: The HTTP method, such as "POST".
        path: The path below the base URL, such as "/threads".
        headers: The headers, their names in lower case.
        body: The decoded JSON body; None where there is none.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)

    @property
    def asks_for_stream(self) -> bool:
        """Whether it is a chat completion that asks for a stream."""
        body = self.body
        given = cast("dict[str, object]", body) if isinstance(body, dict) else {}
        return self.path == "/chat/completions" and given.get("stream") is True


def condition(name: str, value: object) -> None:
    """Check for a function that tells which requests are meant."""
    _checks.callback(name, value, may_be_async=True)
    if _checks.is_async(value):  # what it returns would be true for every request
        raise TypeError(f"{name} must not be async")


def received(request: Request, body: bytes, base_path: str) -> ReceivedRequest:
    """Return the record of a request; a body that is no JSON stays bytes."""
    try:
        decoded = json.loads(body) if body else None
    except (ValueError, RecursionError):
        decoded = body
    return ReceivedRequest(request.method, request.url.path.removeprefix(base_path), dict(request.headers), decoded)

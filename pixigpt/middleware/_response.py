"""The response that a call ended with, or that a middleware gives in its place."""

# pyright: reportPrivateUsage=false
# What was received, which no middleware is to see, is read by `decoded()`.

import json
from collections.abc import Mapping
from typing import Any, cast

import httpx
from attrs import field, frozen

from pixigpt._checks import non_negative_int, of_type, validator
from pixigpt._response import Response, UnexpectedShapeError
from pixigpt.middleware._frozen import advising
from pixigpt_api.models import Usage

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def _headers(given: httpx.Headers | Mapping[str, str]) -> httpx.Headers:
    return given if isinstance(given, httpx.Headers) else httpx.Headers(given)


@advising
@frozen(eq=False)
class CallResponse:
    """What a call ended with: the server's response, or one that a middleware gives in its place.

    A middleware gives `CallResponse(status_code, content=..., headers=...)`; a status outside 2xx raises the error that
    it stands for.

    Attributes:
        status_code: The HTTP status.
        content: The body; of a streamed chat, the completion that its chunks make up, as JSON; empty for `stream_call`.
        headers: The headers; of a streamed chat, with the content type of `content`.
        attempts: How many requests were sent for it.
        elapsed: How long it took, in seconds; of a stream, to its end.
        first_chunk_after: How long a stream's first chunk took, in seconds; else None.
        is_complete: Whether `content` is all of it: False for a stream that was left early, and for `stream_call`.

    Example:
        >>> from pixigpt.middleware import CallResponse
        >>> def no_threads(request):
        ...     if request.operation == "list_threads":
        ...         return CallResponse(200, content=b'{"object": "list", "data": []}')
        ...     return (yield request)
        >>> client.with_options(middleware=[no_threads]).list_threads()
        []
    """

    status_code: int = field(validator=validator(non_negative_int))
    content: bytes = field(kw_only=True, default=b"", repr=False, validator=validator(of_type(bytes)))
    headers: httpx.Headers = field(kw_only=True, factory=httpx.Headers, repr=False, converter=_headers)
    attempts: int = field(kw_only=True, default=0)
    elapsed: float = field(kw_only=True, default=0.0)
    first_chunk_after: float | None = field(kw_only=True, default=None)
    is_complete: bool = field(kw_only=True, default=True)
    _received: Response | None = field(kw_only=True, default=None, repr=False, alias="received")

    @property
    def request_id(self) -> str | None:
        """The server's id for the request, to quote to its support; None if it sent none.

        Example:
            >>> from pixigpt.middleware import CallResponse
            >>> CallResponse(200, headers={"x-request-id": "req_1"}).request_id
            'req_1'
        """
        request_id: str | None = self.headers.get("x-request-id")
        return request_id

    @property
    def usage(self) -> Usage | None:
        """The tokens that the response says were used; None if it does not say.

        Example:
            >>> from pixigpt.middleware import CallResponse
            >>> CallResponse(200, content=b'{"usage": {"total_tokens": 7}}').usage.total_tokens
            7
        """
        return usage_in(decoded(self))

    def json(self) -> Any:  # noqa: ANN401  # what JSON can hold
        """Return the decoded body; None if it is empty.

        Raises:
            ValueError: It is not JSON.

        Example:
            >>> from pixigpt.middleware import CallResponse
            >>> CallResponse(200, content=b'{"id": "thread_1"}').json()
            {'id': 'thread_1'}
        """
        return json.loads(self.content) if self.content else None


def decoded(response: CallResponse) -> object:
    """Return a response's JSON, decoded once for the result and for who only reads it; None if there is none."""
    received = response._received or Response(response.status_code, response.headers, response.content)
    try:
        return received.json()
    except UnexpectedShapeError:
        return None


def usage_in(body: object) -> Usage | None:
    """Return the tokens that a decoded body says were used; counts that it lacks are 0."""
    usage = cast("dict[str, object]", body).get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    fields = cast("dict[str, Any]", usage)
    counts = {name: fields[name] if isinstance(fields.get(name), int) else 0 for name in _COUNTS}
    # All zeros are what the SDK puts in where there are none.
    return Usage.from_dict({**fields, **counts}) if any(counts.values()) else None

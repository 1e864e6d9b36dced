"""`capture_responses()`: the metadata of each call's response."""

from collections.abc import Generator
from contextlib import contextmanager

import httpx
from attrs import frozen

from pixigpt._block import BlockVariable

_captures: BlockVariable[tuple[list["CapturedResponse"], ...]] = BlockVariable("pixigpt_captures", ())


@frozen
class CapturedResponse:
    """The response that a call ended with.

    Attributes:
        method: The HTTP method, such as "POST".
        path: The path below the base URL, such as "/threads".
        status_code: The HTTP status.
        headers: The response's headers.
        request_id: The server's id for the request, to quote to its support; None if it sent none.
        attempts: How many requests were sent.
        elapsed: How long the call took, in seconds.

    Example:
        >>> from pixigpt import capture_responses
        >>> with capture_responses() as responses:
        ...     assistants = client.list_assistants()
        >>> responses[0].method, responses[0].headers["content-type"]
        ('GET', 'application/json')
    """

    method: str
    path: str
    status_code: int
    headers: httpx.Headers
    request_id: str | None
    attempts: int
    elapsed: float


@contextmanager
def capture_responses() -> Generator[list[CapturedResponse], None, None]:
    """Collect response metadata of the calls made inside the block, by either client.

    A call that ended with a response, success or error, adds one entry; a call without a response adds none. Blocks
    nest; threads and tasks started outside keep apart.

    Yields:
        The list, filled as the calls end.

    Example:
        >>> from pixigpt import capture_responses
        >>> with capture_responses() as responses:
        ...     thread = client.create_thread()
        >>> responses[-1].status_code, responses[-1].attempts, responses[-1].path
        (200, 1, '/threads')
    """
    responses: list[CapturedResponse] = []
    with _captures.block((*_captures.get(), responses)):
        yield responses


def is_capturing() -> bool:
    """Return whether this call is inside a block."""
    return bool(_captures.get())


def record(method: str, path: str, status_code: int, headers: httpx.Headers, attempts: int, elapsed: float) -> None:
    """Add the response that a call ended with to every enclosing block."""
    for responses in _captures.get():
        request_id = headers.get("x-request-id")
        responses.append(CapturedResponse(method, path, status_code, headers, request_id, attempts, elapsed))

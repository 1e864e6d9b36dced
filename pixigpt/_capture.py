"""`capture_responses()`: what a call's answer says beside its result."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx
from attrs import frozen

_captures: ContextVar[tuple[list["CapturedResponse"], ...]] = ContextVar("pixigpt_captures", default=())


@frozen
class CapturedResponse:
    """The answer that a call ended with.

    Attributes:
        method: The HTTP method, such as "POST".
        path: The path below the base URL, such as "/threads".
        status_code: The HTTP status.
        headers: The answer's headers.
        request_id: The server's id for the request, for its support; None where it sent none.
        attempts: How many requests were sent.
        elapsed: How long the call took, in seconds.

    Example:
        >>> from pixigpt import capture_responses
        >>> with capture_responses() as answers:
        ...     assistants = client.list_assistants()
        >>> answers[0].method, answers[0].headers["content-type"]
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
    """Collect what is not in the results of the calls made inside the block, by either client.

    A call that an answer ended, success or error, adds one entry; a call that got no answer adds none. Blocks nest;
    threads and tasks started outside keep apart.

    Yields:
        The list, filled as the calls end.

    Example:
        >>> from pixigpt import capture_responses
        >>> with capture_responses() as answers:
        ...     thread = client.create_thread()
        >>> answers[-1].status_code, answers[-1].attempts, answers[-1].path
        (200, 1, '/threads')
    """
    answers: list[CapturedResponse] = []
    token = _captures.set((*_captures.get(), answers))
    try:
        yield answers
    finally:
        _captures.reset(token)


def record(method: str, path: str, status_code: int, headers: httpx.Headers, attempts: int, elapsed: float) -> None:
    """Hand the answer that a call ended with to every block around it."""
    for answers in _captures.get():
        request_id = headers.get("x-request-id")
        answers.append(CapturedResponse(method, path, status_code, headers, request_id, attempts, elapsed))

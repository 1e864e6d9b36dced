"""What a flow and its driver say to each other: the flow yields steps, the driver sends back what came of them."""

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

import httpx
from attrs import field, frozen

from pixigpt_api.models import Run

T = TypeVar("T")


@frozen
class Send:
    """Wait `pause` seconds, then send a request, and give its whole answer `timeout` seconds (None: no limit)."""

    pause: float
    method: str
    url: httpx.URL
    headers: dict[str, str] = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)
    timeout: float | None


@frozen
class Notify:
    """Call a user's function with a run; the async driver awaits what it returns, if it can be awaited."""

    callback: Callable[[Run], object]
    run: Run


@frozen
class Answer:
    """What the server sent; `flaw` says why `content` is not all of it."""

    status_code: int
    headers: httpx.Headers = field(repr=False)
    content: bytes = field(repr=False)
    flaw: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether it says yes."""
        return 200 <= self.status_code <= 299


Step = Send | Notify
Outcome = Answer | httpx.RequestError

# Sent back is the Outcome of a Send, and None for a Notify.
Flow = Generator[Step, Any, T]

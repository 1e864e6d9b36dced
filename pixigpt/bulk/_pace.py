"""How fast a bulk run may start calls: a gate for all, a limit that adapts, token buckets. It does no I/O.

A refusal (429, or 503 with Retry-After) closes the gate: nobody starts before it is over. It halves the limit of calls
in flight, which grows again by one for each `limit` responses (additive increase, multiplicative decrease), and tells
the rate that the service takes. Rates that the user gives are token buckets on top.
"""

from attrs import define, field

from pixigpt._checks import LONGEST_SECONDS
from pixigpt.bulk._bucket import Bucket
from pixigpt.bulk._learned import LearnedRate

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_NOTHING = 1e-6  # by so much a sum of floats may be off


@define(eq=False)
class Pace:
    """When the next call may start."""

    most: int
    requests: Bucket | None = None
    tokens: Bucket | None = None
    learned: LearnedRate = field(init=False, factory=LearnedRate)
    limit: int = field(init=False)
    opens_at: float = field(init=False, default=0.0)
    _closed_at: float = field(init=False, default=-1.0)
    _pause: float = field(init=False, default=_FIRST_PAUSE)
    _responses: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.limit = self.most

    def wait(self, now: float, tokens: float) -> float:
        """Return the seconds until a call that needs about so many tokens may start; 0 if it may start now."""
        waits = [self.opens_at - now, self.learned.wait(now)]
        if self.requests is not None:
            waits.append(self.requests.wait(now, 1.0))
        if self.tokens is not None:
            waits.append(self.tokens.wait(now, tokens))
        wait = max(waits)
        return wait if wait > _NOTHING else 0.0

    def start(self, now: float, tokens: float) -> None:
        """Note a call that starts, and needs about so many tokens."""
        self.learned.start(now)
        self.charge(now, 1, tokens)

    def charge(self, now: float, requests: float, tokens: float) -> None:
        """Take from the buckets what calls need; what they needed less comes back."""
        if self.requests is not None:
            self.requests.charge(now, requests)
        if self.tokens is not None:
            self.tokens.charge(now, tokens)

    def accept(self) -> None:
        """Count a call that was not refused: the limit grows by one for each `limit` of them."""
        self._pause = _FIRST_PAUSE
        self._responses += 1
        if self._responses >= self.limit:
            self._responses = 0
            self.limit = min(self.limit + 1, self.most)

    def refuse(self, now: float, started: float, asked: float | None) -> None:
        """Close the gate for as long as the server asks; by itself for a second, doubled up to a minute.

        The calls that were in flight when the gate closed tell the same news again: they can only keep it closed for
        longer.
        """
        is_new = started > self._closed_at
        pause = min(asked, LONGEST_SECONDS) if asked else self._pause
        if is_new or asked:
            self.opens_at = max(self.opens_at, now + pause)
        if is_new:
            self._closed_at, self._responses = now, 0
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self.limit = max(1, self.limit // 2)
        self.learned.refuse(now, self.opens_at, is_new=is_new)

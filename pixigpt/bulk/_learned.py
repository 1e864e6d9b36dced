"""A rate that is learned from refusals, for a service whose limit nobody has told: TCP CUBIC's curve, for calls.

Between two refusals a service has taken what it takes. The rate starts a little below that, stays near it for a while,
and then rises ever faster, so that a limit that was raised, or an outage that is over, is soon found out. Without it,
every opening of the gate would let in a burst that is refused again: in a simulation of 600 requests a minute, one
request in ten.
"""

import math

_DIP = 0.05  # how far below the measured rate it starts
_FLAT_CALLS = 100.0  # it is back at the measured rate after so many calls, but at the earliest and the latest after
_FLAT_SECONDS = 10.0, 30.0
_CATCH_UP = 0.25  # seconds of starts that a late timer may make up for


class LearnedRate:
    """When the next call may start, by what the service has taken so far; at once, as long as it has refused none."""

    def __init__(self) -> None:
        self._begun: float | None = None  # when the calls began that are counted
        self._count = 0  # of them, without the refused ones
        self._taken = 0  # by the service, up to the last refusal, in `_span` seconds
        self._span = 0.0
        self._measured = math.inf
        self._refused_at = 0.0
        self._next = 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until a call may start; not above 0 if it may start now."""
        return self._next - now

    def start(self, now: float) -> None:
        """Note a call that starts."""
        self._begun = now if self._begun is None else self._begun
        self._count += 1
        rate = self._rate(now)
        self._next = max(self._next, now - _CATCH_UP) + 1 / rate if rate < math.inf else 0.0

    def refuse(self, now: float, opens_at: float, *, is_new: bool) -> None:
        """Note a refusal: of a call that started after the last one, or the same news again."""
        if is_new:
            self._span, self._taken = now - (self._begun or now), self._count
            self._begun, self._count, self._refused_at = now, 0, opens_at
        self._taken -= 1
        if self._taken > 0 and self._span > 0:
            self._measured = self._taken / self._span
        self._next = max(self._next, opens_at)

    def _rate(self, now: float) -> float:
        if self._measured == math.inf:
            return math.inf
        shortest, longest = _FLAT_SECONDS
        flat = min(max(shortest, _FLAT_CALLS / self._measured), longest)
        return self._measured * (1 + _DIP * ((max(0.0, now - self._refused_at) / flat - 1) ** 3))

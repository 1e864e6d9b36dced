"""A token bucket: a rate per minute, with a burst of a second's worth."""


class Bucket:
    """What may be spent at a rate; more than there is makes a debt, which later calls wait for."""

    def __init__(self, per_minute: float, now: float) -> None:
        self._rate = per_minute / 60
        self._capacity = max(1.0, self._rate)
        self._level = self._capacity
        self._seen = now

    def wait(self, now: float, amount: float) -> float:
        """Return the seconds until there is enough; a full bucket is enough for anything."""
        self._fill(now)
        return (min(amount, self._capacity) - self._level) / self._rate

    def charge(self, now: float, amount: float) -> None:
        """Take an amount, or give some back."""
        self._fill(now)
        self._level = min(self._level - amount, self._capacity)

    def _fill(self, now: float) -> None:
        self._level = min(self._capacity, self._level + (now - self._seen) * self._rate)
        self._seen = now

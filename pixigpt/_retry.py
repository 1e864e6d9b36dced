"""When a failed attempt is worth another one, and how long to wait for it."""

import math
import re
import ssl
from collections.abc import Iterator
from datetime import UTC

import httpx
from attrs import field, frozen

from pixigpt._checks import not_negative, or_none, validator, whole
from pixigpt._fork import Locked
from pixigpt._log import log_spent_budget

_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NEVER_SENDS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_FINAL = (*_NEVER_SENDS, httpx.TooManyRedirects)
_LONGEST_DATE = 50  # to search through what is much longer takes long
_HTTP_DATE = re.compile(r"[A-Za-z]{3}.*\d\d:\d\d:\d\d")


@frozen
class RetryPolicy:
    """How a client retries.

    Retried are answers of 500 and above, and connections that fail, time out or break; with `retry_rate_limits`,
    429 too. The pause doubles from `backoff` to `max_backoff`, each shortened by random jitter to no less than half;
    a Retry-After of the server takes its place.

    Attributes:
        max_retries: Retries after the first attempt at the most; 0 turns them off.
        backoff: The first pause, in seconds.
        max_backoff: The longest pause of the policy's own, in seconds.
        max_retry_after: The longest Retry-After to wait for, in seconds; a longer one raises the error at once.
            None means no limit.
        retry_rate_limits: Whether to retry 429.
        retry_unsafe: Whether to retry a POST that may have reached the server. Its Idempotency-Key keeps it from
            being done twice.
        budget: Retries that a client may spend in a row; each success gives a tenth of one back. None means no limit.

    Raises:
        TypeError, ValueError: An attribute is not a number, or out of its range.

    Example:
        >>> from pixigpt import RetryPolicy
        >>> RetryPolicy(max_retries=5, retry_rate_limits=True).max_retries
        5
    """

    max_retries: int = field(default=3, validator=validator(whole))
    backoff: float = field(default=0.1, validator=validator(not_negative))
    max_backoff: float = field(default=8.0, validator=validator(not_negative))
    max_retry_after: float | None = field(default=60.0, validator=validator(or_none(not_negative)))
    retry_rate_limits: bool = False
    retry_unsafe: bool = True
    budget: float | None = field(default=100, validator=validator(or_none(not_negative)))

    def pause(self, retry: int, random: float) -> float:
        """Tell how long to wait before a retry.

        Args:
            retry: Which one, the first being 0.
            random: A number from 0 to 1: the jitter.

        Returns:
            The pause, in seconds.

        Example:
            >>> [RetryPolicy().pause(retry, random=1.0) for retry in range(3)]
            [0.1, 0.2, 0.4]
        """
        longest = min(self.backoff * 2.0 ** min(retry, 60), self.max_backoff)
        return longest * (0.5 + 0.5 * random)

    def allows(self, method: str, failure: int | Exception) -> bool:
        """Tell whether a failed attempt is worth another one.

        Args:
            method: The HTTP method.
            failure: The status, or httpx's exception, that the attempt ended in.

        Returns:
            Whether to retry, as long as there are retries left.

        Example:
            >>> RetryPolicy().allows("POST", 503), RetryPolicy().allows("POST", 400)
            (True, False)
        """
        if isinstance(failure, int):
            passes = failure >= 500 or (failure == 429 and self.retry_rate_limits)
        else:
            passes = not (isinstance(failure, _FINAL) or is_certificate_failure(failure))
        return passes and (self.retry_unsafe or method != "POST" or isinstance(failure, _NOTHING_SENT))


class Budget(Locked):
    """The retries that a client may still spend: an outage is met with little more than one attempt per call."""

    def __init__(self, capacity: float | None) -> None:
        self._tenths = math.inf if capacity is None else round(capacity * 10)
        self._left = self._tenths
        self._is_dry = False
        super().__init__()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (None if self._tenths == math.inf else self._tenths / 10,)

    def spend(self) -> bool:
        """Take one retry; False where none is left, the first of which is logged."""
        with self._lock:
            was_dry, self._is_dry = self._is_dry, self._left < 10
            if not self._is_dry:
                self._left -= 10
        if self._is_dry and not was_dry:
            log_spent_budget()
        return not self._is_dry

    def give_back(self) -> None:
        """A call has succeeded: a tenth of a retry comes back."""
        with self._lock:
            self._left = min(self._tenths, self._left + 1)


def retry_after(headers: httpx.Headers, now: float) -> float | None:
    """The seconds that Retry-After asks for; the longest where there are several, None where there is no valid one."""
    waits = [_seconds(value, now) for value in headers.get_list("retry-after")]
    return max((wait for wait in waits if wait is not None), default=None)


def is_unsendable(failure: Exception) -> bool:
    """Whether a failure is of a kind in which nothing is ever sent."""
    return isinstance(failure, _NEVER_SENDS)


def is_certificate_failure(failure: BaseException) -> bool:
    """Whether a bad certificate is at the root of a failure."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(failure))


def causes(failure: BaseException | None) -> Iterator[BaseException]:
    """An exception and what it was raised from; not what the caller happened to be handling at the time."""
    while failure is not None:
        yield failure
        failure = failure.__cause__ or (failure.__context__ if failure.__suppress_context__ else None)


def _seconds(value: str, now: float) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value, now)
    return seconds if 0 <= seconds < math.inf else None


def _seconds_until(date: str, now: float) -> float | None:
    if len(date) > _LONGEST_DATE or not _HTTP_DATE.search(date):  # dateutil would read "10s" as a time of day
        return None
    from dateutil import parser  # not before a date comes: slow to import, and hardly ever needed

    try:
        when = parser.parse(date, ignoretz=True)  # an HTTP date is always in GMT
        return max(0.0, when.replace(tzinfo=UTC).timestamp() - now)
    except (ValueError, OverflowError):
        return None

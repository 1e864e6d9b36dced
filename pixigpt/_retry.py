"""Whether to retry a failed attempt, and how long to wait."""

import math
import re
import ssl
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC

import httpx
from attrs import field, frozen

from pixigpt._checks import non_negative, non_negative_int, of_type, optional, validator
from pixigpt._fork import ForkSafeLock
from pixigpt._log import log_spent_budget
from pixigpt._request_body import UnreadableBodyError
from pixigpt._transport.extensions import ClosedError

# Whether the calls made in this context are some of many, whose caller waits for all of them when one is refused.
is_paced: ContextVar[bool] = ContextVar("pixigpt_is_paced", default=False)

_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NEVER_SENDS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_NOT_RETRYABLE = (*_NEVER_SENDS, httpx.TooManyRedirects, UnreadableBodyError)
_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")  # what OpenSSL 3 makes of plain HTTP
_MAX_DATE_LENGTH = 50  # searching a much longer text is slow
_HTTP_DATE = re.compile(r"[A-Za-z]{3}.*\d\d:\d\d:\d\d")


@frozen
class RetryPolicy:
    """How a client retries.

    Responses of 500 and above are retried, and connections that fail, time out or break; with `retry_rate_limits`,
    also 429. The pause doubles from `backoff` to `max_backoff`, each shortened by random jitter to no less than half;
    a Retry-After header replaces it.

    Attributes:
        max_retries: The most retries after the first attempt; 0 turns them off.
        backoff: The first pause, in seconds.
        max_backoff: The longest pause without a Retry-After, in seconds.
        max_retry_after: The longest Retry-After to wait for, in seconds; a longer one raises the error at once.
            None means no limit.
        retry_rate_limits: Whether to retry 429.
        retry_unsafe: Whether to retry a POST that may have reached the server. Its Idempotency-Key keeps the server
            from executing it twice.
        budget: Retries that a client may spend in a row; each success gives a tenth of one back. None means no limit.

    Raises:
        TypeError, ValueError: An attribute is of a wrong type, or out of its range.

    Example:
        >>> from pixigpt import RetryPolicy
        >>> RetryPolicy(max_retries=5, retry_rate_limits=True).max_retries
        5
    """

    max_retries: int = field(default=3, validator=validator(non_negative_int))
    backoff: float = field(default=0.1, validator=validator(non_negative))
    max_backoff: float = field(default=8.0, validator=validator(non_negative))
    max_retry_after: float | None = field(default=60.0, validator=validator(optional(non_negative)))
    retry_rate_limits: bool = field(default=False, validator=validator(of_type(bool)))
    retry_unsafe: bool = field(default=True, validator=validator(of_type(bool)))
    budget: float | None = field(default=100, validator=validator(optional(non_negative)))

    def pause(self, retry: int, random: float) -> float:
        """Return how long to wait before a retry.

        Args:
            retry: The number of the retry, from 0.
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
        """Return whether a failed attempt may be retried.

        Args:
            method: The HTTP method.
            failure: The status, or httpx's exception, that ended the attempt.

        Returns:
            Whether to retry, as long as there are retries left.

        Example:
            >>> RetryPolicy().allows("POST", 503), RetryPolicy().allows("POST", 400)
            (True, False)
        """
        if isinstance(failure, int):
            passes = failure >= 500 or (failure == 429 and self.retry_rate_limits)
        else:
            passes = not (isinstance(failure, _NOT_RETRYABLE) or is_certificate_failure(failure) or is_not_tls(failure))
        return passes and (self.retry_unsafe or method != "POST" or isinstance(failure, _NOTHING_SENT))


class Budget:
    """The retries that a client may still spend: in an outage, most calls get one attempt, not four."""

    def __init__(self, capacity: float | None) -> None:
        self._tenths = math.inf if capacity is None else round(capacity * 10)
        self._left = self._tenths
        self._is_spent = False
        self._lock = ForkSafeLock()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (None if self._tenths == math.inf else self._tenths / 10,)

    def spend(self) -> bool:
        """Spend one retry; return False if none is left, and log it the first time."""
        with self._lock:
            was_spent, self._is_spent = self._is_spent, self._left < 10
            if not self._is_spent:
                self._left -= 10
        if self._is_spent and not was_spent:
            log_spent_budget()
        return not self._is_spent

    def give_back(self) -> None:
        """Return a tenth of a retry, for a call that succeeded."""
        if self._left < self._tenths:  # as it hardly ever is, and the lock would be a hundredth of a call
            with self._lock:
                self._left = min(self._tenths, self._left + 1)


def retry_after(headers: httpx.Headers, now: float) -> float | None:
    """Return the seconds that Retry-After asks for: the longest of several, None if there is no valid one."""
    waits = [_seconds(value, now) for value in headers.get_list("retry-after")]
    return max((wait for wait in waits if wait is not None), default=None)


def is_unsendable(failure: Exception) -> bool:
    """Return whether a failure is of a kind in which nothing is ever sent."""
    return isinstance(failure, _NEVER_SENDS)


def is_certificate_failure(failure: BaseException) -> bool:
    """Return whether a bad certificate caused a failure."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(failure))


def is_not_tls(failure: BaseException) -> bool:
    """Return whether the server answered a TLS handshake with something else, as a plain HTTP port does."""
    return any(isinstance(cause, ssl.SSLError) and cause.reason in _NOT_TLS for cause in causes(failure))


def is_closed(failure: BaseException) -> bool:
    """Return whether a call came after its client was closed."""
    return any(isinstance(cause, ClosedError) for cause in causes(failure))


def causes(failure: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it was raised from, but not what the caller was handling at the time."""
    seen: set[int] = set()
    while failure is not None and id(failure) not in seen:  # `raise error from error` makes it its own cause
        seen.add(id(failure))
        yield failure
        failure = failure.__cause__ or (failure.__context__ if failure.__suppress_context__ else None)


def _seconds(value: str, now: float) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value, now)
    return seconds if 0 <= seconds < math.inf else None


def _seconds_until(date: str, now: float) -> float | None:
    if len(date) > _MAX_DATE_LENGTH or not _HTTP_DATE.search(date):  # dateutil would read "10s" as a time of day
        return None
    from dateutil import parser  # not before a date comes: slow to import, and hardly ever needed

    try:
        when = parser.parse(date, ignoretz=True)  # an HTTP date is always in GMT
        return max(0.0, when.replace(tzinfo=UTC).timestamp() - now)
    except (ValueError, OverflowError):
        return None

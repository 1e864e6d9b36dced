"""What a failed attempt is to the user: turns an answer or an httpx exception into one of pixigpt's errors."""

import httpx

from pixigpt import errors
from pixigpt._retry import causes, is_certificate_failure, retry_after
from pixigpt._settings import Settings
from pixigpt._steps import Answer


def is_success(outcome: Answer | Exception) -> bool:
    """Whether an outcome is an answer that says yes."""
    return isinstance(outcome, Answer) and 200 <= outcome.status_code <= 299


def status_error(answer: Answer, settings: Settings, now: float) -> errors.APIError:
    """The error for an answer outside 2xx."""
    headers = httpx.Headers([(name, settings.without_key(value)) for name, value in answer.headers.multi_items()])
    error = errors.api_error(answer.status_code, headers, settings.without_key(_text(answer)))
    if isinstance(error, errors.RateLimitError):
        error.retry_after = retry_after(answer.headers, now)
    return error


def response_error(reason: str, answer: Answer, settings: Settings) -> errors.APIResponseError:
    """The error for a 2xx answer that the contract does not allow."""
    return errors.APIResponseError(
        settings.without_key(reason),
        status_code=answer.status_code,
        request_id=answer.headers.get("x-request-id"),
        excerpt=errors.excerpt(settings.without_key(_text(answer))),
    )


def connection_error(failure: httpx.RequestError, method: str, url: httpx.URL) -> errors.APIConnectionError:
    """The error for an attempt that got no whole answer."""
    _forget_request(failure, httpx.Request(method, url))
    host = url.netloc.decode("ascii")
    cause = str(failure) or type(failure).__name__
    if isinstance(failure, httpx.PoolTimeout):
        return errors.APITimeoutError(f"no free connection to {host}: all are in use")
    if isinstance(failure, httpx.ConnectTimeout):
        return errors.APITimeoutError(f"could not connect to {host} in time")
    if isinstance(failure, httpx.TimeoutException):
        return errors.APITimeoutError(f"no whole answer from {host} in time")
    if is_certificate_failure(failure):
        return errors.APIConnectionError(f"the certificate of {host} is not valid: {cause}")
    if isinstance(failure, httpx.ConnectError):
        return errors.APIConnectionError(f"could not connect to {host}: {cause}")
    return errors.APIConnectionError(f"no whole answer from {host}: {cause}")


def _text(answer: Answer) -> str:
    return answer.content.decode(errors="replace")


def _forget_request(failure: httpx.RequestError, bare: httpx.Request) -> None:
    """Take the request, with its key and its body, out of an exception that becomes the cause of an error."""
    failure.request = bare
    for cause in causes(failure):
        cause.__traceback__ = None  # its frames hold the request's headers

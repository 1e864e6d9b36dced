"""What a failed attempt is to the user: turns an answer or an httpx exception into one of pixigpt's errors."""

import json
from typing import cast

import httpx

from pixigpt import errors
from pixigpt._body import whole_answer
from pixigpt._retry import causes, is_certificate_failure, is_unsendable, retry_after
from pixigpt._settings import Settings
from pixigpt._steps import Answer, Outcome

_TIMEOUTS: tuple[tuple[type[httpx.TimeoutException], str], ...] = (
    (httpx.PoolTimeout, "no free connection to {host}: all are in use"),
    (httpx.ConnectTimeout, "could not connect to {host} in time"),
    (httpx.TimeoutException, "no whole answer from {host} in time"),
)

# What httpx, an injected client's hooks or an injected transport may raise in an attempt.
FAILURES = (httpx.RequestError, httpx.HTTPStatusError, httpx.InvalidURL, OSError, UnicodeError)


def outcome_of(failure: Exception, settings: Settings) -> Outcome:
    """What an exception that an attempt ended in means to the flow."""
    if isinstance(failure, httpx.RequestError):
        return failure
    if isinstance(failure, httpx.HTTPStatusError):  # an event hook calls raise_for_status()
        return whole_answer(failure.response, settings.max_response_bytes)
    if isinstance(failure, httpx.InvalidURL | UnicodeError):  # httpx reads a Location that it is not to follow
        return httpx.TooManyRedirects(f"the answer redirects to no URL: {failure}")
    return httpx.NetworkError(str(failure))  # an OSError


def status_error(answer: Answer, settings: Settings, now: float) -> errors.APIError:
    """The error for an answer outside 2xx."""
    error = errors.api_error(answer.status_code, _headers(answer, settings), _decoded(answer, settings))
    if isinstance(error, errors.RateLimitError):
        error.retry_after = retry_after(answer.headers, now)
    return error


def response_error(reason: str, answer: Answer, settings: Settings) -> errors.APIResponseError:
    """The error for a 2xx answer that the contract does not allow."""
    return errors.APIResponseError(
        settings.without_key(reason),
        status_code=answer.status_code,
        request_id=_headers(answer, settings).get("x-request-id"),
        excerpt=errors.excerpt(_shown(answer, settings)),
    )


def connection_error(
    failure: httpx.RequestError, method: str, url: httpx.URL, settings: Settings
) -> errors.APIConnectionError:
    """The error for an attempt that got no whole answer."""
    failure.request = httpx.Request(method, url)  # in place of the one that was sent, with its key and its body
    forget_secrets(failure, settings)
    kind = errors.APITimeoutError if isinstance(failure, httpx.TimeoutException) else errors.APIConnectionError
    return kind(_how_far(failure, url.netloc.decode("ascii")))


def _how_far(failure: httpx.RequestError, host: str) -> str:
    cause = next((text for each in causes(failure) if (text := str(each))), type(failure).__name__)
    for kind, says in _TIMEOUTS:
        if isinstance(failure, kind):
            return says.format(host=host)
    if is_unsendable(failure):
        return f"nothing was sent to {host}: {cause}"
    if is_certificate_failure(failure):
        return f"the certificate of {host} is not valid: {cause}"
    stage = "could not connect to" if isinstance(failure, httpx.ConnectError) else "no whole answer from"
    return f"{stage} {host}: {cause}"


def _text(answer: Answer) -> str:
    return answer.content.decode(errors="replace")


def _shown(answer: Answer, settings: Settings) -> str:
    """The body as text without the key, however the server has escaped it."""
    decoded = _decoded(answer, settings)
    return decoded if isinstance(decoded, str) else json.dumps(decoded, ensure_ascii=False)


def _headers(answer: Answer, settings: Settings) -> httpx.Headers:
    """An answer's headers without the key, as bytes, since they need not be text in any known encoding."""

    def clean(text: bytes) -> bytes:
        return settings.without_key(text.decode("latin-1")).encode("latin-1")

    return httpx.Headers([(clean(name), clean(value)) for name, value in answer.headers.raw])


def _decoded(answer: Answer, settings: Settings) -> object:
    text = _text(answer)
    try:
        return _without_key(json.loads(text), settings)
    except (ValueError, RecursionError):
        return settings.without_key(text)


def _without_key(value: object, settings: Settings) -> object:
    """Decoded JSON without the key, however the server has escaped it."""
    if isinstance(value, str):
        return settings.without_key(value)
    if isinstance(value, list):
        return [_without_key(item, settings) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {settings.without_key(name): _without_key(item, settings) for name, item in items}
    return value


def forget_secrets(failure: BaseException, settings: Settings) -> None:
    """Take the key out of an exception and its causes, before they become an error's cause."""
    for cause in causes(failure):
        cause.__traceback__ = None  # its frames hold the request's headers
        text = str(cause)
        if (clean := settings.without_key(text)) != text:
            cause.args = (clean,)

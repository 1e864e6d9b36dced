"""Turns a failed attempt, a response or an httpx exception, into one of pixigpt's errors."""

import json
from typing import cast

import httpx

from pixigpt import errors
from pixigpt._body import complete_response
from pixigpt._request_body import UnreadableBodyError
from pixigpt._retry import causes, is_certificate_failure, is_unsendable, retry_after
from pixigpt._settings import Settings
from pixigpt._steps import Outcome, Response

_TIMEOUTS: tuple[tuple[type[httpx.TimeoutException], str], ...] = (
    (httpx.PoolTimeout, "no free connection to {host}: {cause}"),
    (httpx.ConnectTimeout, "could not connect to {host} in time"),
    (httpx.TimeoutException, "no complete response from {host} in time"),
)

# What httpx, an injected client's hooks or an injected transport may raise in an attempt.
FAILURES = (httpx.RequestError, httpx.HTTPStatusError, httpx.InvalidURL, OSError, UnicodeError)


def outcome_of(failure: Exception, settings: Settings) -> Outcome:
    """Return what an exception that ended an attempt means to the flow."""
    if isinstance(failure, httpx.RequestError):
        return failure
    if isinstance(failure, httpx.HTTPStatusError):  # an event hook calls raise_for_status()
        return complete_response(failure.response, settings.max_response_bytes)
    if isinstance(failure, httpx.InvalidURL | UnicodeError):  # httpx reads a Location that it is not to follow
        return httpx.TooManyRedirects(f"the answer redirects to no URL: {failure}")
    return httpx.NetworkError(str(failure))  # an OSError


def status_error(response: Response, settings: Settings, now: float) -> errors.APIError:
    """Return the error for a response outside 2xx."""
    error = errors.api_error(response.status_code, _headers(response, settings), _decoded(response, settings))
    if isinstance(error, errors.RateLimitError):
        error.retry_after = retry_after(response.headers, now)
    return error


def response_error(reason: str, response: Response, settings: Settings) -> errors.APIResponseError:
    """Return the error for a 2xx response that does not match the API schema."""
    return errors.APIResponseError(
        settings.redact_key(reason),
        status_code=response.status_code,
        request_id=_headers(response, settings).get("x-request-id"),
        excerpt=errors.excerpt(_shown(response, settings)),
    )


def connection_error(
    failure: httpx.RequestError, method: str, url: httpx.URL, settings: Settings
) -> errors.APIConnectionError:
    """Return the error for an attempt that got no complete response."""
    failure.request = httpx.Request(method, url)  # in place of the one that was sent, with its key and its body
    redact_failure(failure, settings)
    kind = errors.APITimeoutError if isinstance(failure, httpx.TimeoutException) else errors.APIConnectionError
    return kind(_how_far(failure, url.netloc.decode("ascii")))


def _how_far(failure: httpx.RequestError, host: str) -> str:
    cause = next((text for each in causes(failure) if (text := str(each))), type(failure).__name__)
    for kind, says in _TIMEOUTS:
        if isinstance(failure, kind):
            return says.format(host=host, cause=cause)
    if is_unsendable(failure):
        return f"nothing was sent to {host}: {cause}"
    if is_certificate_failure(failure):
        return f"the certificate of {host} is not valid: {cause}"
    if isinstance(failure, UnreadableBodyError):
        return f"the request was not sent in full to {host}: {cause}"
    stage = "could not connect to" if isinstance(failure, httpx.ConnectError) else "no complete response from"
    return f"{stage} {host}: {cause}"


def _text(response: Response) -> str:
    return response.content.decode(errors="replace")


def _shown(response: Response, settings: Settings) -> str:
    """Return the body as text, with the key redacted however the server has escaped it."""
    decoded = _decoded(response, settings)
    return decoded if isinstance(decoded, str) else json.dumps(decoded, ensure_ascii=False)


def _headers(response: Response, settings: Settings) -> httpx.Headers:
    """Return a response's headers with the key redacted, as bytes, since their encoding is unknown."""

    def clean(text: bytes) -> bytes:
        return settings.redact_key(text.decode("latin-1")).encode("latin-1")

    return httpx.Headers([(clean(name), clean(value)) for name, value in response.headers.raw])


def _decoded(response: Response, settings: Settings) -> object:
    text = _text(response)
    try:
        return _redacted(json.loads(text), settings)
    except (ValueError, RecursionError):
        return settings.redact_key(text)


def _redacted(value: object, settings: Settings) -> object:
    """Return decoded JSON with the key redacted."""
    if isinstance(value, str):
        return settings.redact_key(value)
    if isinstance(value, list):
        return [_redacted(item, settings) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {settings.redact_key(name): _redacted(item, settings) for name, item in items}
    return value


def redact_failure(failure: BaseException, settings: Settings) -> None:
    """Redact the key in an exception and its causes, before they become an error's cause."""
    for cause in causes(failure):
        cause.__traceback__ = None  # its frames hold the request's headers
        text = str(cause)
        if (clean := settings.redact_key(text)) != text:
            cause.args = (clean,)

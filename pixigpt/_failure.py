"""Turns a failed attempt, a response or an httpx exception, into one of pixigpt's errors."""

import json
from contextlib import suppress
from typing import Any, TypeVar, cast

import httpx

from pixigpt import errors
from pixigpt._body import complete_response
from pixigpt._endpoint import Call
from pixigpt._request_body import UnreadableBodyError
from pixigpt._response import Response
from pixigpt._retry import causes, is_certificate_failure, is_closed, is_not_tls, is_unsendable, retry_after
from pixigpt._settings import Settings
from pixigpt._steps import Opened, Outcome

ErrorT = TypeVar("ErrorT", bound=errors.PixiGPTError)

# What httpx, an injected client's hooks or an injected transport may raise in an attempt.
FAILURES = (httpx.RequestError, httpx.HTTPStatusError, httpx.InvalidURL, OSError, UnicodeError)


def outcome_of(failure: Exception, settings: Settings) -> Outcome:
    """Return what an exception that ended an attempt means to the flow."""
    if isinstance(failure, httpx.RequestError):
        return failure
    if isinstance(failure, httpx.HTTPStatusError):  # an event hook calls raise_for_status()
        return complete_response(failure.response, settings.max_response_bytes)
    if isinstance(failure, httpx.InvalidURL | UnicodeError):  # httpx reads a Location that it is not to follow
        return httpx.TooManyRedirects(f"the response redirects to an invalid URL: {failure}")
    return httpx.NetworkError(str(failure))  # an OSError


def stamped(
    error: ErrorT,
    call: Call[Any],
    settings: Settings,
    attempts: int,
    elapsed: float,
    earlier: tuple[errors.PixiGPTError, ...] = (),
) -> ErrorT:
    """Add to an error what is known of its call."""
    url = settings.redact_key(str(settings.url(call.path, call.params)))
    return errors.stamp(error, call.method, call.path, url, attempts, elapsed, earlier)


def closed_meanwhile() -> httpx.LocalProtocolError:
    """Return the failure, which is never retried, of who uses a stream that somebody else has closed."""
    return httpx.LocalProtocolError("the stream is closed")


def status_error(response: Response, settings: Settings, now: float) -> errors.APIError:
    """Return the error for a response outside 2xx."""
    body = _decoded(response, settings)
    error = errors.api_error(response.status_code, _headers(response, settings), body)
    if isinstance(error, errors.NotFoundError) and not (isinstance(body, dict) and "error" in body):
        error.message += _doubt(settings)
    if response.status_code < 400 and (location := error.headers.get("location")):
        where = errors.excerpt(location)
        error.message += f"; it leads to {where}, and is not followed: is base_url={settings.base_url!r} right?"
    return _with_retry_after(error, response.headers, now)


def _with_retry_after(error: errors.APIError, headers: httpx.Headers, now: float) -> errors.APIError:
    if isinstance(error, errors.RateLimitError):
        error.retry_after = retry_after(headers, now)
    return error


def is_refusal(error: errors.PixiGPTError) -> bool:
    """Return whether an error asks to wait, not only this call but everybody: 429, or 503 with Retry-After."""
    if not isinstance(error, errors.APIError):
        return False
    if isinstance(error, errors.RateLimitError) or error.status_code == 429:
        return True
    return error.status_code == 503 and retry_after(error.headers, 0.0) is not None


def event_error(text: str, response: Opened, settings: Settings, now: float) -> errors.APIError:
    """Return the error that an event of a stream is."""
    shown = Response(response.status_code, response.headers, text.encode())
    error = errors.stream_error(_headers(shown, settings), _decoded(shown, settings))
    return _with_retry_after(error, response.headers, now)


def response_error(reason: str, response: Response, settings: Settings) -> errors.APIResponseError:
    """Return the error for a 2xx response that does not match the API schema."""
    if errors.is_html(_text(response)):
        reason = f"the body is a web page, not JSON{_doubt(settings)}"
    return errors.APIResponseError(
        settings.redact_key(reason),
        status_code=response.status_code,
        request_id=_headers(response, settings).get("x-request-id"),
        excerpt=errors.excerpt(_shown(response, settings)),
    )


def _doubt(settings: Settings) -> str:
    return f"; the server may not be the API: is base_url={settings.base_url!r} right?"


def connection_error(
    failure: httpx.RequestError, method: str, url: httpx.URL, settings: Settings, *, is_over: bool = False
) -> errors.PixiGPTError:
    """Return the error for an attempt that got no complete response; `is_over` if the call's deadline has passed."""
    failure.request = httpx.Request(method, url)  # in place of the one that was sent, with its key and its body
    redact_failure(failure, settings)
    host = url.netloc.decode("ascii")
    if is_closed(failure):
        return errors.ClientClosedError(_reason(failure))
    if not isinstance(failure, httpx.TimeoutException):
        return errors.APIConnectionError(_how_far(failure, host))
    if is_over:
        return errors.DeadlineExceededError(f"the deadline passed: {_waited_for(failure, host)}")
    limit = "" if settings.timeout is None else f" (timeout={settings.timeout:g})"
    return errors.APITimeoutError(_waited_for(failure, host) + limit)


def _reason(failure: BaseException) -> str:
    return next((text for each in causes(failure) if (text := str(each))), type(failure).__name__)


def _waited_for(failure: httpx.TimeoutException, host: str) -> str:
    if isinstance(failure, httpx.PoolTimeout):
        return f"no free connection to {host}: {_reason(failure)}"
    if isinstance(failure, httpx.ConnectTimeout):
        through = f" {failure}" if str(failure).startswith("through the proxy ") else ""
        return f"could not connect to {host} in time{through}"
    return f"no complete response from {host} in time"


def _how_far(failure: httpx.RequestError, host: str) -> str:
    cause = _reason(failure)
    if is_unsendable(failure):
        return f"nothing was sent to {host}: {cause}"
    if is_certificate_failure(failure):
        return f"the certificate of {host} is not valid: {cause}"
    if isinstance(failure, UnreadableBodyError):
        return f"the request was not sent in full to {host}: {cause}"
    if is_not_tls(failure) and cause.startswith("through the proxy https://"):
        return f"could not connect to {host}: {cause}: does the proxy speak TLS, or should its URL begin with http://?"
    if is_not_tls(failure):
        return f"{host} does not speak TLS: should base_url begin with http://, or name another port? ({cause})"
    stage = "could not connect to" if isinstance(failure, httpx.ConnectError) else "no complete response from"
    return f"{stage} {host}: {cause}"


def _text(response: Response) -> str:
    return response.content.decode("utf-8-sig", errors="replace")


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
    redact_texts(failure, settings)


def redact_texts(failure: BaseException, settings: Settings) -> None:
    """Redact the key in what an exception and its causes say."""
    for cause in causes(failure):
        with suppress(Exception):  # a class of the user's may fail to tell its text
            text = str(cause)
            if (clean := settings.redact_key(text)) != text:
                cause.args = (clean,)

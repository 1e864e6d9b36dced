"""The errors of pixigpt: every failure of a call is one of these.

PixiGPTError
├─ APIError                        the server returned an error status
│  ├─ BadRequestError              400
│  ├─ AuthenticationError          401, or type "authentication_error"
│  ├─ PermissionDeniedError        403
│  ├─ NotFoundError                404
│  ├─ ConflictError                409
│  ├─ UnprocessableEntityError     422
│  ├─ RateLimitError               429, or type "rate_limit_error"
│  └─ ServerError                  500 and above
├─ APIConnectionError              no complete response arrived
│  └─ APITimeoutError              one attempt ran past its timeout (also a TimeoutError)
├─ DeadlineExceededError           total_timeout or a deadline() block ran out (also a TimeoutError)
├─ APIResponseError                a 2xx response that does not match the API schema
├─ ClientClosedError               the client was closed before the call (also a RuntimeError)
├─ ToolFailedError                 run_tools: a tool raised an exception
├─ ToolRoundsError                 run_tools: the model still called tools after max_rounds
├─ ParseFailedError                parse_chat_completion: no answer was of the type
├─ IncompleteAnswerError           run_tools, parse_chat_completion: an answer was cut off or withheld
└─ RunError                        wait_for_run did not end with a completed run
   ├─ RunFailedError
   ├─ RunCancelledError
   ├─ RunExpiredError
   └─ RunTimeoutError              wait_for_run's own timeout ran out (also a TimeoutError)
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar, cast

import httpx

if TYPE_CHECKING:
    from pixigpt._tool_run import ToolRun
    from pixigpt_api.models import ChatCompletion, Message, Run, ToolCall

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ConflictError",
    "DeadlineExceededError",
    "IncompleteAnswerError",
    "NotFoundError",
    "ParseFailedError",
    "PermissionDeniedError",
    "PixiGPTError",
    "RateLimitError",
    "RunCancelledError",
    "RunError",
    "RunExpiredError",
    "RunFailedError",
    "RunTimeoutError",
    "ServerError",
    "ToolFailedError",
    "ToolRoundsError",
    "UnprocessableEntityError",
    "is_auth_error",
    "is_rate_limit_error",
]

ErrorT = TypeVar("ErrorT", bound="PixiGPTError")

_EXCERPT = 300


class PixiGPTError(Exception):
    """The base class of every error that a call can raise.

    Attributes:
        message: What went wrong.
        method: The HTTP method of the call, such as "POST".
        path: The call's path below the base URL, such as "/threads".
        url: The call's whole URL.
        attempts: How many requests were sent.
        elapsed: How long the call took, in seconds.
        earlier: The failures of the attempts before the last, oldest first.
        thread_id: The thread of an `ask` that failed; else None.
        note: Why a retryable failure was not retried; else empty.

    Example:
        >>> from pixigpt import PixiGPTError
        >>> try:
        ...     client.get_thread("no-such-thread")
        ... except PixiGPTError as error:
        ...     print(error.attempts, error.method, error.path)
        1 GET /threads/no-such-thread
    """

    method: str = ""
    path: str = ""
    url: str = ""
    attempts: int = 0
    elapsed: float = 0.0
    earlier: "tuple[PixiGPTError, ...]" = ()
    thread_id: str | None = None
    note: str = ""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({excerpt(self.message)!r})"

    def __str__(self) -> str:
        if not self.method:
            return self._cause()
        attempts = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        url = f", {excerpt(self.url.partition('?')[0])}" if self.url else ""
        note = f"; {self.note}" if self.note else ""
        return f"{self.method} {self.path}: {self._cause()} ({attempts} in {self.elapsed:.2f} s{url}{note})"

    def _cause(self) -> str:
        return excerpt(self.message)


class APIError(PixiGPTError):
    """The server returned an error status.

    Attributes:
        status_code: The HTTP status.
        type: The error body's type, such as "invalid_request_error".
        code: The error body's code, as text.
        request_id: The server's id for the request, to quote to its support.
        headers: The response's headers.
        body: The response's body: decoded JSON, else text.
        mid_stream: Whether the error came in a stream, after the status 200; `status_code` is then what it stands for.

    Example:
        >>> from pixigpt import APIError
        >>> try:
        ...     client.get_thread("no-such-thread")
        ... except APIError as error:
        ...     print(error.status_code, error.type)
        404 invalid_request_error
    """

    mid_stream: bool = False

    def __init__(
        self,
        message: str = "",
        *,
        status_code: int = 0,
        type: str | None = None,
        code: str | None = None,
        request_id: str | None = None,
        headers: httpx.Headers | None = None,
        body: object = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.type = type
        self.code = code
        self.request_id = request_id
        self.headers = httpx.Headers() if headers is None else headers
        self.body = body

    def _cause(self) -> str:
        request = f" [request {excerpt(self.request_id)}]" if self.request_id else ""
        where = ", in mid-stream" if self.mid_stream else ""
        return f"{_status_line(self.status_code)}{where}: {super()._cause()}{request}"


class BadRequestError(APIError):
    """400: the request is not valid.

    Example:
        >>> server.fail(status=400)
        >>> try:
        ...     client.with_options(max_retries=0).list_threads()
        ... except BadRequestError as error:
        ...     print(error.status_code)
        400
    """


class AuthenticationError(APIError):
    """401, or the type `authentication_error`: the key is missing or wrong.

    Example:
        >>> from pixigpt import AuthenticationError, Client
        >>> with Client("sk-wrong", base_url) as stranger:
        ...     try:
        ...         stranger.list_threads()
        ...     except AuthenticationError as error:
        ...         print(error.code)
        invalid_api_key
    """


class PermissionDeniedError(APIError):
    """403: the key lacks permission.

    Example:
        >>> server.fail(status=403)
        >>> try:
        ...     client.with_options(max_retries=0).list_threads()
        ... except PermissionDeniedError as error:
        ...     print(error.status_code)
        403
    """


class NotFoundError(APIError):
    """404: the resource does not exist.

    Example:
        >>> try:
        ...     client.get_assistant("no-such-assistant")
        ... except NotFoundError as error:
        ...     print(error.message)
        There is no assistant no-such-assistant.
    """


class ConflictError(APIError):
    """409: the request conflicts with the current state of the resource.

    Example:
        >>> server.fail(status=409)
        >>> try:
        ...     client.with_options(max_retries=0).list_threads()
        ... except ConflictError as error:
        ...     print(error.status_code)
        409
    """


class UnprocessableEntityError(APIError):
    """422: the request is well-formed but invalid.

    Example:
        >>> server.fail(status=422)
        >>> try:
        ...     client.with_options(max_retries=0).list_threads()
        ... except UnprocessableEntityError as error:
        ...     print(error.status_code)
        422
    """


class RateLimitError(APIError):
    """429, or the type `rate_limit_error`: too many requests.

    Attributes:
        retry_after: How long the server asks to wait, in seconds; None if it does not say.

    Example:
        >>> server.fail(status=429, retry_after=2)
        >>> try:
        ...     client.list_threads()
        ... except RateLimitError as error:
        ...     print(error.retry_after)
        2.0
    """

    retry_after: float | None = None


class ServerError(APIError):
    """500 and above: the server failed.

    Example:
        >>> server.fail(status=503)
        >>> try:
        ...     client.with_options(max_retries=0).list_threads()
        ... except ServerError as error:
        ...     print(error.status_code)
        503
    """


class APIConnectionError(PixiGPTError):
    """No complete response arrived: connection refused or reset, DNS, TLS, a body cut off.

    Example:
        >>> from pixigpt import APIConnectionError, Client
        >>> with Client(api_key, "http://127.0.0.1:1/v1", max_retries=1) as lost:
        ...     try:
        ...         lost.list_threads()
        ...     except APIConnectionError as error:
        ...         print(error.attempts, error.message[:32])
        2 could not connect to 127.0.0.1:1
    """


class APITimeoutError(APIConnectionError, TimeoutError):
    """One attempt ran past its timeout.

    Example:
        >>> server.delay(1)
        >>> try:
        ...     client.with_options(timeout=0.05, max_retries=0).list_threads()
        ... except APITimeoutError as error:
        ...     print(isinstance(error, TimeoutError))
        True
    """


class DeadlineExceededError(PixiGPTError, TimeoutError):
    """The call's `total_timeout`, or a `deadline()` block around it, ran out.

    Example:
        >>> server.delay(1)
        >>> try:
        ...     client.with_options(total_timeout=0.05).list_threads()
        ... except DeadlineExceededError as error:
        ...     print(error.method, error.path)
        GET /threads
    """


class APIResponseError(PixiGPTError):
    """A 2xx response that does not match the API schema: not JSON, of the wrong shape, or too large.

    Attributes:
        status_code: The HTTP status.
        request_id: The server's id for the request.
        excerpt: The beginning of the body.

    Example:
        >>> import httpx
        >>> from pixigpt import APIResponseError, Client
        >>> page = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>Welcome"))
        >>> with Client(api_key, transport=page) as elsewhere:
        ...     try:
        ...         elsewhere.list_threads()
        ...     except APIResponseError as error:
        ...         print(error.excerpt)
        <html>Welcome
    """

    def __init__(
        self, message: str = "", *, status_code: int = 0, request_id: str | None = None, excerpt: str = ""
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.request_id = request_id
        self.excerpt = excerpt

    def _cause(self) -> str:
        begins = "" if is_html(self.excerpt) else f"; the body begins {excerpt(self.excerpt)!r}"
        return f"{_status_line(self.status_code)}: {super()._cause()}{begins}"


class ClientClosedError(PixiGPTError, RuntimeError):
    """The client, or the `http_client` injected into it, was closed before the call.

    Example:
        >>> from pixigpt import Client, ClientClosedError
        >>> closed = Client(api_key, base_url)
        >>> closed.close()
        >>> try:
        ...     closed.list_threads()
        ... except ClientClosedError as error:
        ...     print(error.attempts, error.message)
        0 the client is closed
    """


class ToolFailedError(PixiGPTError):
    """`run_tools`: a tool raised an exception, the error's cause, or returned what JSON cannot tell.

    Attributes:
        call: The model's call.
        run: The run so far. Its `messages` tell the model no more than that the tool failed, and can be sent again.

    Example:
        >>> def weather(city: str) -> str:
        ...     raise ConnectionError("the weather service is down")
        >>> question = [{"role": "user", "content": "Warm in Paris?"}]
        >>> try:
        ...     client.run_tools(question, [weather], assistant_id=assistant_id)
        ... except ToolFailedError as error:
        ...     print(error.message, error.run.messages[-1].content, sep="; to the model: ")
        the tool weather failed: ConnectionError: the weather service is down; to the model: The tool failed.
    """

    def __init__(self, message: str = "", call: "ToolCall | None" = None, run: "ToolRun | None" = None) -> None:
        super().__init__(message)
        self.call = call
        self.run = run


class ToolRoundsError(PixiGPTError):
    """`run_tools`: the model still called tools after `max_rounds`.

    Attributes:
        run: The run so far, without the last answer. Its `messages` can be sent again.

    Example:
        >>> def ping() -> str: return "pong"
        >>> server.reply(tool_calls=[("ping", {})], times=3)
        >>> try:
        ...     client.run_tools([{"role": "user", "content": "Hi"}], [ping], assistant_id=assistant_id, max_rounds=2)
        ... except ToolRoundsError as error:
        ...     print(error.run.rounds, len(error.run.messages))
        2 5
    """

    def __init__(self, message: str = "", run: "ToolRun | None" = None) -> None:
        super().__init__(message)
        self.run = run


class ParseFailedError(PixiGPTError):
    """`parse_chat_completion`: no answer was of the type, nor were those after each repair.

    Attributes:
        completion: The last chat completion.
        messages: The whole conversation, which can be sent again.
        failures: Why each answer did not fit, one text for each.

    Example:
        >>> server.reply("Seven.", times=3)
        >>> question = [{"role": "user", "content": "How many days has a week?"}]
        >>> try:
        ...     client.parse_chat_completion(question, int, assistant_id=assistant_id)
        ... except ParseFailedError as error:
        ...     print(len(error.failures), error.failures[-1], sep=": ")
        3: it neither calls the function int nor holds JSON
    """

    def __init__(
        self,
        message: str = "",
        completion: "ChatCompletion | None" = None,
        messages: "Sequence[Message]" = (),
        failures: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.completion = completion
        self.messages = list(messages)
        self.failures = list(failures)


class IncompleteAnswerError(PixiGPTError):
    """`run_tools`, `parse_chat_completion`: an answer was cut off by its length, or withheld by a filter.

    Attributes:
        completion: The chat completion; its `finish_reason` is "length" or "content_filter".

    Example:
        >>> server.reply("It is", finish_reason="length")
        >>> try:
        ...     client.run_tools([{"role": "user", "content": "Hi"}], [], assistant_id=assistant_id)
        ... except IncompleteAnswerError as error:
        ...     print(error.completion.choices[0].message.content)
        It is
    """

    def __init__(self, message: str = "", completion: "ChatCompletion | None" = None) -> None:
        super().__init__(message)
        self.completion = completion


class RunError(PixiGPTError):
    """`wait_for_run` did not end with a completed run.

    Attributes:
        run: The run as last seen; None if no poll succeeded.

    Example:
        >>> thread = client.create_thread()
        >>> message = client.create_message(thread.id, "user", "/fail")
        >>> run = client.create_run(thread.id, assistant_id)
        >>> try:
        ...     client.wait_for_run(thread.id, run.id)
        ... except RunError as error:
        ...     print(error.run.status)
        failed
    """

    def __init__(self, message: str = "", run: "Run | None" = None) -> None:
        super().__init__(message)
        self.run = run


class RunFailedError(RunError):
    """The run ended as `failed`.

    Example:
        >>> thread = client.create_thread()
        >>> message = client.create_message(thread.id, "user", "/fail")
        >>> run = client.create_run(thread.id, assistant_id)
        >>> try:
        ...     client.wait_for_run(thread.id, run.id)
        ... except RunFailedError as error:
        ...     print(error.message)
        the run ended as failed
    """


class RunCancelledError(RunError):
    """The run ended as `cancelled`.

    Example:
        >>> thread = client.create_thread()
        >>> message = client.create_message(thread.id, "user", "/cancel")
        >>> run = client.create_run(thread.id, assistant_id)
        >>> try:
        ...     client.wait_for_run(thread.id, run.id)
        ... except RunCancelledError as error:
        ...     print(error.run.status)
        cancelled
    """


class RunExpiredError(RunError):
    """The run ended as `expired`.

    Example:
        >>> thread = client.create_thread()
        >>> message = client.create_message(thread.id, "user", "/expire")
        >>> run = client.create_run(thread.id, assistant_id)
        >>> try:
        ...     client.wait_for_run(thread.id, run.id)
        ... except RunExpiredError as error:
        ...     print(error.run.status)
        expired
    """


class RunTimeoutError(RunError, TimeoutError):
    """The run had not ended when `wait_for_run`'s timeout did.

    Example:
        >>> thread = client.create_thread()
        >>> message = client.create_message(thread.id, "user", "Hello!")
        >>> run = client.create_run(thread.id, assistant_id)
        >>> try:
        ...     client.wait_for_run(thread.id, run.id, timeout=0.02)
        ... except RunTimeoutError as error:
        ...     print(isinstance(error, TimeoutError))
        True
    """


def is_auth_error(error: BaseException) -> bool:
    """Return whether an error says that the key is missing or wrong.

    Args:
        error: Any exception.

    Returns:
        True for an `AuthenticationError`.

    Example:
        >>> is_auth_error(AuthenticationError("wrong key"))
        True
    """
    return isinstance(error, AuthenticationError)


def is_rate_limit_error(error: BaseException) -> bool:
    """Return whether an error says that there were too many requests.

    Args:
        error: Any exception.

    Returns:
        True for a `RateLimitError`.

    Example:
        >>> is_rate_limit_error(RateLimitError("slow down"))
        True
    """
    return isinstance(error, RateLimitError)


_BY_STATUS: Mapping[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}
_BY_TYPE: Mapping[str | None, type[APIError]] = {
    "authentication_error": AuthenticationError,
    "rate_limit_error": RateLimitError,
}
# What an error in a stream stands for, where it has no such number of its own.
_STATUS_BY_TYPE = {"authentication_error": 401, "invalid_request_error": 400, "rate_limit_error": 429}
RUN_ERRORS: Mapping[str, type[RunError]] = {
    "failed": RunFailedError,
    "cancelled": RunCancelledError,
    "expired": RunExpiredError,
}


def api_error(status_code: int, headers: httpx.Headers, body: object) -> APIError:
    """Return the error for a response outside 2xx, whatever its body is: decoded JSON, else text."""
    detail = _detail(body)
    kind = _text_or_none(detail.get("type"))
    return _class_for(status_code, kind)(
        _text_or_none(detail.get("message")) or _all_of(body, detail) or _status_line(status_code),
        status_code=status_code,
        type=kind,
        code=_text_or_none(detail.get("code")),
        request_id=headers.get("x-request-id"),
        headers=headers,
        body=body,
    )


def stream_error(headers: httpx.Headers, body: object) -> APIError:
    """Return the error that came in a stream: its class is that of its type, else of its code."""
    detail = _detail(body)
    code, kind = detail.get("code"), _text_or_none(detail.get("type"))
    status = code if isinstance(code, int) and 400 <= code <= 599 else _STATUS_BY_TYPE.get(kind or "", 500)
    error = api_error(status, headers, body)
    error.mid_stream = True
    return error


def stamp(
    error: ErrorT,
    method: str,
    path: str,
    url: str,
    attempts: int,
    elapsed: float,
    earlier: tuple[PixiGPTError, ...] = (),
) -> ErrorT:
    """Add to an error what is known of its call."""
    error.method, error.path, error.url = method, path, url
    error.attempts, error.elapsed, error.earlier = attempts, elapsed, earlier
    return error


def excerpt(text: str, length: int = _EXCERPT) -> str:
    """Return the beginning of a text, on one line, without surrogates, which could not be printed."""
    line = " ".join(text[: 4 * length].encode(errors="backslashreplace").decode().split())
    return line if len(line) <= length else f"{line[:length]}..."


def is_html(text: str) -> bool:
    """Return whether a text is a web page."""
    return text[:200].lstrip().lower().startswith(("<!doctype html", "<html"))


def _class_for(status_code: int, kind: str | None) -> type[APIError]:
    by_status = _BY_STATUS.get(status_code, ServerError if status_code >= 500 else APIError)
    return _BY_TYPE.get(kind, by_status)


def _detail(body: object) -> Mapping[object, object]:
    """Return the part of an error body that has `message`, `type` and `code`, in any of the forms that servers use."""
    if isinstance(body, str) and is_html(body):
        return {"message": "the response is a web page, not one of the API's"}
    if not isinstance(body, dict):
        return {"message": body}
    fields = cast("dict[object, object]", body)
    error = fields.get("error")
    if isinstance(error, dict):
        return cast("dict[object, object]", error)
    message = error or fields.get("message") or fields.get("detail")
    return {**fields, "message": message}


def _all_of(body: object, detail: Mapping[object, object]) -> str | None:
    """Return a whole error body as text, for one that has no message where others have it; None if it says nothing."""
    return _text_or_none(body) if any(detail.values()) else None


def _text_or_none(value: object) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _status_line(status_code: int) -> str:
    try:
        return f"{status_code} {HTTPStatus(status_code).phrase}"
    except ValueError:
        return str(status_code)

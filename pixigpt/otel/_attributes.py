"""What a call's request, its response and its error say of it, as attributes. No text of a user's or of a model's."""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from pixigpt import errors
from pixigpt.middleware._request import CallRequest, payload_of
from pixigpt.middleware._response import CallResponse, decoded
from pixigpt.otel import _names as names

Attributes = dict[str, Any]

_IN_PATH = (
    (re.compile(r"/threads/([^/]+)"), names.CONVERSATION_ID),
    (re.compile(r"/assistants/([^/]+)"), names.AGENT_ID),
    (re.compile(r"/runs/([^/]+)"), names.RUN_ID),
)
# The field of a response that is the id of what has been created.
_CREATED: Mapping[str, str] = {
    "create_assistant": names.AGENT_ID,
    "create_run": names.RUN_ID,
    "create_thread": names.CONVERSATION_ID,
}


# What is written here or by the app, and is the same for any key, also for one such as "test".
_OWN_WORDS = frozenset(
    {
        names.ERROR_TYPE,
        names.OPERATION_NAME,
        names.PROVIDER_NAME,
        names.REQUEST_MODEL,
        names.SERVER_ADDRESS,
        names.TOOL_NAME,
        names.TOOL_TYPE,
    }
)


def operation_of(request: CallRequest) -> str:
    """Return the conventions' name of an operation."""
    return names.OPERATIONS.get(request.operation, request.operation)


def common(operation: str, base_url: str) -> Attributes:
    """Return what spans and metrics have in common."""
    url = urlsplit(base_url)
    return {
        names.OPERATION_NAME: operation,
        names.PROVIDER_NAME: names.PROVIDER,
        names.SERVER_ADDRESS: url.hostname or "",
        names.SERVER_PORT: url.port or (443 if url.scheme == "https" else 80),
    }


def of_request(request: CallRequest) -> Attributes:
    """Return what a request says."""
    found = _ids(request)
    body = fields_of(payload_of(request).decoded)
    for field, (name, kinds) in names.REQUEST_FIELDS.items():
        value = body.get(field)
        if isinstance(value, kinds) and not isinstance(value, bool):
            found[name] = value
    if body.get("stream") is True:
        found[names.REQUEST_STREAM] = True
    if isinstance(choices := body.get("n"), int) and choices != 1:
        found[names.REQUEST_CHOICES] = choices
    if stop := _texts(body.get("stop")):
        found[names.REQUEST_STOP] = stop
    return found


def of_response(request: CallRequest, response: CallResponse) -> Attributes:
    """Return what a response says."""
    body = fields_of(decoded(response))
    found: Attributes = {names.ATTEMPTS: response.attempts}
    if response.request_id:
        found[names.REQUEST_ID] = response.request_id
    if isinstance(model := body.get("model"), str) and model:
        found[names.RESPONSE_MODEL] = model
    if isinstance(name := body.get("id"), str) and name:
        found[_CREATED.get(request.operation, names.RESPONSE_ID)] = name
    if response.first_chunk_after is not None:
        found[names.RESPONSE_FIRST_CHUNK] = response.first_chunk_after
        found[names.IS_COMPLETE] = response.is_complete
    choices = [fields_of(choice) for choice in items_of(body.get("choices"))]
    if reasons := _texts([choice.get("finish_reason") for choice in choices]):
        found[names.RESPONSE_FINISH_REASONS] = reasons
    vectors = [fields_of(each).get("embedding") for each in items_of(body.get("data"))[:1]]
    if vectors and isinstance(vectors[0], list):
        found[names.EMBEDDING_DIMENSIONS] = len(cast("list[object]", vectors[0]))
    return found | of_usage(response)


def of_usage(response: CallResponse) -> Attributes:
    """Return the tokens that a response has cost: none if nothing was sent for it, as by a cache."""
    usage = response.usage if response.attempts else None
    if usage is None:
        return {}
    rest = max(usage.total_tokens - usage.completion_tokens, 0)  # reranking tells no more than the sum
    found: Attributes = {names.INPUT_TOKENS: usage.prompt_tokens or rest}
    if usage.completion_tokens:
        found[names.OUTPUT_TOKENS] = usage.completion_tokens
    more = usage.additional_properties
    for details, field, name in (
        ("prompt_tokens_details", "cached_tokens", names.CACHED_TOKENS),
        ("completion_tokens_details", "reasoning_tokens", names.REASONING_TOKENS),
    ):
        if isinstance(count := fields_of(more.get(details)).get(field), int):
            found[name] = count
    return found


def of_error(error: BaseException) -> Attributes:
    """Return what an error says, without its text, which may quote what was sent."""
    found: Attributes = {names.ERROR_TYPE: type(cause_of(error)).__name__}
    if isinstance(error, errors.PixiGPTError):
        found[names.ATTEMPTS] = error.attempts
    if isinstance(error, errors.APIError):
        found[names.STATUS_CODE] = error.status_code
        if error.request_id:
            found[names.REQUEST_ID] = error.request_id
    return found


def cause_of(error: BaseException) -> BaseException:
    """Return what has closed a generator: cancellation, Ctrl-C, or an exception of another middleware."""
    cause = error
    while isinstance(cause, GeneratorExit) and cause.__context__ is not None:
        cause = cause.__context__
    return cause


def redacted(found: Attributes, redact: Callable[[str], str]) -> Attributes:
    """Return attributes with what others have written redacted."""
    return {name: value if name in _OWN_WORDS else _redacted(value, redact) for name, value in found.items()}


def fields_of(value: object) -> Mapping[str, Any]:
    """Return a JSON object; an empty one if the value is none."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def items_of(value: object) -> list[object]:
    """Return a JSON array; an empty one if the value is none."""
    return cast("list[object]", value) if isinstance(value, list) else []


def _redacted(value: object, redact: Callable[[str], str]) -> object:
    if isinstance(value, list):
        return [_redacted(each, redact) for each in cast("list[object]", value)]
    return redact(value) if isinstance(value, str) else value


def _ids(request: CallRequest) -> Attributes:
    found: Attributes = {}
    for pattern, name in _IN_PATH:
        if match := pattern.search(request.path):
            found[name] = unquote(match[1])
    if isinstance(agent := fields_of(payload_of(request).decoded).get("assistant_id"), str):
        found[names.AGENT_ID] = agent
    return found


def _texts(value: object) -> list[str]:
    given = [value] if isinstance(value, str) else items_of(value)
    return [each for each in given if isinstance(each, str)]

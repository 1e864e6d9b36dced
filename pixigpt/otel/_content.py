"""Prompts and answers as the conventions have them, for those who ask for content."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pixigpt.middleware._request import CallRequest, payload_of
from pixigpt.middleware._response import CallResponse, decoded
from pixigpt.otel import _names as names
from pixigpt.otel._attributes import Attributes, fields_of, items_of

Part = dict[str, Any]


def of_request(request: CallRequest) -> Attributes:
    """Return the messages, instructions and tools that a chat is asked with."""
    if request.operation != "create_chat_completion":
        return {}
    body = fields_of(payload_of(request).decoded)
    messages = [fields_of(each) for each in items_of(body.get("messages"))]
    instructions = [_text(each.get("content")) for each in messages if each.get("role") == "system"]
    rest = [_message(each) for each in messages if each.get("role") != "system"]
    tools = [
        {**fields_of(each).get("function", {}), "type": fields_of(each).get("type")}
        for each in items_of(body.get("tools"))
    ]
    found = {names.SYSTEM_INSTRUCTIONS: instructions, names.INPUT_MESSAGES: rest, names.TOOL_DEFINITIONS: tools}
    return {name: dumped(value) for name, value in found.items() if value}


def of_response(request: CallRequest, response: CallResponse) -> Attributes:
    """Return the messages that a chat is answered with."""
    choices = items_of(fields_of(decoded(response)).get("choices"))
    if request.operation != "create_chat_completion" or not choices:
        return {}
    return {names.OUTPUT_MESSAGES: dumped([_answer(fields_of(each)) for each in choices])}


def of_text(role: str, text: str) -> str:
    """Return one message with a text."""
    return dumped([{"role": role, "parts": [_text(text)]}])


def dumped(value: object) -> str:
    """Return a value as JSON, since spans hold no structures."""
    return json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace").decode()


def _answer(choice: Mapping[str, Any]) -> Part:
    message = _message({"role": "assistant", **fields_of(choice.get("message"))})
    if reasoning := choice.get("reasoning_content"):
        message["parts"].insert(0, {"type": "reasoning", "content": reasoning})
    return {**message, "finish_reason": choice.get("finish_reason")}


def _message(message: Mapping[str, Any]) -> Part:
    if message.get("role") == "tool":
        response = {"type": "tool_call_response", "id": message.get("tool_call_id"), "response": message.get("content")}
        return {"role": "tool", "parts": [response]}
    return {"role": message.get("role"), "parts": [*_parts(message)]}


def _parts(message: Mapping[str, Any]) -> Iterator[Part]:
    if message.get("content"):
        yield _text(message["content"])
    for call in items_of(message.get("tool_calls")):
        function = fields_of(fields_of(call).get("function"))
        arguments = _loaded(function.get("arguments"))
        yield {
            "type": "tool_call",
            "id": fields_of(call).get("id"),
            "name": function.get("name"),
            "arguments": arguments,
        }


def _text(content: object) -> Part:
    return {"type": "text", "content": content}


def _loaded(arguments: object) -> object:
    """Return a call's arguments as the object that their text is, if it is one."""
    try:
        return json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments

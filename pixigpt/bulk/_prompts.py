"""What a row of a batch asks: its id, the arguments of its chat, and what the API schema does not know."""

from collections.abc import Mapping
from typing import Any, cast

from attrs import define, frozen

from pixigpt.bulk._chats import chat_arguments, check_chat, request_id
from pixigpt.bulk._formats import Row
from pixigpt.bulk._template import Template

_LINE_KEYS = frozenset({"custom_id", "method", "url", "body"})
_CHAT_URL = "/v1/chat/completions"
_CHAT_FIELDS = frozenset({"messages", "temperature", "max_tokens", "tools", "assistant_id", "enable_thinking"})


@frozen
class Prompt:
    """What one row asks."""

    id: str
    arguments: Mapping[str, Any]
    extra_body: Mapping[str, Any]


@define
class PromptReader:
    """Turns rows into prompts, by the columns that the user names.

    Attributes:
        options: The chat options of every row that does not say otherwise.
        prompt_column: Where a row's prompt stands; None: in "prompt".
        id_column: Where its id stands; None: in "id", or its number where the file knows no ids of its own.
        template: What makes the prompt of the row's columns.
        is_numbered: Whether a row without an id column has its number for an id, as in CSV and Parquet.
    """

    options: Mapping[str, Any]
    prompt_column: str | None
    id_column: str | None
    template: Template | None
    is_numbered: bool

    def read(self, index: int, row: Row) -> Prompt:
        """Return what a row asks; raise ValueError that names the row if it is bad."""
        try:
            return self._read(index, row.fields)
        except (TypeError, ValueError) as cause:
            raise ValueError(f"{row.place}: {cause}") from cause

    def _read(self, index: int, fields: Mapping[str, object]) -> Prompt:
        if self.prompt_column or self.template or (self.is_numbered and fields.get("messages") is None):
            return Prompt(self._id(index, fields), chat_arguments(self.options, self.prompt(fields)), {})
        if self.is_numbered:  # every row has every column, so that one without an argument has a null
            fields = {key: value for key, value in fields.items() if value is not None}
        if fields.keys() & {"custom_id", "body"}:
            return self._line(fields)
        name = self.id_column or "id"
        arguments = chat_arguments(self.options, {key: value for key, value in fields.items() if key != name})
        if fields.keys() - {"prompt", name}:
            check_chat(arguments)
        return Prompt(self._id(index, fields), arguments, {})

    def _id(self, index: int, fields: Mapping[str, object]) -> str:
        name = self.id_column or "id"
        if self.is_numbered and self.id_column is None:
            return str(index)
        found = request_id({"id": fields.get(name)})
        if found is None:
            raise ValueError(f"it has no {name!r}")
        return found

    def prompt(self, fields: Mapping[str, object]) -> str:
        """Return the prompt of a row's columns; raise ValueError or TypeError if it has none."""
        name = self.prompt_column or "prompt"
        if self.template is not None:
            return self.template.fill({"prompt": fields[name], **fields} if name in fields else fields)
        if name not in fields:
            raise ValueError(f"it has no {name!r}; its columns are {', '.join(map(repr, fields))}")
        prompt = fields[name]
        if prompt is None:
            raise ValueError(f"its {name!r} is null")
        if not isinstance(prompt, str):
            raise TypeError(f"{name!r} must be a text, not {type(prompt).__name__}")
        return prompt

    def _line(self, fields: Mapping[str, object]) -> Prompt:
        """Return what a line in the form of OpenAI's batches asks."""
        given, body = request_id({"id": fields.get("custom_id")}), fields.get("body")
        if given is None:
            raise ValueError("it has no 'custom_id'")
        if fields.keys() - _LINE_KEYS or not isinstance(body, dict):
            raise ValueError("a line with a custom_id has custom_id, method, url and body, an object")
        if fields.get("method", "POST") != "POST" or fields.get("url", _CHAT_URL) != _CHAT_URL:
            raise ValueError(f"only POST {_CHAT_URL} is possible, not {fields.get('method')} {fields.get('url')}")
        asked = cast("dict[str, Any]", body)
        if asked.get("stream"):
            raise ValueError("a batch cannot stream")
        if "max_completion_tokens" in asked:
            asked = {"max_tokens": asked["max_completion_tokens"], **asked}
        known = {name: value for name, value in asked.items() if name in _CHAT_FIELDS}
        arguments = chat_arguments(self.options, known)
        left = asked.keys() - _CHAT_FIELDS - {"stream", "max_completion_tokens"}
        extra_body = {name: asked[name] for name in left}
        check_chat(arguments, extra_body)
        return Prompt(given, arguments, extra_body)

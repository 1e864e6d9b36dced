"""How rows become chats: what `run_batch` is told beside its files, checked, and the fingerprint of it all."""

import json
import uuid
from collections.abc import Mapping
from typing import Any, cast

from attrs import field, frozen

from pixigpt._checks import non_negative
from pixigpt.bulk._chats import check_options
from pixigpt.bulk._prompts import PromptReader
from pixigpt.bulk._template import Template
from pixigpt_api.models import Usage

_NAMESPACE = uuid.UUID("6f2a4f6e-6d0c-5d0a-9a52-3c1f2a7f4b11")
_MILLION = 1e6


@frozen(kw_only=True)
class BatchArguments:
    """How rows become chats, and what tokens cost."""

    prompt_column: str | None
    id_column: str | None
    template: str | None
    price: tuple[float, float] | None
    chat_options: Mapping[str, Any]
    extra_body: Mapping[str, object]  # the client's
    function: str = "run_batch"  # for messages
    _template: Template | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        check_options(self.function, self.chat_options)
        check_column("prompt_column", self.prompt_column)
        check_column("id_column", self.id_column)
        if self.price is not None:
            _check_price(self.price)
        object.__setattr__(self, "_template", None if self.template is None else Template(self.template))

    @property
    def fingerprint(self) -> uuid.UUID:
        """What an output is bound to: everything that shapes its lines but the input, which may grow."""
        shapes: dict[str, object] = {
            "id_column": self.id_column,
            "options": {name: value for name, value in self.chat_options.items() if value is not None},
            "prompt_column": self.prompt_column,
            "template": self.template,
        }
        if self.extra_body:
            shapes["extra_body"] = self.extra_body
        return uuid.uuid5(_NAMESPACE, json.dumps(shapes, sort_keys=True, default=_as_data))

    def reader(self, *, is_numbered: bool) -> PromptReader:
        """Return what reads rows; `is_numbered` if a row's number is its id where none is named."""
        return PromptReader(self.chat_options, self.prompt_column, self.id_column, self._template, is_numbered)

    def cost(self, usage: Usage) -> float | None:
        """Return what some tokens cost; None without a price."""
        if self.price is None:
            return None
        read, written = self.price
        return (usage.prompt_tokens * read + usage.completion_tokens * written) / _MILLION


def check_column(name: str, column: object) -> None:
    """Raise ValueError or TypeError if a column cannot be one's name; None is none."""
    if column is not None and not isinstance(column, str):
        raise TypeError(f"{name} must be the name of a column, not {type(column).__name__}")
    if column == "":
        raise ValueError(f"{name} must not be empty")


def _check_price(price: object) -> None:
    if not isinstance(price, tuple | list) or len(cast("tuple[object, ...]", price)) != 2:
        raise TypeError("price must be two numbers per million tokens, read and written: (input, output)")
    for each in cast("tuple[object, ...]", price):
        non_negative("price", each)


def _as_data(value: Any) -> object:  # noqa: ANN401  # a generated object, such as a Tool, or a mapping that is no dict
    return value.to_dict() if hasattr(value, "to_dict") else dict(value)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset

T = TypeVar("T", bound="CreateRunRequest")


@_attrs_define(eq=False, repr=False)
class CreateRunRequest(Model):
    """Which assistant to start, and how.

    Attributes:
        assistant_id (str): The assistant that answers. Example: asst_1.
        enable_thinking (bool | Unset): Whether the model reasons before it answers; absent means true. Example: True.
        temperature (float | Unset): Randomness from 0 to 2; 0 and absent mean 0.6. Example: 0.6.
        max_tokens (int | Unset): Tokens to generate at most; absent means no limit. With thinking on, less than 3,000
            becomes 3,000. Example: 4000.
    """

    assistant_id: str
    enable_thinking: bool | Unset = UNSET
    temperature: float | Unset = UNSET
    max_tokens: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        assistant_id = self.assistant_id

        enable_thinking = self.enable_thinking

        temperature = self.temperature

        max_tokens = self.max_tokens

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "assistant_id": assistant_id,
            }
        )
        if enable_thinking is not UNSET:
            field_dict["enable_thinking"] = enable_thinking
        if temperature is not UNSET:
            field_dict["temperature"] = temperature
        if max_tokens is not UNSET:
            field_dict["max_tokens"] = max_tokens

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        assistant_id = d.pop("assistant_id")

        enable_thinking = d.pop("enable_thinking", UNSET)

        temperature = d.pop("temperature", UNSET)

        max_tokens = d.pop("max_tokens", UNSET)

        create_run_request = cls(
            assistant_id=assistant_id,
            enable_thinking=enable_thinking,
            temperature=temperature,
            max_tokens=max_tokens,
        )

        create_run_request.additional_properties = d
        return create_run_request

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "assistant_id": ("assistant_id", True),
        "enable_thinking": ("enable_thinking", False),
        "temperature": ("temperature", False),
        "max_tokens": ("max_tokens", False),
    }

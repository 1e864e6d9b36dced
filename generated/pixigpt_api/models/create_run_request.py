from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CreateRunRequest")


@_attrs_define
class CreateRunRequest:
    """Which assistant to start, and how."""

    assistant_id: str
    """ The assistant that answers. """
    enable_thinking: bool | Unset = UNSET
    """ Whether the model reasons before it answers; absent means true. """
    temperature: float | Unset = UNSET
    """ Randomness from 0 to 2; 0 or absent means 0.6. """
    max_tokens: int | Unset = UNSET
    """ Tokens to generate at the most; absent means no limit. With thinking on, at least 3,000. """
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

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties

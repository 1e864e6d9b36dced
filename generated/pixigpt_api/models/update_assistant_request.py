from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset

T = TypeVar("T", bound="UpdateAssistantRequest")


@_attrs_define(eq=False, repr=False)
class UpdateAssistantRequest(Model):
    """An assistant's new name, instructions and tools.

    Attributes:
        name (str): What it is called. Example: Geographer.
        instructions (str): What it is told before every conversation. Example: You know every capital..
        tools_config (str | Unset): Its tools; the server alone reads this text. Example: {}.
    """

    name: str
    instructions: str
    tools_config: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        instructions = self.instructions

        tools_config = self.tools_config

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "instructions": instructions,
            }
        )
        if tools_config is not UNSET:
            field_dict["tools_config"] = tools_config

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        instructions = d.pop("instructions")

        tools_config = d.pop("tools_config", UNSET)

        update_assistant_request = cls(
            name=name,
            instructions=instructions,
            tools_config=tools_config,
        )

        update_assistant_request.additional_properties = d
        return update_assistant_request

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "name": ("name", True),
        "instructions": ("instructions", True),
        "tools_config": ("tools_config", False),
    }

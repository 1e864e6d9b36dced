from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.assistant_object import AssistantObject, check_assistant_object
from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="Assistant")


@_attrs_define(eq=False, repr=False)
class Assistant(Model):
    """A model with a name, instructions and tools.

    Attributes:
        id (str): The assistant's id. Example: asst_1.
        object_ (AssistantObject): Always `assistant`. Example: assistant.
        created_at (int): When it was created, in unix seconds. Example: 1760000000.
        name (str): What it is called. Example: Geographer.
        instructions (str): What it is told before every conversation. Example: You know every capital..
        tools_config (None | str | Unset): Its tools; the server alone reads this text. Example: {}.
    """

    id: str
    object_: AssistantObject
    created_at: int
    name: str
    instructions: str
    tools_config: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        object_: str = self.object_

        created_at = self.created_at

        name = self.name

        instructions = self.instructions

        tools_config: None | str | Unset
        if isinstance(self.tools_config, Unset):
            tools_config = UNSET
        else:
            tools_config = self.tools_config

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "object": object_,
                "created_at": created_at,
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
        id = d.pop("id")

        object_ = check_assistant_object(d.pop("object"))

        created_at = d.pop("created_at")

        name = d.pop("name")

        instructions = d.pop("instructions")

        tools_config: None | str | Unset = take(d, "tools_config")

        assistant = cls(
            id=id,
            object_=object_,
            created_at=created_at,
            name=name,
            instructions=instructions,
            tools_config=tools_config,
        )

        assistant.additional_properties = d
        return assistant

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "id": ("id", True),
        "object": ("object_", True),
        "created_at": ("created_at", True),
        "name": ("name", True),
        "instructions": ("instructions", True),
        "tools_config": ("tools_config", False),
    }

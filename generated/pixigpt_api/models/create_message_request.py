from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.role import Role, check_role
from ..types import Model

T = TypeVar("T", bound="CreateMessageRequest")


@_attrs_define(eq=False, repr=False)
class CreateMessageRequest(Model):
    """A message for a thread.

    Attributes:
        role (Role): Who speaks. Example: user.
        content (str): The text. Example: What is the capital of France?.
    """

    role: Role
    content: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        role: str = self.role

        content = self.content

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "role": role,
                "content": content,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        role = check_role(d.pop("role"))

        content = d.pop("content")

        create_message_request = cls(
            role=role,
            content=content,
        )

        create_message_request.additional_properties = d
        return create_message_request

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "role": ("role", True),
        "content": ("content", True),
    }

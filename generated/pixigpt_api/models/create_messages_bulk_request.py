from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model

T = TypeVar("T", bound="CreateMessagesBulkRequest")


@_attrs_define(eq=False, repr=False)
class CreateMessagesBulkRequest(Model):
    """Several messages for a thread.

    Attributes:
        messages (list[CreateMessageRequest]): The messages, oldest first.
    """

    messages: list[CreateMessageRequest]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        messages = []
        for messages_item_data in self.messages:
            messages_item = messages_item_data.to_dict()
            messages.append(messages_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "messages": messages,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        messages = []
        _messages = d.pop("messages")
        for messages_item_data in _messages:
            messages_item = CreateMessageRequest.from_dict(messages_item_data)

            messages.append(messages_item)

        create_messages_bulk_request = cls(
            messages=messages,
        )

        create_messages_bulk_request.additional_properties = d
        return create_messages_bulk_request

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "messages": ("messages", True),
    }


from ..models.create_message_request import CreateMessageRequest

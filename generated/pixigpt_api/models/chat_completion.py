from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.chat_completion_object import (
    ChatCompletionObject,
    check_chat_completion_object,
)
from ..types import Model

T = TypeVar("T", bound="ChatCompletion")


@_attrs_define(eq=False, repr=False)
class ChatCompletion(Model):
    """The model's answer to a conversation.

    Attributes:
        id (str): The completion's id. Example: chatcmpl-1.
        object_ (ChatCompletionObject): Always `chat.completion`. Example: chat.completion.
        created (int): When it was made, in unix seconds. Example: 1760000000.
        model (str): The model that answered. Example: pixi.
        choices (list[Choice]): The answers; the first one is the one to use.
        usage (Usage): Tokens that a call has used.
    """

    id: str
    object_: ChatCompletionObject
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        object_: str = self.object_

        created = self.created

        model = self.model

        choices = []
        for choices_item_data in self.choices:
            choices_item = choices_item_data.to_dict()
            choices.append(choices_item)

        usage = self.usage.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "object": object_,
                "created": created,
                "model": model,
                "choices": choices,
                "usage": usage,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        object_ = check_chat_completion_object(d.pop("object"))

        created = d.pop("created")

        model = d.pop("model")

        choices = []
        _choices = d.pop("choices")
        for choices_item_data in _choices:
            choices_item = Choice.from_dict(choices_item_data)

            choices.append(choices_item)

        usage = Usage.from_dict(d.pop("usage"))

        chat_completion = cls(
            id=id,
            object_=object_,
            created=created,
            model=model,
            choices=choices,
            usage=usage,
        )

        chat_completion.additional_properties = d
        return chat_completion

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "id": ("id", True),
        "object": ("object_", True),
        "created": ("created", True),
        "model": ("model", True),
        "choices": ("choices", True),
        "usage": ("usage", True),
    }


from ..models.choice import Choice
from ..models.usage import Usage

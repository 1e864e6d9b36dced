from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="ChatCompletionChunk")


@_attrs_define(eq=False, repr=False)
class ChatCompletionChunk(Model):
    """A piece of a streamed chat completion, the data of one server-sent event.

    Attributes:
        choices (list[ChunkChoice]): What each choice gains; empty in the chunk that tells the usage.
        id (None | str | Unset): The completion's id, the same in each of its chunks. Example: chatcmpl-1.
        object_ (None | str | Unset): `chat.completion.chunk`. Example: chat.completion.chunk.
        created (int | None | Unset): When the completion was begun, in unix seconds. Example: 1760000000.
        model (None | str | Unset): The model that answers. Example: pixi.
        usage (None | Unset | Usage):
    """

    choices: list[ChunkChoice]
    id: None | str | Unset = UNSET
    object_: None | str | Unset = UNSET
    created: int | None | Unset = UNSET
    model: None | str | Unset = UNSET
    usage: None | Unset | Usage = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        choices = []
        for choices_item_data in self.choices:
            choices_item = choices_item_data.to_dict()
            choices.append(choices_item)

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        object_: None | str | Unset
        if isinstance(self.object_, Unset):
            object_ = UNSET
        else:
            object_ = self.object_

        created: int | None | Unset
        if isinstance(self.created, Unset):
            created = UNSET
        else:
            created = self.created

        model: None | str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        else:
            model = self.model

        usage: dict[str, Any] | None | Unset
        if isinstance(self.usage, Unset):
            usage = UNSET
        elif isinstance(self.usage, Usage):
            usage = self.usage.to_dict()
        else:
            usage = self.usage

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "choices": choices,
            }
        )
        if id is not UNSET:
            field_dict["id"] = id
        if object_ is not UNSET:
            field_dict["object"] = object_
        if created is not UNSET:
            field_dict["created"] = created
        if model is not UNSET:
            field_dict["model"] = model
        if usage is not UNSET:
            field_dict["usage"] = usage

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        choices = []
        _choices = d.pop("choices")
        for choices_item_data in _choices:
            choices_item = ChunkChoice.from_dict(choices_item_data)

            choices.append(choices_item)

        id: None | str | Unset = take(d, "id")

        object_: None | str | Unset = take(d, "object")

        created: int | None | Unset = take(d, "created")

        model: None | str | Unset = take(d, "model")

        def _parse_usage(data: object) -> None | Unset | Usage:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                usage_type_0 = Usage.from_dict(data)

                return usage_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | Usage, data)

        usage = _parse_usage(take(d, "usage"))

        chat_completion_chunk = cls(
            choices=choices,
            id=id,
            object_=object_,
            created=created,
            model=model,
            usage=usage,
        )

        chat_completion_chunk.additional_properties = d
        return chat_completion_chunk

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "choices": ("choices", True),
        "id": ("id", False),
        "object": ("object_", False),
        "created": ("created", False),
        "model": ("model", False),
        "usage": ("usage", False),
    }


from ..models.chunk_choice import ChunkChoice
from ..models.usage import Usage

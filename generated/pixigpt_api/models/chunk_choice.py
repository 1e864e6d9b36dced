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

from ..models.finish_reason import FinishReason, check_finish_reason
from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="ChunkChoice")


@_attrs_define(eq=False, repr=False)
class ChunkChoice(Model):
    """What one choice gains by a chunk.

    Attributes:
        index (int | None | Unset): The choice's place in the completion, from 0. Example: 0.
        delta (ChunkDelta | Unset): What a choice's message gains by a chunk.
        finish_reason (FinishReason | None | Unset):
        reasoning_content (None | str | Unset): More of the chain of thought, where a server puts it on the choice.
            Example: The user asks.
    """

    index: int | None | Unset = UNSET
    delta: ChunkDelta | Unset = UNSET
    finish_reason: FinishReason | None | Unset = UNSET
    reasoning_content: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        index: int | None | Unset
        if isinstance(self.index, Unset):
            index = UNSET
        else:
            index = self.index

        delta: dict[str, Any] | Unset = UNSET
        if not isinstance(self.delta, Unset):
            delta = self.delta.to_dict()

        finish_reason: None | str | Unset
        if isinstance(self.finish_reason, Unset):
            finish_reason = UNSET
        elif isinstance(self.finish_reason, str):
            finish_reason = self.finish_reason
        else:
            finish_reason = self.finish_reason

        reasoning_content: None | str | Unset
        if isinstance(self.reasoning_content, Unset):
            reasoning_content = UNSET
        else:
            reasoning_content = self.reasoning_content

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if index is not UNSET:
            field_dict["index"] = index
        if delta is not UNSET:
            field_dict["delta"] = delta
        if finish_reason is not UNSET:
            field_dict["finish_reason"] = finish_reason
        if reasoning_content is not UNSET:
            field_dict["reasoning_content"] = reasoning_content

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        index: int | None | Unset = take(d, "index")

        _delta = d.pop("delta", UNSET)
        delta: ChunkDelta | Unset
        if isinstance(_delta, Unset):
            delta = UNSET
        else:
            delta = ChunkDelta.from_dict(_delta)

        def _parse_finish_reason(data: object) -> FinishReason | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finish_reason_type_0 = check_finish_reason(data)

                return finish_reason_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FinishReason | None | Unset, data)

        finish_reason = _parse_finish_reason(take(d, "finish_reason"))

        reasoning_content: None | str | Unset = take(d, "reasoning_content")

        chunk_choice = cls(
            index=index,
            delta=delta,
            finish_reason=finish_reason,
            reasoning_content=reasoning_content,
        )

        chunk_choice.additional_properties = d
        return chunk_choice

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "index": ("index", False),
        "delta": ("delta", False),
        "finish_reason": ("finish_reason", False),
        "reasoning_content": ("reasoning_content", False),
    }


from ..models.chunk_delta import ChunkDelta

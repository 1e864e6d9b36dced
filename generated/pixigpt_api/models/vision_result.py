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

T = TypeVar("T", bound="VisionResult")


@_attrs_define(eq=False, repr=False)
class VisionResult(Model):
    """What the model has seen.

    Attributes:
        result (str): The answer. Example: A cat that wears a hat..
        usage (Usage): Tokens that a call has used.
    """

    result: str
    usage: Usage
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        result = self.result

        usage = self.usage.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "result": result,
                "usage": usage,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        result = d.pop("result")

        usage = Usage.from_dict(d.pop("usage"))

        vision_result = cls(
            result=result,
            usage=usage,
        )

        vision_result.additional_properties = d
        return vision_result

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "result": ("result", True),
        "usage": ("usage", True),
    }


from ..models.usage import Usage

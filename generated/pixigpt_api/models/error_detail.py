from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="ErrorDetail")


@_attrs_define(eq=False, repr=False)
class ErrorDetail(Model):
    """What went wrong.

    Attributes:
        message (str): The cause, for people. Example: There is no thread thread_9..
        type_ (str): The kind of failure, such as authentication_error, rate_limit_error or invalid_request_error.
            Example: invalid_request_error.
        code (None | str | Unset): The cause, for programs. Example: not_found.
    """

    message: str
    type_: str
    code: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message

        type_ = self.type_

        code: None | str | Unset
        if isinstance(self.code, Unset):
            code = UNSET
        else:
            code = self.code

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "message": message,
                "type": type_,
            }
        )
        if code is not UNSET:
            field_dict["code"] = code

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        message = d.pop("message")

        type_ = d.pop("type")

        code: None | str | Unset = take(d, "code")

        error_detail = cls(
            message=message,
            type_=type_,
            code=code,
        )

        error_detail.additional_properties = d
        return error_detail

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "message": ("message", True),
        "type": ("type_", True),
        "code": ("code", False),
    }

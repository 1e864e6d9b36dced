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

from ..models.thread_object import ThreadObject, check_thread_object
from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="Thread")


@_attrs_define(eq=False, repr=False)
class Thread(Model):
    """A conversation that the server remembers.

    Attributes:
        id (str): The thread's id. Example: thread_1.
        object_ (ThreadObject): Always `thread`. Example: thread.
        created_at (int): When it was opened, in unix seconds. Example: 1760000000.
        metadata (None | ThreadMetadata | Unset): What the server keeps about the thread.
    """

    id: str
    object_: ThreadObject
    created_at: int
    metadata: None | ThreadMetadata | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        object_: str = self.object_

        created_at = self.created_at

        metadata: dict[str, Any] | None | Unset
        if isinstance(self.metadata, Unset):
            metadata = UNSET
        elif isinstance(self.metadata, ThreadMetadata):
            metadata = self.metadata.to_dict()
        else:
            metadata = self.metadata

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "object": object_,
                "created_at": created_at,
            }
        )
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        object_ = check_thread_object(d.pop("object"))

        created_at = d.pop("created_at")

        def _parse_metadata(data: object) -> None | ThreadMetadata | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                metadata_type_0 = ThreadMetadata.from_dict(data)

                return metadata_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ThreadMetadata | Unset, data)

        metadata = _parse_metadata(take(d, "metadata"))

        thread = cls(
            id=id,
            object_=object_,
            created_at=created_at,
            metadata=metadata,
        )

        thread.additional_properties = d
        return thread

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "id": ("id", True),
        "object": ("object_", True),
        "created_at": ("created_at", True),
        "metadata": ("metadata", False),
    }


from ..models.thread_metadata import ThreadMetadata

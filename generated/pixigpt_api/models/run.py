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

from ..models.run_object import RunObject, check_run_object
from ..models.run_status import RunStatus, check_run_status
from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="Run")


@_attrs_define(eq=False, repr=False)
class Run(Model):
    """An assistant at work on a thread.

    Attributes:
        id (str): The run's id. Example: run_1.
        object_ (RunObject): Always `thread.run`. Example: thread.run.
        created_at (int): When it was started, in unix seconds. Example: 1760000000.
        thread_id (str): The thread that it works on. Example: thread_1.
        assistant_id (str): The assistant that answers. Example: asst_1.
        status (RunStatus): How far a run has come. Example: completed.
        model (str): The model that answers. Example: pixi.
        message (None | ThreadMessage | Unset): The answer, once the run is completed.
    """

    id: str
    object_: RunObject
    created_at: int
    thread_id: str
    assistant_id: str
    status: RunStatus
    model: str
    message: None | ThreadMessage | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        object_: str = self.object_

        created_at = self.created_at

        thread_id = self.thread_id

        assistant_id = self.assistant_id

        status: str = self.status

        model = self.model

        message: dict[str, Any] | None | Unset
        if isinstance(self.message, Unset):
            message = UNSET
        elif isinstance(self.message, ThreadMessage):
            message = self.message.to_dict()
        else:
            message = self.message

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "object": object_,
                "created_at": created_at,
                "thread_id": thread_id,
                "assistant_id": assistant_id,
                "status": status,
                "model": model,
            }
        )
        if message is not UNSET:
            field_dict["message"] = message

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        object_ = check_run_object(d.pop("object"))

        created_at = d.pop("created_at")

        thread_id = d.pop("thread_id")

        assistant_id = d.pop("assistant_id")

        status = check_run_status(d.pop("status"))

        model = d.pop("model")

        def _parse_message(data: object) -> None | ThreadMessage | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                message_type_0 = ThreadMessage.from_dict(data)

                return message_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ThreadMessage | Unset, data)

        message = _parse_message(take(d, "message"))

        run = cls(
            id=id,
            object_=object_,
            created_at=created_at,
            thread_id=thread_id,
            assistant_id=assistant_id,
            status=status,
            model=model,
            message=message,
        )

        run.additional_properties = d
        return run

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "id": ("id", True),
        "object": ("object_", True),
        "created_at": ("created_at", True),
        "thread_id": ("thread_id", True),
        "assistant_id": ("assistant_id", True),
        "status": ("status", True),
        "model": ("model", True),
        "message": ("message", False),
    }


from ..models.thread_message import ThreadMessage

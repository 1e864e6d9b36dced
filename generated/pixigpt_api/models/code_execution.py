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

T = TypeVar("T", bound="CodeExecution")


@_attrs_define(eq=False, repr=False)
class CodeExecution(Model):
    """Code that a tool of the assistant has run.

    Attributes:
        id (str): The execution's id. Example: code_1.
        language (str): The programming language. Example: python.
        code (str): What was run. Example: print(1 + 1).
        stdout (None | str | Unset): What it printed. Example: 2.
        stderr (None | str | Unset): What it printed as errors.
        execution_time_ms (int | None | Unset): How long it took, in milliseconds. Example: 12.
    """

    id: str
    language: str
    code: str
    stdout: None | str | Unset = UNSET
    stderr: None | str | Unset = UNSET
    execution_time_ms: int | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        language = self.language

        code = self.code

        stdout: None | str | Unset
        if isinstance(self.stdout, Unset):
            stdout = UNSET
        else:
            stdout = self.stdout

        stderr: None | str | Unset
        if isinstance(self.stderr, Unset):
            stderr = UNSET
        else:
            stderr = self.stderr

        execution_time_ms: int | None | Unset
        if isinstance(self.execution_time_ms, Unset):
            execution_time_ms = UNSET
        else:
            execution_time_ms = self.execution_time_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "language": language,
                "code": code,
            }
        )
        if stdout is not UNSET:
            field_dict["stdout"] = stdout
        if stderr is not UNSET:
            field_dict["stderr"] = stderr
        if execution_time_ms is not UNSET:
            field_dict["execution_time_ms"] = execution_time_ms

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        language = d.pop("language")

        code = d.pop("code")

        stdout: None | str | Unset = take(d, "stdout")

        stderr: None | str | Unset = take(d, "stderr")

        execution_time_ms: int | None | Unset = take(d, "execution_time_ms")

        code_execution = cls(
            id=id,
            language=language,
            code=code,
            stdout=stdout,
            stderr=stderr,
            execution_time_ms=execution_time_ms,
        )

        code_execution.additional_properties = d
        return code_execution

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "id": ("id", True),
        "language": ("language", True),
        "code": ("code", True),
        "stdout": ("stdout", False),
        "stderr": ("stderr", False),
        "execution_time_ms": ("execution_time_ms", False),
    }

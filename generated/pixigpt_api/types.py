"""Contains some shared types for properties"""

import json
from collections.abc import Iterator, Mapping, MutableMapping
from http import HTTPStatus
from types import MappingProxyType
from typing import (
    IO,
    TYPE_CHECKING,
    Any,
    BinaryIO,
    ClassVar,
    Generic,
    Self,
    TypeAlias,
    TypeVar,
)

from attrs import define

if TYPE_CHECKING:
    Unset: TypeAlias = None
else:
    Unset = type(None)
UNSET: Unset = None

# The types that `httpx.Client(files=)` can accept, copied from that library.
FileContent = IO[bytes] | bytes | str
FileTypes = (
    # (filename, file (or bytes), content_type)
    tuple[str | None, FileContent, str | None]
    # (filename, file (or bytes), content_type, headers)
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
RequestFiles = list[tuple[str, FileTypes]]


@define
class File:
    """Contains information for file uploads"""

    payload: BinaryIO
    file_name: str | None = None
    mime_type: str | None = None

    def to_tuple(self) -> FileTypes:
        """Return a tuple representation that httpx will accept for multipart/form-data"""
        return self.file_name, self.payload, self.mime_type


_LONGEST_LIST = 8  # in a repr: an embedding has 1,024 numbers


class Model(Mapping[str, Any]):
    """An object of the API: its fields are attributes, and it is a read-only mapping by their names in JSON.

    Fields that this version does not know are in the mapping too. An optional field that is absent is None as an
    attribute, and not in the mapping.
    """

    __slots__ = ()

    _fields: ClassVar[dict[str, tuple[str, bool]]] = {}
    additional_properties: Any = MappingProxyType({})  # of a model that allows none

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts and lists, as they stand in JSON."""
        raise NotImplementedError  # each model has its own

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Create an object from decoded JSON; raise KeyError, TypeError or ValueError if it does not fit."""
        raise NotImplementedError  # each model has its own

    def to_json(self) -> str:
        """Return JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __getitem__(self, key: str) -> Any:
        if key in self._fields:
            attribute, is_required = self._fields[key]
            value = getattr(self, attribute)
            if value is not None or is_required:
                return value
        return self.additional_properties[key]

    def __iter__(self) -> Iterator[str]:
        known = (
            key
            for key, (attribute, is_required) in self._fields.items()
            if is_required or getattr(self, attribute) is not None
        )
        # a key once, though it may have come as null, which is kept there, and been set since
        return iter(dict.fromkeys((*known, *self.additional_properties)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __eq__(self, other: object) -> bool:
        # Here, since attrs would take 2 ms of each program's start to write and compile one for each model.
        return (
            self._values() == other._values()
            if type(self) is type(other)
            else NotImplemented
        )

    def __bool__(self) -> bool:
        return True  # also where nothing is in it, as for any object

    def __repr__(self) -> str:
        known = [
            (attribute, getattr(self, attribute))
            for attribute, _ in self._fields.values()
        ]
        fields = [*known, *self.additional_properties.items()]
        shown = [
            f"{name}={_short(value)}"
            for name, value in fields
            if value not in (None, "", [], {})
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_markdown_(self) -> str | None:
        """Show a chat completion's text in Jupyter; None leaves any other model to its repr."""
        choices = self.get("choices")
        message = getattr(choices[0], "message", None) if choices else None
        return None if message is None else message.content

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Tell pydantic, which alone calls this, how to validate and serialize the model."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls._validated,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell pydantic what the model is in a JSON schema."""
        required = [key for key, (_, is_required) in cls._fields.items() if is_required]
        return {"title": cls.__name__, "type": "object", "required": required}

    def _values(self) -> list[Any]:
        return [
            *(getattr(self, attribute) for attribute, _ in self._fields.values()),
            self.additional_properties,
        ]

    @classmethod
    def _validated(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(
                f"a {cls.__name__} or a mapping is needed, not {type(value).__name__}"
            )
        try:
            return cls.from_dict(value)
        except (AttributeError, KeyError, TypeError) as cause:
            raise ValueError(f"this is no {cls.__name__}: {cause!r}") from cause


def take(src_dict: dict[str, Any], key: str) -> Any:
    """Take an optional field out of decoded JSON. A null stays there, so that `to_dict()` gives it back."""
    return UNSET if src_dict.get(key) is None else src_dict.pop(key)


def _short(value: object) -> str:
    if isinstance(value, list) and len(value) > _LONGEST_LIST:
        return f"[{', '.join(map(repr, value[:3]))}, ... {len(value):,} in all]"
    return repr(value)


T = TypeVar("T")


@define
class Response(Generic[T]):
    """A response from an endpoint"""

    status_code: HTTPStatus
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None


__all__ = [
    "UNSET",
    "File",
    "FileTypes",
    "Model",
    "RequestFiles",
    "Response",
    "Unset",
    "take",
]

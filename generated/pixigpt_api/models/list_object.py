from typing import Literal

ListObject = Literal["list"]

LIST_OBJECT_VALUES: set[ListObject] = {
    "list",
}


def check_list_object(value: str) -> ListObject:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

from typing import Literal, cast

ListObject = Literal["list"]

LIST_OBJECT_VALUES: set[ListObject] = {
    "list",
}


def check_list_object(value: str) -> ListObject:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return cast(ListObject, value)

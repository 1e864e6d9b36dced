from typing import Literal

ThreadObject = Literal["thread"]

THREAD_OBJECT_VALUES: set[ThreadObject] = {
    "thread",
}


def check_thread_object(value: str) -> ThreadObject:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

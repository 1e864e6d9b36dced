from typing import Literal

ThreadMessageObject = Literal["thread.message"]

THREAD_MESSAGE_OBJECT_VALUES: set[ThreadMessageObject] = {
    "thread.message",
}


def check_thread_message_object(value: str) -> ThreadMessageObject:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

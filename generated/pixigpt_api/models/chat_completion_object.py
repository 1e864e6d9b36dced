from typing import Literal

ChatCompletionObject = Literal["chat.completion"]

CHAT_COMPLETION_OBJECT_VALUES: set[ChatCompletionObject] = {
    "chat.completion",
}


def check_chat_completion_object(value: str) -> ChatCompletionObject:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

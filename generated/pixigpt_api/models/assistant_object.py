from typing import Literal

AssistantObject = Literal["assistant"]

ASSISTANT_OBJECT_VALUES: set[AssistantObject] = {
    "assistant",
}


def check_assistant_object(value: str) -> AssistantObject:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

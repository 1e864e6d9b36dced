from typing import Literal, cast

FinishReason = Literal["content_filter", "length", "stop", "tool_calls"]

FINISH_REASON_VALUES: set[FinishReason] = {
    "content_filter",
    "length",
    "stop",
    "tool_calls",
}


def check_finish_reason(value: str) -> FinishReason:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return cast(FinishReason, value)

from typing import Literal

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
    return value  # type: ignore[return-value]

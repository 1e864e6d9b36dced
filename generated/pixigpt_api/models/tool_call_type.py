from typing import Literal

ToolCallType = Literal["function"]

TOOL_CALL_TYPE_VALUES: set[ToolCallType] = {
    "function",
}


def check_tool_call_type(value: str) -> ToolCallType:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

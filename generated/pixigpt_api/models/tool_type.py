from typing import Literal

ToolType = Literal["function"]

TOOL_TYPE_VALUES: set[ToolType] = {
    "function",
}


def check_tool_type(value: str) -> ToolType:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

from typing import Literal

Role = Literal["assistant", "system", "tool", "user"]

ROLE_VALUES: set[Role] = {
    "assistant",
    "system",
    "tool",
    "user",
}


def check_role(value: str) -> Role:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

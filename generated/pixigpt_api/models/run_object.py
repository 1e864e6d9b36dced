from typing import Literal

RunObject = Literal["thread.run"]

RUN_OBJECT_VALUES: set[RunObject] = {
    "thread.run",
}


def check_run_object(value: str) -> RunObject:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

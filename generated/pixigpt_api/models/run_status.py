from typing import Literal

RunStatus = Literal[
    "cancelled", "completed", "expired", "failed", "in_progress", "queued"
]

RUN_STATUS_VALUES: set[RunStatus] = {
    "cancelled",
    "completed",
    "expired",
    "failed",
    "in_progress",
    "queued",
}


def check_run_status(value: str) -> RunStatus:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

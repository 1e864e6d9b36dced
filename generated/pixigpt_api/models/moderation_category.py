from typing import Literal

ModerationCategory = Literal[
    "COPYRIGHT_VIOLATION",
    "HATE_SPEECH",
    "ILLEGAL_ACTS",
    "JAILBREAK",
    "PII",
    "SAFE",
    "SEXUAL_ADULT",
    "SUICIDE_SELF_HARM",
    "UNDERAGE_SEXUAL",
    "UNETHICAL",
    "VIOLENT",
]

MODERATION_CATEGORY_VALUES: set[ModerationCategory] = {
    "COPYRIGHT_VIOLATION",
    "HATE_SPEECH",
    "ILLEGAL_ACTS",
    "JAILBREAK",
    "PII",
    "SAFE",
    "SEXUAL_ADULT",
    "SUICIDE_SELF_HARM",
    "UNDERAGE_SEXUAL",
    "UNETHICAL",
    "VIOLENT",
}


def check_moderation_category(value: str) -> ModerationCategory:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

from typing import Literal

ContentBlockType = Literal["text"]

CONTENT_BLOCK_TYPE_VALUES: set[ContentBlockType] = {
    "text",
}


def check_content_block_type(value: str) -> ContentBlockType:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

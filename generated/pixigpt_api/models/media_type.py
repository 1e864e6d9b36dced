from typing import Literal

MediaType = Literal["audio", "image"]

MEDIA_TYPE_VALUES: set[MediaType] = {
    "audio",
    "image",
}


def check_media_type(value: str) -> MediaType:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

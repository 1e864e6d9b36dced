from typing import Literal

MediaSource = Literal["DrawImage", "EditImage", "UserUpload"]

MEDIA_SOURCE_VALUES: set[MediaSource] = {
    "DrawImage",
    "EditImage",
    "UserUpload",
}


def check_media_source(value: str) -> MediaSource:
    if not isinstance(value, str):
        raise TypeError(f"Expected a str, got {value!r}")
    return value  # type: ignore[return-value]

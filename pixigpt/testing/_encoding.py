"""Vectors in base64, which OpenAI's JavaScript client asks for."""

import base64
import struct
from collections.abc import Sequence
from typing import Any

from pixigpt_api.models import EmbeddingList


def in_base64(found: EmbeddingList) -> dict[str, Any]:
    """Return the JSON of some vectors, each as the base64 of little-endian 32-bit floats."""
    value = found.to_dict()
    for each in value["data"]:
        each["embedding"] = _base64(each["embedding"])
    return value


def _base64(numbers: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode("ascii")

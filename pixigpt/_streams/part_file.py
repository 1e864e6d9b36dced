"""Where a response is written until it is complete and can take the place of a file."""

import errno
import os
from pathlib import Path


def part_of(path: str | os.PathLike[str]) -> Path:
    """Return where to write; raise OSError if `path` is there and no regular file, as a device, which would be lost."""
    target = Path(path)
    if target.exists() and not target.is_file():
        raise OSError(errno.EISDIR if target.is_dir() else errno.EINVAL, "it is not a regular file", str(target))
    return Path(f"{target}.part")

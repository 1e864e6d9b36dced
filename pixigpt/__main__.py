"""The command `pixigpt`, also `python -m pixigpt`; without its extra, what to install for it."""

import signal
import sys
from importlib import import_module
from types import FrameType

_TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """Run the command line, and return the exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return _run()
    except KeyboardInterrupt:  # Ctrl-C while the modules load; what runs ends by itself
        return 130


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """Leave every block that is open, so that what it has changed is as before, such as a terminal's cursor."""
    sys.exit(_TERMINATED)


def _run() -> int:
    try:
        for name in ("click", "platformdirs", "rich"):
            import_module(name)
    except ModuleNotFoundError as error:
        sys.stderr.write(f'pixigpt needs {error.name}: pip install "pixigpt[cli]"\n')
        return 2
    from pixigpt.cli._main import run

    return run()


if __name__ == "__main__":
    sys.exit(main())

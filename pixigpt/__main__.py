"""The command `pixigpt`, also `python -m pixigpt`; without its extra, what to install for it."""

import sys
from importlib import import_module


def main() -> int:
    """Run the command line, and return the exit code."""
    try:
        return _run()
    except KeyboardInterrupt:  # Ctrl-C while the modules load; what runs ends by itself
        return 130


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

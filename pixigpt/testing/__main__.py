"""`python -m pixigpt.testing`: the local server, until Ctrl-C."""

import argparse
import shlex
import signal
import sys
import threading
from types import FrameType

try:
    from pixigpt.testing import LocalServer
except ModuleNotFoundError as error:  # the extra is not installed
    sys.exit(str(error))


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pixigpt.testing", description="Serve the PixiGPT API from memory.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--run-seconds", type=float, default=0.2, help="how long a run takes (default: %(default)s)")
    parser.add_argument(
        "--max-stored",
        type=int,
        default=100_000,
        help="how many threads, messages, runs and assistants to store (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    try:
        server = LocalServer(
            host=options.host,
            port=options.port,
            run_seconds=options.run_seconds,
            max_requests=0,  # nobody could read them
            max_stored=options.max_stored,
        ).start()
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        sys.stderr.write(f"cannot listen on {options.host}:{options.port}: {reason}\n")
        return 1
    return _serve(server)


def _serve(server: LocalServer) -> int:
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    given = {
        "PIXIGPT_BASE_URL": server.base_url,
        "PIXIGPT_API_KEY": server.api_key,
        "DEFAULT_ASSISTANT_ID": server.assistant_id,
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in given.items()]
    sys.stdout.write("\n".join([*lines, "# Ctrl-C ends the server."]) + "\n")
    sys.stdout.flush()
    ended.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m pixigpt.testing`: the local server, until Ctrl-C; `serve` is what `pixigpt serve` calls too."""

import argparse
import os
import shlex
import signal
import sys
import threading
from types import FrameType

try:
    from pixigpt.testing import LocalServer
except ModuleNotFoundError as error:  # the extra is not installed
    sys.exit(str(error))

KEY = "PIXIGPT_UPSTREAM_KEY"  # not an argument, which every user of the machine can read


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pixigpt.testing", description="Serve the PixiGPT API.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--run-seconds", type=float, default=0.2, help="how long a run takes (default: %(default)s)")
    parser.add_argument(
        "--max-stored",
        type=int,
        default=100_000,
        help="how many threads, messages, runs and assistants to store (default: %(default)s)",
    )
    parser.add_argument(
        "--upstream",
        help=f"base URL of an OpenAI-compatible server that answers instead of the rule; its key is taken from {KEY}",
    )
    parser.add_argument("--upstream-model", help="the upstream's model (default: the first that it lists)")
    parser.add_argument("--data-dir", help="folder to store everything in; without it, nothing is written")
    return serve(**vars(parser.parse_args(arguments)))


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    run_seconds: float = 0.2,
    max_stored: int = 100_000,
    upstream: str | None = None,
    upstream_model: str | None = None,
    data_dir: str | None = None,
) -> int:
    """Serve until Ctrl-C or SIGTERM; what a shell needs to reach the server goes to standard output.

    Args:
        host: The address to listen on.
        port: The port to listen on, 0 for any.
        run_seconds: How long a run takes without an upstream, in seconds.
        max_stored: How many threads, messages, runs and assistants to store.
        upstream: The base URL of a server that answers; its key is the environment's `PIXIGPT_UPSTREAM_KEY`.
        upstream_model: The upstream's model; else the first one that it lists.
        data_dir: The folder to store everything in.

    Returns:
        The exit code: 1, and a line on standard error, if it could not serve; 2 if an argument is bad.
    """
    try:
        server = LocalServer(
            host=host,
            port=port,
            run_seconds=run_seconds,
            max_requests=0,  # nobody could read them
            max_stored=max_stored,
            upstream=upstream,
            upstream_key=os.environ.get(KEY) if upstream else None,
            upstream_model=upstream_model,
            data_dir=data_dir,
        ).start()
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        sys.stderr.write(f"cannot listen on {host}:{port}: {reason}\n")
        return 1
    except (RuntimeError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, ValueError) else 1
    return _until_told_to_end(server)


def _until_told_to_end(server: LocalServer) -> int:
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

"""The server of the soak: the local server, which misbehaves at random until it is told on stdin to be calm.

The first line printed is JSON: where it is, its key, its assistant. The second, once it is calm, says what it did.
"""

import json
import sys
import threading
from email.utils import formatdate
from random import Random
from time import time
from urllib.parse import urlsplit

from pixigpt.testing import LocalServer
from scripts.soak.relay import Relay

PATHS = ("*", "*", "*", "/threads", "/threads/*/messages", "/threads/*/runs*", "/chat/completions")
PAUSE = 0.2
MOST_AT_ONCE = 12
STATUSES = (500, 502, 503, 503, 429, 429)


def misbehave(server: LocalServer, random: Random) -> int:
    """Ask for some faults of one kind; how many."""
    path, times = random.choice(PATHS), random.randint(1, MOST_AT_ONCE)
    kind = random.choice(("fail", "fail", "delay", "cut", "cut", "drip"))
    if kind == "fail":
        waits = (None, 0, 0.3, 1, formatdate(time() + 1, usegmt=True))
        server.fail(path, status=random.choice(STATUSES), times=times, retry_after=random.choice(waits))
    elif kind == "delay":
        server.delay(random.uniform(0.05, 1.5), path, times=times)
    elif kind == "cut":
        server.cut(path, times=times)
    else:
        server.drip(random.uniform(0.0005, 0.003), path, times=times)
    return times


def forget_requests(server: LocalServer) -> int:
    """Empty the server's record of requests, which would fill the memory; how many there were."""
    seen = len(server.requests)
    del server.requests[:seen]
    return seen


def set_when_told(calm: threading.Event) -> None:
    """Wait for a line on stdin, or its end."""
    sys.stdin.readline()
    calm.set()


def main() -> None:
    """Serve until stdin ends."""
    random = Random(int(sys.argv[1]))  # noqa: S311  # chance, no secrecy
    calm = threading.Event()
    with LocalServer() as server:
        relay = Relay(urlsplit(server.base_url).port or 80, random)
        relay.start()
        place = {"base_url": f"http://127.0.0.1:{relay.port}/v1", "key": server.api_key}
        print(json.dumps({**place, "assistant_id": server.assistant_id}), flush=True)
        threading.Thread(target=set_when_told, args=(calm,), daemon=True).start()
        faults = requests = 0
        while not calm.wait(PAUSE):
            faults += misbehave(server, random)
            requests += forget_requests(server)
        relay.is_calm = True
        done = {"requests": requests, "faults": faults, "resets": relay.resets, "idle_ends": relay.idle_ends}
        print(json.dumps(done), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

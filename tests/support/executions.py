"""How often the local server did what it was asked for, whatever was repeated."""

from collections import Counter

from pixigpt.testing import LocalServer, ReceivedRequest


def executions(server: LocalServer) -> Counter[str]:
    """Return a count, which grows, of how often the server does what each key asks for; replays do not count."""
    found: Counter[str] = Counter()

    def note(request: ReceivedRequest) -> bool:
        found[request.headers["idempotency-key"]] += 1
        return False

    server.reply("never", when=note)
    return found

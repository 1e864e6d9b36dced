"""The standard library's http.client: about the least that a synchronous call takes in Python."""

import http.client
import json
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

from _subject import HEADERS, Ask, Command, Subject, answer_in, messages
from _worker import serve


@contextmanager
def open_sync(command: Command) -> Generator[Ask, None, None]:
    """Open one connection."""
    url = urlsplit(command.url)
    host, path = f"{url.hostname}:{url.port}", f"{url.path}/chat/completions"
    kept = (
        http.client.HTTPSConnection(host, context=command.context())
        if command.is_tls
        else http.client.HTTPConnection(host)
    )

    def ask(text: str) -> str:
        kept.request(
            "POST", path, json.dumps({"messages": messages(text)}), {**HEADERS, "Content-Type": "application/json"}
        )
        answer = answer_in(json.loads(kept.getresponse().read()))
        if not command.keeps:
            kept.close()
        return answer

    try:
        yield ask
    finally:
        kept.close()


if __name__ == "__main__":
    serve(Subject("http.client", "import http.client, json; http.client.HTTPConnection('localhost')", open_sync))

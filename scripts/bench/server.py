"""The server that the benchmark measures against: it echoes questions and times runs, as fast as asyncio can.

A question that begins with `delay 1 ` is answered after 1 s, one that begins with `stream 500 ` in 500 chunks, and one
that begins with `add ` by a call of `add`; of a long one, the first two words come back; a run on the thread `0.3`
takes 0.3 s; embeddings are always the same 10 MB.
"""

import asyncio
import json
import random
import ssl
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

import trustme

ECHO = "<echo>"
ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "bench",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": ECHO}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5},
    }
).encode()
BEFORE_ECHO, AFTER_ECHO = ANSWER.split(ECHO.encode())
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}}
CALLING = ANSWER.replace(b'"content": "<echo>"', b'"tool_calls": [%b]' % json.dumps(CALL).encode())

LONG = 256

STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
AT_ONCE = 16  # chunks in a packet, of a server that is faster than a model

polls: Counter[str] = Counter()


def last_content(body: bytes) -> bytes:
    """Return the text of the last message, which must hold no quotation mark: parsing JSON would cost too much here."""
    start = body.find(b'"', body.rfind(b'"content":') + 10) + 1
    return body[start : body.find(b'"', start)]


def delay_of(content: bytes) -> float:
    """Return seconds that a question asks to wait for its answer."""
    return float(content.split(b" ", 2)[1]) if content.startswith(b"delay ") else 0.0


def event(content: str) -> bytes:
    """Return a chunk of a streamed answer, in an HTTP chunk of its own, as servers send it."""
    delta = {"role": "assistant", "content": content}
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "bench",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
    }
    data = b"data: %b\n\n" % json.dumps(chunk, separators=(",", ":")).encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


WORDS = event(" word") * AT_ONCE
STREAM_END = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


def echoed(content: bytes) -> bytes:
    """Return what a question is answered with."""
    return content if len(content) < LONG else b" ".join(content.split(b" ", 2)[:2])


def vectors() -> bytes:
    """Return 500 vectors of 1,024 numbers, all alike: 10 MB."""
    drawn = random.Random(0)  # noqa: S311  # the same in each run
    vector = json.dumps([drawn.uniform(-1, 1) for _ in range(1024)]).encode()
    data = [b'{"object": "embedding", "index": %d, "embedding": %b}' % (index, vector) for index in range(500)]
    usage = b'{"prompt_tokens": 1, "total_tokens": 1}'
    return b'{"object": "list", "data": [%b], "model": "bench", "usage": %b}' % (b", ".join(data), usage)


EMBEDDINGS = vectors()


def run_at(path: str) -> dict[str, object]:
    """Return the run that a path starts or asks for; its id holds how many seconds it takes, and when it began."""
    thread_id, _, *ids = path.partition("/threads/")[2].split("/")
    run_id = ids[0] if ids else f"run-{thread_id}-{time.monotonic_ns()}"
    polls[run_id] += len(ids)
    _, seconds, began = run_id.split("-")
    is_over = time.monotonic_ns() >= int(began) + float(seconds) * 1e9
    return {
        "id": run_id,
        "object": "thread.run",
        "created_at": 1,
        "thread_id": thread_id,
        "assistant_id": "asst-bench",
        "status": "completed" if is_over else "in_progress",
        "model": "bench",
        "polls": polls[run_id],
    }


class Answering(asyncio.Protocol):
    """Answer each request as soon as its head and body are there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing read."""
        self.transport = cast("asyncio.Transport", transport)
        self.loop = asyncio.get_running_loop()
        self.data = bytearray()

    def data_received(self, data: bytes) -> None:
        """Answer every whole request that has come."""
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.data[:end]).lower()
            mark = head.find(b"content-length:")
            length = int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
            if len(self.data) < end + 4 + length:
                return
            body = bytes(self.data[end + 4 : end + 4 + length])
            del self.data[: end + 4 + length]
            self.answer(head.split(b" ", 2)[1], body)

    def answer(self, path: bytes, body: bytes) -> None:
        """Answer one request, at once or when it asks to."""
        content = echoed(last_content(body))
        if b"/runs" in path:
            self.send(json.dumps(run_at(path.decode())).encode())
        elif path.endswith(b"/embeddings"):
            self.send(EMBEDDINGS)
        elif content.startswith(b"stream "):
            self.stream(content, int(content.split(b" ", 2)[1]))
        elif content.startswith(b"add "):
            self.send(CALLING)
        elif seconds := delay_of(content):
            self.loop.call_later(seconds, self.send, BEFORE_ECHO + content + AFTER_ECHO)
        else:
            self.send(BEFORE_ECHO + content + AFTER_ECHO)

    def stream(self, content: bytes, chunks: int) -> None:
        """Stream an answer: first the time, then words, then the question."""
        words, left = divmod(chunks - 2, AT_ONCE)
        self.transport.write(STREAM_HEAD + event(str(time.perf_counter_ns())))
        for _ in range(words):
            self.transport.write(WORDS)
        self.transport.write(event(" word") * left + event(content.decode()) + STREAM_END)

    def send(self, body: bytes) -> None:
        """Write a response, if there still is someone to read it."""
        if not self.transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            self.transport.write(head + body)


async def main() -> None:
    """Serve until killed, with TLS and without; the first line printed tells where, and whom to trust."""
    loop = asyncio.get_running_loop()
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cast("Any", authority.issue_cert("127.0.0.1")).configure_cert(context)
    with tempfile.TemporaryDirectory() as folder:
        authority.cert_pem.write_to_path(str(ca := Path(folder) / "ca.pem"))
        plain = await loop.create_server(Answering, "127.0.0.1", 0, backlog=4096)
        secure = await loop.create_server(Answering, "127.0.0.1", 0, backlog=4096, ssl=context)
        ports = [server.sockets[0].getsockname()[1] for server in (plain, secure)]
        urls = {"base_url": f"http://127.0.0.1:{ports[0]}/v1", "tls_url": f"https://127.0.0.1:{ports[1]}/v1"}
        print(json.dumps({**urls, "ca": str(ca), "embedded": len(EMBEDDINGS)}), flush=True)
        await secure.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

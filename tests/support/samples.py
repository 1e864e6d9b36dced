"""One valid response of every kind that the contract knows."""

from typing import Any

THREAD = {"id": "thread_1", "object": "thread", "created_at": 1, "metadata": {"topic": "weather"}}
MESSAGE = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": 1,
    "thread_id": "thread_1",
    "role": "user",
    "content": [{"type": "text", "text": {"value": "Hi.", "annotations": []}}],
}
ASSISTANT_MESSAGE = {
    **MESSAGE,
    "role": "assistant",
    "reasoning_content": "Because.",
    "sources": [{"id": "s", "tool_name": "WebSearch", "title": "T", "url": "https://x.test", "snippet": "S"}],
    "media": [{"id": "m", "source": "DrawImage", "type": "image", "signed_url": "https://x.test/m", "prompt": "P"}],
    "code": [{"id": "c", "language": "python", "code": "1", "stdout": "1", "stderr": "", "execution_time_ms": 3}],
}
RUN = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 1,
    "thread_id": "thread_1",
    "assistant_id": "asst_1",
    "status": "completed",
    "model": "pixi",
    "message": ASSISTANT_MESSAGE,
}
ASSISTANT = {"id": "asst_1", "object": "assistant", "created_at": 1, "name": "A", "instructions": "I"}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "pixi",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": None, "tool_calls": [CALL]},
            "finish_reason": "tool_calls",
            "reasoning_content": "Because.",
        }
    ],
    "usage": USAGE,
}
SEEN = {"result": "A cat.", "usage": USAGE}
VERDICT = {"category": "A_NEW_CATEGORY", "score": 1, "usage": USAGE}
VECTORS = {
    "object": "list",
    "data": [{"object": "embedding", "embedding": [0.1, 1], "index": 0}],
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}
RANKED = {
    "object": "list",
    "results": [{"index": 1, "document": "b", "relevance_score": 0.5}],
    "usage": {"total_tokens": 3},
}


def listed(*items: object) -> dict[str, object]:
    return {"object": "list", "data": list(items)}

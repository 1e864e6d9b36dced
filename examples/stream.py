"""Show an answer word by word, and what it has cost once it is whole."""

import os

from dotenv import load_dotenv

from pixigpt import Client

load_dotenv()

messages = [{"role": "user", "content": "What is the capital of France?"}]
with Client() as client:
    with client.stream_chat_completion(messages, assistant_id=os.environ["DEFAULT_ASSISTANT_ID"]) as stream:
        for text in stream.text():
            print(text, end="", flush=True)
    answer = stream.completion()
    print(f"\n{answer.usage.total_tokens} tokens; the first chunk came after {1000 * stream.first_chunk_after:.0f} ms")

"""Ask an assistant on a thread: one call for the thread, the question, the run and the wait."""

import os

from dotenv import load_dotenv

from pixigpt import Client

load_dotenv()

with Client() as client:
    assistant_id = os.environ["DEFAULT_ASSISTANT_ID"]
    reply = client.ask(assistant_id, "My name is Ada.", idempotency_key="greeting-1")
    print(reply)
    reply = client.ask(assistant_id, "What is my name?", thread_id=reply.thread_id, timeout=60)
    print(reply)
    print("thought:", reply.reasoning_content)

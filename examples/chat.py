"""Ask one question, and read the answer and the chain of thought behind it."""

import os

from dotenv import load_dotenv

from pixigpt import Client

load_dotenv()

with Client() as client:
    completion = client.create_chat_completion(
        [{"role": "user", "content": "What is the capital of France?"}],
        assistant_id=os.environ["DEFAULT_ASSISTANT_ID"],
    )
    choice = completion.choices[0]
    print("thinking:", choice.reasoning_content)
    print("answer:  ", choice.message.content)
    print("tokens:  ", completion.usage.total_tokens)

    brief = client.create_chat_completion(
        [
            {"role": "system", "content": "You answer in one word."},
            {"role": "user", "content": "And of Italy?"},
        ],
        enable_thinking=False,
        max_tokens=10,
    )
    print("without an assistant, without thinking:", brief.choices[0].message.content)

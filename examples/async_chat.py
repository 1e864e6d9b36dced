"""Ask 20 questions at once."""

import asyncio
import os
import time

from dotenv import load_dotenv

from pixigpt import AsyncClient

load_dotenv()


async def ask(client: AsyncClient, question: str) -> str:
    """Return the answer to one question."""
    completion = await client.create_chat_completion(
        [{"role": "user", "content": question}], assistant_id=os.environ["DEFAULT_ASSISTANT_ID"]
    )
    return completion.choices[0].message.content or ""


async def main() -> None:
    """Ask all questions, and print each answer beside its question."""
    questions = [f"What is {number} squared?" for number in range(1, 21)]
    started = time.perf_counter()
    async with AsyncClient() as client:
        answers = await asyncio.gather(*(ask(client, question) for question in questions))
    for question, answer in zip(questions[:3], answers[:3], strict=True):
        print(f"{question} -> {answer}")
    print(f"... {len(answers)} answers in {time.perf_counter() - started:.2f} s")


asyncio.run(main())

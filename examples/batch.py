"""Answer a file of prompts, break off, and go on where it was: the output is the checkpoint."""

import json
import os
import tempfile
from pathlib import Path

from dotenv import load_dotenv

from pixigpt import Client, deadline

load_dotenv()

assistant_id = os.environ["DEFAULT_ASSISTANT_ID"]
reviews = ["Great!", "It broke after a day.", "As described.", "Never again."] * 25

with tempfile.TemporaryDirectory() as folder, Client() as client:
    prompts, answers = Path(folder, "prompts.jsonl"), Path(folder, "answers.jsonl")
    lines = [json.dumps({"id": f"review-{number}", "prompt": text}) for number, text in enumerate(reviews[:60])]
    prompts.write_text("\n".join(lines))

    template = "Is this praise or a complaint? {prompt}"
    first = client.run_batch(prompts, answers, template=template, assistant_id=assistant_id, price=(0.5, 2.0))
    print(f"{first.done} done, {first.failed} failed, {first.usage.total_tokens} tokens, {first.cost:.4f}")

    lines += [json.dumps({"id": f"review-{number}", "prompt": reviews[number]}) for number in range(60, 100)]
    prompts.write_text("\n".join(lines))  # the input may grow
    with deadline(60):
        second = client.run_batch(prompts, answers, template=template, assistant_id=assistant_id)
    print(f"{second.skipped} were there, {second.done} more are done")

    with answers.open(encoding="utf-8") as file:
        *_, last = file
    print(json.loads(last)["response"]["choices"][0]["message"]["content"])

    for item in client.map_chat_completions(["Name a fruit.", "Name a bird."], assistant_id=assistant_id):
        print(item.index, item.text if item.error is None else item.error)

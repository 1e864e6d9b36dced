"""Talk in a thread that the server remembers: add messages, start a run, wait for its answer."""

import os

from dotenv import load_dotenv

from pixigpt import Client, Run, RunError

load_dotenv()


def show(run: Run) -> None:
    """Print a change of the run's status."""
    print(f"  run {run.id} is {run.status}")


with Client() as client:
    thread = client.create_thread()
    for text in ("My name is Ada.", "What is my name?"):
        print("user:", text)
        client.create_message(thread.id, "user", text)
        run = client.create_run(thread.id, os.environ["DEFAULT_ASSISTANT_ID"])
        try:
            run = client.wait_for_run(thread.id, run.id, timeout=120, on_update=show)
        except RunError as error:
            print("the run did not complete:", error)
            continue
        if run.message:
            print("assistant:", run.message.content[0].text.value)

    print("the thread, newest first:")
    for message in client.list_messages(thread.id, limit=10):
        print(f"  {message.role}: {message.content[0].text.value}")
    client.delete_thread(thread.id)

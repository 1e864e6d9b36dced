"""pixigpt 0.1.5, the client before this one: synchronous, on requests."""

from collections.abc import Generator
from contextlib import contextmanager

from _subject import KEY, Ask, Command, Subject, messages
from _worker import serve

from pixigpt import ChatCompletionRequest, Client, Message


@contextmanager
def open_sync(command: Command) -> Generator[Ask, None, None]:
    """Open a synchronous client."""
    client = Client(KEY, command.url)

    def ask(text: str) -> str:
        request = ChatCompletionRequest(messages=[Message(**message) for message in messages(text)])
        return client.create_chat_completion(request).choices[0].message.content

    with client.session:
        yield ask


if __name__ == "__main__":
    serve(Subject("pixigpt", "import pixigpt; pixigpt.Client('sk-bench', 'https://pixigpt.com/v1')", open_sync))

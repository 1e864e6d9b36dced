"""The messages of a thread: as they are made, and as a model reads them."""

import time
from collections.abc import Callable

from pixigpt_api.models import ContentBlock, Message, Role, TextContent, ThreadMessage


def thread_message(
    new_id: Callable[[str], str], thread_id: str, role: Role, text: str, reasoning: str | None = None
) -> ThreadMessage:
    """Return a new message."""
    return ThreadMessage(
        id=new_id("msg"),
        object_="thread.message",
        created_at=int(time.time()),
        thread_id=thread_id,
        role=role,
        content=[ContentBlock(type_="text", text=TextContent(value=text, annotations=[]))],
        reasoning_content=reasoning,
    )


def chat_message(message: ThreadMessage) -> Message:
    """Return a message as a chat has it."""
    return Message(role=message.role, content="".join(block.text.value for block in message.content))

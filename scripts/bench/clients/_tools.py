"""What `run_tools` costs next to the loop by hand: two chat completions and the call of a function between them."""

import json
from collections.abc import Callable

from _calls import cpu_in_turn
from _subject import KEY, Command, Measures, messages

from pixigpt import Client, Message
from pixigpt.tools import tool


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


TOOL = tool(add)


def by_hand(client: Client, text: str) -> str:
    """Run the tool as one would without `run_tools`."""
    sent: list[Message] = [Message.from_dict(each) for each in messages(f"add {text}")]
    while True:
        message = client.create_chat_completion(sent, tools=[TOOL.definition]).choices[0].message
        if not message.tool_calls:
            return message.content or ""
        sent.append(message)
        for call in message.tool_calls:
            result = json.dumps(add(**json.loads(call.function.arguments)))
            sent.append(Message(role="tool", content=result, tool_call_id=call.id))


def by_run_tools(client: Client, text: str) -> str:
    """Run the tool by `run_tools`."""
    return client.run_tools(messages(f"add {text}"), [TOOL]).text


BY_NAME: dict[str, Callable[[Client, str], str]] = {"tools_by_hand": by_hand, "tools_run_tools": by_run_tools}


def with_tools(command: Command) -> Measures:
    """Measure CPU time of one question with one call of a tool."""
    run = BY_NAME[command.workload]
    with Client(KEY, command.base_url) as client:

        def ask(text: str) -> str:
            return text if run(client, text) == "3" else ""

        return cpu_in_turn(ask, command)

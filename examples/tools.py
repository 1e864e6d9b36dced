"""Let the model call a function of ours, and send back what it returned."""

import json
import os

from dotenv import load_dotenv

from pixigpt import Client, Message

load_dotenv()


def get_weather(city: str) -> str:
    """Return the weather in a city; a real app would ask a weather service."""
    return f"18 degrees and sunny in {city}"


TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city, now.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "examples": ["Paris"]}},
            "required": ["city"],
        },
    },
}

with Client() as client:
    messages = [Message(role="user", content="What is the weather in Paris?")]
    while True:
        choice = client.create_chat_completion(
            messages, assistant_id=os.environ["DEFAULT_ASSISTANT_ID"], tools=[TOOL]
        ).choices[0]
        messages.append(choice.message)  # a message that came back can be sent again as it is
        if choice.finish_reason != "tool_calls":
            break
        for call in choice.message.tool_calls or []:
            print(f"the model calls {call.function.name}({call.function.arguments})")
            result = get_weather(**json.loads(call.function.arguments))
            messages.append(Message(role="tool", content=result, tool_call_id=call.id))
    print("answer:", choice.message.content)

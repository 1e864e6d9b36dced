"""Let the model call Python functions, and see each call."""

import os
from typing import Literal

from dotenv import load_dotenv

from pixigpt import Client
from pixigpt.tools import ToolCallRecord, ToolError

load_dotenv()


def weather(city: str, unit: Literal["c", "f"] = "c") -> str:
    """Look up the weather of a city, now.

    Args:
        city: The city's name.
        unit: Celsius or Fahrenheit.
    """
    if not city:
        raise ToolError("Which city?")  # the model reads it, and can ask
    return f"18 {unit} and sunny in {city}"


def show(record: ToolCallRecord) -> None:
    """Print what the model called."""
    print(f"the model called {record.call.function.name}({record.arguments}): {record.error or record.result}")


with Client() as client:
    run = client.run_tools(
        [{"role": "user", "content": "Is it warm in Paris?"}],
        [weather],
        assistant_id=os.environ["DEFAULT_ASSISTANT_ID"],
        on_call=show,
    )
    print("answer:", run.text)
    print(f"{run.rounds} round, {run.usage.total_tokens} tokens")

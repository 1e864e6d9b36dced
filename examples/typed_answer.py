"""Get an answer as an object of a class, checked strictly."""

import os
from dataclasses import dataclass
from typing import Literal

from dotenv import load_dotenv

from pixigpt import Client

load_dotenv()


@dataclass
class Review:
    """What a customer says.

    Attributes:
        mood: How it sounds.
        topics: What it is about.
    """

    mood: Literal["good", "bad"]
    topics: list[str]


with Client() as client:
    answer = client.parse_chat_completion(
        [{"role": "user", "content": "Sort this: 'The room was clean, and the breakfast superb.'"}],
        Review,
        assistant_id=os.environ["DEFAULT_ASSISTANT_ID"],
    )
    print("mood:", answer.parsed.mood)
    print("topics:", answer.parsed.topics)
    print("repairs:", answer.repairs)

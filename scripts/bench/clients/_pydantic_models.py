"""A chat completion as pydantic models, as people write them for themselves."""

from pydantic import BaseModel


class Message(BaseModel):
    """One message."""

    role: str
    content: str | None = None


class Choice(BaseModel):
    """One answer."""

    index: int
    message: Message
    finish_reason: str


class Usage(BaseModel):
    """How many tokens it took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """The response."""

    id: str
    object: str
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


def answer_in(body: object) -> str:
    """Return the answer's text, from its parsed JSON."""
    return Completion.model_validate(body).choices[0].message.content or ""

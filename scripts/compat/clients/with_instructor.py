"""What instructor can do with this API: nothing that forces a tool or a format, and it must be told so."""

import instructor
import openai
from _checks import KEY, SYSTEM, URL, USER, check, same, serve
from instructor.core.exceptions import InstructorRetryException
from pydantic import BaseModel

client = openai.OpenAI(api_key=KEY, base_url=URL, max_retries=0)
CONVERSATION = [SYSTEM, USER]


class City(BaseModel):
    """A city."""

    name: str


def refused(mode: instructor.Mode) -> str:
    """Return the text of the error that a mode ends in."""
    patched = instructor.from_openai(client, mode=mode)
    given = {"model": "pixi", "messages": CONVERSATION, "response_model": City, "max_retries": 1}
    try:
        found = patched.chat.completions.create(**given)
    except InstructorRetryException as error:
        return str(error)
    raise AssertionError(f"{found!r} instead of an error")


@check("chat.completions.create without a response_model")
def _() -> None:
    plain = instructor.from_openai(client).chat.completions.create
    found = plain(model="pixi", messages=CONVERSATION, response_model=None)
    same(found.choices[0].message.content, "You said: Hello!")


@check("Mode.TOOLS is refused: tool_choice is named")
def _() -> None:
    same("tool_choice: the local server does not implement" in refused(instructor.Mode.TOOLS), True)


@check("Mode.JSON and Mode.JSON_SCHEMA are refused: response_format is named")
def _() -> None:
    for mode in (instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA):
        same("response_format: the local server does not implement" in refused(mode), True)


if __name__ == "__main__":
    serve("instructor")

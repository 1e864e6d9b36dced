"""What middleware costs a call: the same calls of the sync client without any, with one, and with five."""

from collections.abc import Generator

from _calls import cpu_in_turn
from _subject import KEY, Command, Measures, messages

from pixigpt import Client
from pixigpt.middleware import CallRequest, CallResponse

COUNTS = {"middleware_none": 0, "middleware_one": 1, "middleware_five": 5}


def count_tokens(request: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
    """Do what a cost counter does."""
    response = yield request
    if response.usage is not None and response.usage.total_tokens < 0:
        raise ValueError("a response has cost less than nothing")
    return response


def with_middleware(command: Command) -> Measures:
    """Measure CPU time of one synchronous call."""
    middleware = [count_tokens] * COUNTS[command.workload]
    with Client(KEY, command.base_url, middleware=middleware) as client:

        def ask(text: str) -> str:
            return client.create_chat_completion(messages(text)).choices[0].message.content or ""

        return cpu_in_turn(ask, command)

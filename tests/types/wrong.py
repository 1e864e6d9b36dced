"""Wrong uses, each of which both type checkers must find: on the lines that end with the word, and on no other."""

from collections.abc import Generator

from pixigpt import AsyncClient, Client, RetryPolicy, Thread, deadline
from pixigpt.middleware import CallRequest, CallResponse
from pixigpt_api.api.pixigpt import get_run


def returns_nothing(request: CallRequest) -> Generator[CallRequest, CallResponse, None]:
    request.path = "/x"  # wrong
    request.headers["x"] = "1"  # wrong
    yield request.evolve(path="/x")  # wrong


client = Client("sk-test")
async_client = AsyncClient("sk-test")

client.get_thread(5)  # wrong
client.get_thread()  # wrong
client.get_thread("t", "r")  # wrong
client.get_thred("t")  # wrong
client.create_message("t", "usr", "Hi.")  # wrong
client.create_message("t", "user", None)  # wrong
client.create_chat_completion("Hi.")  # wrong
client.create_chat_completion([{"role": "user", "content": "Hi."}], "a")  # wrong
client.create_chat_completion([{"role": "user", "content": "Hi."}], temprature=1)  # wrong
client.create_chat_completion([{"role": "user", "content": "Hi."}], max_tokens="5")  # wrong
client.create_chat_completion([{"role": "user", "content": "Hi."}], stream=True)  # wrong
client.stream_chat_completion([{"role": "user", "content": "Hi."}], stream=True)  # wrong
client.stream_chat_completion([{"role": "user", "content": "Hi."}]).completion().choice  # wrong
client.create_run("t")  # wrong
client.create_assistant("A", "I", {"tools": []})  # wrong
client.list_messages("t", limit="5")  # wrong
client.wait_for_run("t", "r", timeout="5")  # wrong
client.wait_for_run("t", "r", on_update=lambda: None)  # wrong
client.create_embedding(5)  # wrong
client.rerank("q", [5])  # wrong
client.moderate_media("u", is_video="no")  # wrong
client.with_options(timeot=5)  # wrong
client.with_options(timeout="5")  # wrong
client.call(get_run, "t", 5)  # wrong
client.call(get_run, "t")  # wrong
client.call(get_run, "t", "r").statuss  # wrong
client.create_chat_completion([{"role": "user", "content": "Hi."}]).choices[0].message.content.upper()  # wrong
client.run_tools([{"role": "user", "content": "Hi."}], [5])  # wrong
client.run_tools([{"role": "user", "content": "Hi."}], [], approve=lambda: True)  # wrong
client.run_tools([{"role": "user", "content": "Hi."}], [], concurrency="2")  # wrong
client.parse_chat_completion([{"role": "user", "content": "Hi."}], int).parsed.upper()  # wrong
client.ask("a")  # wrong
client.ask("a", "Hi.", timeout="5")  # wrong
client.ask("a", "Hi.").txt  # wrong
Client("sk-test", timeout="5")  # wrong
Client("sk-test", max_retry=5)  # wrong
Client("sk-test", "https://example.com", 5.0)  # wrong
Client("sk-test", middleware=[returns_nothing])  # wrong
Client("sk-test", middleware=[len])  # wrong
RetryPolicy(max_retries="3")  # wrong
RetryPolicy().max_retries = 5  # wrong
deadline("5")  # wrong


async def forgets_to_await() -> Thread:
    thread = async_client.create_thread()
    print(thread.id)  # wrong
    async_client.delete_thread("t")  # wrong
    return async_client.get_thread("t")  # wrong

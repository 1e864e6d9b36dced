"""Every call of pixigpt 0.1.5, the client before this one."""

import requests
from _checks import ASSISTANT, KEY, SYSTEM, TOOL, URL, USER, check, error_of, same, serve

from pixigpt import (
    APIError,
    ChatCompletionRequest,
    Client,
    Message,
    ModerationMediaRequest,
    ModerationTextRequest,
    ThreadMessage,
    VisionAnalyzeRequest,
    VisionOCRRequest,
    VisionTagsRequest,
    VisionVideoRequest,
    is_auth_error,
    is_rate_limit_error,
)
from pixigpt.types import MessageCode, MessageMedia, MessageSource, Thread, ToolCall

client = Client(KEY, URL)
CONVERSATION = [Message(**SYSTEM), Message(**USER)]
PICTURE = "https://example.com/cat-hat.png"


def run_of(text: str) -> tuple[str, str]:
    """Return the ids of a new thread that says a text, and of its run."""
    thread = client.create_thread()
    client.create_message(thread.id, "user", text)
    return thread.id, client.create_run(thread.id, ASSISTANT).id


def answer_to(text: str) -> ThreadMessage:
    """Return the message that a run ends with."""
    return client.wait_for_run(*run_of(text), poll_interval=0.05).message


@check("503 twice, then an answer")
def _() -> None:
    same(client.list_assistants()[0].name, "Pixi")


@check("create_chat_completion")
def _() -> None:
    answer = client.create_chat_completion(ChatCompletionRequest(messages=CONVERSATION))
    choice = answer.choices[0]
    same((choice.message.content, choice.finish_reason), ("You said: Hello!", "stop"))
    same((choice.reasoning_content, type(answer.created)), ("The last message has 1 words.", int))
    same(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)


@check("create_chat_completion, with an assistant and every option")
def _() -> None:
    request = ChatCompletionRequest(CONVERSATION[1:], ASSISTANT, 0.7, 3000, enable_thinking=False)
    choice = client.create_chat_completion(request).choices[0]
    same((choice.message.content, choice.reasoning_content), ("You said: Hello!", None))


@check("create_chat_completion, with tools, and their result sent back")
def _() -> None:
    choice = client.create_chat_completion(ChatCompletionRequest(CONVERSATION, tools=[TOOL])).choices[0]
    call = choice.message.tool_calls[0]
    same((choice.finish_reason, type(call), call.type), ("tool_calls", ToolCall, "function"))
    same((call.function.name, call.function.arguments), ("now", '{"city": "text"}'))
    messages = [*CONVERSATION, choice.message, Message("tool", "Noon.", tool_call_id=call.id)]
    choice = client.create_chat_completion(ChatCompletionRequest(messages, tools=[TOOL])).choices[0]
    same(choice.message.content, "The tool answered: Noon.")


@check("create_thread, get_thread, list_threads, delete_thread")
def _() -> None:
    thread = client.create_thread()
    same((type(thread), client.get_thread(thread.id)), (Thread, thread))
    same(thread in client.list_threads(), True)
    same(client.delete_thread(thread.id), None)
    same(thread in client.list_threads(), False)


@check("create_message, create_messages_bulk, list_messages")
def _() -> None:
    thread = client.create_thread()
    message = client.create_message(thread.id, "user", "One.")
    same((message.role, message.content[0].text["value"]), ("user", "One."))
    added = client.create_messages_bulk(thread.id, [{"role": "user", "content": text} for text in ("Two.", "Three.")])
    same([each.content[0].text["value"] for each in added], ["Two.", "Three."])
    same([each.id for each in client.list_messages(thread.id, limit=2)], [added[1].id, added[0].id])


@check("create_run, get_run, wait_for_run")
def _() -> None:
    thread_id, run_id = run_of("Hello!")
    same(client.get_run(thread_id, run_id).status in ("queued", "in_progress"), True)
    run = client.wait_for_run(thread_id, run_id, poll_interval=0.05)
    same((run.status, run.message.content[0].text["value"]), ("completed", "You said: Hello!"))
    same(run.message.reasoning_content, "The last message has 1 words.")


@check("wait_for_run, with sources, media and code")
def _() -> None:
    same(type(answer_to("/search cats").sources[0]), MessageSource)
    same(type(answer_to("/draw cats").media[0]), MessageMedia)
    same(type(answer_to("/code 1 + 1").code[0]), MessageCode)


@check("wait_for_run, of a run that fails or is cancelled")
def _() -> None:
    for command, wanted in (("/fail", "Run failed"), ("/cancel", "Run cancelled")):
        same(str(error_of(RuntimeError, answer_to, command)), wanted)


@check("create_assistant, get_assistant, update_assistant, list_assistants, delete_assistant")
def _() -> None:
    assistant = client.create_assistant("Ada", "Count.", tools_config="{}")
    same((assistant.tools_config, client.get_assistant(assistant.id)), ("{}", assistant))
    updated = client.update_assistant(assistant.id, "Bea", "Add.")
    same((updated.id, updated.name, updated.tools_config), (assistant.id, "Bea", None))
    same(updated in client.list_assistants(), True)
    same(client.delete_assistant(assistant.id), None)
    error_of(APIError, client.get_assistant, assistant.id)


@check("list_assistant_threads")
def _() -> None:
    thread_id, _ = run_of("Hello!")
    same(thread_id in [thread.id for thread in client.list_assistant_threads(ASSISTANT, limit=100)], True)


@check("analyze_image, analyze_image_for_tags, extract_text, analyze_video")
def _() -> None:
    asked = client.analyze_image(VisionAnalyzeRequest(PICTURE, "What is it?"))
    same(asked.result, "You asked about an image of cat hat: What is it?")
    same(client.analyze_image_for_tags(VisionTagsRequest(PICTURE)).result, "cat, hat")
    same(client.extract_text(VisionOCRRequest(PICTURE)).result, "cat hat")
    seen = client.analyze_video(VisionVideoRequest("https://example.com/cat-jump.mp4"))
    same((seen.result, seen.usage.total_tokens), ("A video of cat jump.", 7))


@check("moderate_text, moderate_media")
def _() -> None:
    verdict = client.moderate_text(ModerationTextRequest("murder"))
    same((verdict.category, verdict.score, verdict.usage.completion_tokens), ("VIOLENT", 1.0, 1))
    same(client.moderate_media(ModerationMediaRequest(PICTURE, is_video=False)).category, "SAFE")


@check("with Client(...), and a session of one's own")
def _() -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {KEY}"
    with Client(KEY, f"{URL}/", session=session) as own:
        same(own.list_assistants(), client.list_assistants())


@check("APIError, 400")
def _() -> None:
    error = error_of(APIError, client.create_chat_completion, ChatCompletionRequest(messages=[]))
    same((error.status_code, error.type, error.code), (400, "invalid_request_error", None))


@check("APIError, 401, is_auth_error")
def _() -> None:
    error = error_of(APIError, Client("wrong", URL).list_threads)
    same((error.status_code, error.type, error.code), (401, "authentication_error", "invalid_api_key"))
    same((is_auth_error(error), is_rate_limit_error(error)), (True, False))


@check("APIError, 404")
def _() -> None:
    error = error_of(APIError, client.get_thread, "none")
    same((error.status_code, error.type, error.code), (404, "invalid_request_error", "not_found"))
    same(error.message, "There is no thread none.")


@check("APIError, 429, is_rate_limit_error")
def _() -> None:
    error = error_of(APIError, client.get_thread, "busy")
    same((error.status_code, error.type, is_rate_limit_error(error)), (429, "rate_limit_error", True))


@check("429 with a Retry-After, then an answer")
def _() -> None:
    same(error_of(APIError, client.get_thread, "later").status_code, 404)


@check("APIError, 503 at every attempt")
def _() -> None:
    error = error_of(APIError, client.get_thread, "broken")
    same((error.status_code, error.type), (0, "request_error"))  # requests gives up without the last answer


if __name__ == "__main__":
    serve("pixigpt")

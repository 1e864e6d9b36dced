"""Create, list, change, use and delete an assistant."""

from dotenv import load_dotenv

from pixigpt import Client, NotFoundError

load_dotenv()

with Client() as client:
    assistant = client.create_assistant("Geographer", "You know every capital.")
    print("created:", assistant.name, assistant.id)
    print("all:", ", ".join(each.name for each in client.list_assistants()))

    assistant = client.update_assistant(assistant.id, "Historian", "You know every king.")
    print("renamed:", client.get_assistant(assistant.id).name)

    thread = client.create_thread()
    client.create_message(thread.id, "user", "Who was the first king of France?")
    run = client.wait_for_run(thread.id, client.create_run(thread.id, assistant.id).id)
    if run.message:
        print("answer:", run.message.content[0].text.value)
    print("its threads:", [each.id for each in client.list_assistant_threads(assistant.id)])

    client.delete_thread(thread.id)
    client.delete_assistant(assistant.id)
    try:
        client.get_assistant(assistant.id)
    except NotFoundError as error:
        print("deleted:", error)

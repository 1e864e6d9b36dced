"""What an installed wheel must do without the repository: import, call, fail well, and bring the contract along."""

import asyncio
from importlib.metadata import version
from importlib.resources import files

import httpx

import pixigpt
import pixigpt_api
from pixigpt import AsyncClient, Client, NotFoundError


def answer(request: httpx.Request) -> httpx.Response:
    """The thread that is asked for, if it is the one that there is."""
    if not request.url.path.endswith("/threads/thread_1"):
        return httpx.Response(404, json={"error": {"message": "no such thread", "type": "invalid_request_error"}})
    return httpx.Response(200, json={"id": "thread_1", "object": "thread", "created_at": 1})


async def call_asynchronously() -> str:
    """One call of the async client."""
    async with AsyncClient("sk-smoke", transport=httpx.MockTransport(answer)) as client:
        return (await client.get_thread("thread_1")).id


def main() -> None:
    """Use the package; an AssertionError or a traceback says what is wrong."""
    for package in (pixigpt, pixigpt_api):
        assert "site-packages" in str(package.__file__), "the wheel is not what is imported"
        assert files(package).joinpath("py.typed").is_file()
    assert files(pixigpt_api).joinpath("openapi.yaml").read_text(encoding="utf-8").startswith("openapi: 3.1")
    assert pixigpt.__version__ == version("pixigpt")
    with Client("sk-smoke", transport=httpx.MockTransport(answer)) as client:
        assert client.get_thread("thread_1").id == "thread_1"
        said = ""
        try:
            client.get_thread("none")
        except NotFoundError as error:
            said = str(error)
        assert "no such thread" in said
    assert asyncio.run(call_asynchronously()) == "thread_1"


if __name__ == "__main__":
    main()

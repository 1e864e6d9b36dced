"""`pixigpt image`, `tags`, `ocr` and `video`: what pictures and videos show."""

import click

from pixigpt.cli._client import open_client
from pixigpt.cli._globals import GlobalCommand
from pixigpt.cli._output import print_answer


@click.command(cls=GlobalCommand)
@click.argument("url")
@click.argument("prompt", required=False)
def image(url: str, prompt: str | None) -> None:
    """Describe an image, or answer a question about it."""
    with open_client() as client:
        found = client.analyze_image(url, prompt)
    print_answer(found, found.result)


@click.command(cls=GlobalCommand)
@click.argument("url")
def tags(url: str) -> None:
    """Name what is on an image."""
    with open_client() as client:
        found = client.analyze_image_for_tags(url)
    print_answer(found, found.result)


@click.command(cls=GlobalCommand)
@click.argument("url")
def ocr(url: str) -> None:
    """Read the text on an image."""
    with open_client() as client:
        found = client.extract_text(url)
    print_answer(found, found.result)


@click.command(cls=GlobalCommand)
@click.argument("url")
@click.argument("prompt", required=False)
def video(url: str, prompt: str | None) -> None:
    """Describe a video, or answer a question about it."""
    with open_client() as client:
        found = client.analyze_video(url, prompt)
    print_answer(found, found.result)

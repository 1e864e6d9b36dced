"""`pixigpt embed`, `rerank` and `moderate`: what a text means, which texts fit a query, and whether one is safe."""

import json
from typing import TextIO

import click

from pixigpt.cli._client import open_client
from pixigpt.cli._globals import GlobalCommand, global_options
from pixigpt.cli._output import on_terminal, print_document, print_documents, print_line, print_list, print_record

_MODEL = click.option("--model", metavar="NAME", help="The model to use.")


@click.command(cls=GlobalCommand)
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@_MODEL
def embed(texts: tuple[str, ...], model: str | None) -> None:
    """Turn texts into vectors, a line each."""
    with open_client() as client:
        found = client.create_embedding(texts, model)
    given = global_options()
    if given.json:
        print_document(found.to_dict())
    elif given.jsonl:
        print_documents(vector.to_dict() for vector in found.data)
    else:
        for vector in found.data:
            print_line(_shortened(vector.embedding) if on_terminal() else json.dumps(vector.embedding))


@click.command(cls=GlobalCommand)
@click.argument("query")
@click.argument("file", type=click.File(encoding="utf-8-sig", errors="replace"))
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="How many documents at most.")
@_MODEL
def rerank(query: str, file: TextIO, top: int | None, model: str | None) -> None:
    """Sort the documents in FILE, a line each, by how well they fit QUERY, best first; - reads stdin."""
    # splitlines() would cut a document at a form feed or U+2028 too.
    documents = [line for line in file.read().split("\n") if line.strip()]
    with open_client() as client:
        found = client.rerank(query, documents, top, model)
    if global_options().json:
        print_document(found.to_dict())
    else:
        print_list(
            found.results,
            {"score": lambda ranked: f"{ranked.relevance_score:.4f}", "document": lambda ranked: ranked.document},
        )


@click.command(cls=GlobalCommand)
@click.argument("text")
def moderate(text: str) -> None:
    """Tell whether a text is safe: its category, and how well that fits."""
    with open_client() as client:
        found = client.moderate_text(text)
    print_record(found, {"category": found.category, "score": f"{found.score:.4f}"})


def _shortened(vector: list[float]) -> str:
    first = ", ".join(f"{number:.4f}" for number in vector[:4])
    return f"[{first}, ... {len(vector):,} in all]"

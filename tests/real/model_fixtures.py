"""Fixtures: llama.cpp's server with a tiny model, for each kind of model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from model_server import API_KEY, serving, why_not
from support.clients import Connect
from tiny_model import write_model

from pixigpt import Client


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if reason := why_not():
        pytest.skip(reason)
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write_model(path)
    return path


@pytest.fixture(scope="session")
def chat_address(model: Path) -> Iterator[str]:
    with serving(model, "chat") as address:
        yield address


@pytest.fixture(scope="session")
def embedding_address(model: Path) -> Iterator[str]:
    with serving(model, "embedding") as address:
        yield address


@pytest.fixture(scope="session")
def rank_address(model: Path) -> Iterator[str]:
    with serving(model, "rank") as address:
        yield address


@pytest.fixture
def chat(connect: Connect, chat_address: str) -> Client:
    return connect(API_KEY, f"{chat_address}/v1", max_retries=0)

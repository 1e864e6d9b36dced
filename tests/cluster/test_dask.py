"""`ChatMapper` on Dask, with worker processes of its own: `make test-distributed`."""

import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import dask.dataframe
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from support.executions import executions

from pixigpt.distributed import ChatMapper
from pixigpt.testing import LocalServer


@pytest.fixture(scope="module")
def session_server() -> Iterator[LocalServer]:
    with LocalServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIXIGPT_API_KEY", server.api_key)  # which the workers inherit
        yield server


@pytest.fixture
def server(session_server: LocalServer) -> LocalServer:
    session_server.reset()
    return session_server


@pytest.fixture(scope="module")
def cluster(session_server: LocalServer) -> Iterator[Client]:  # noqa: ARG001  # it sets the workers' environment
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        yield client


def frame(rows: int, partitions: int) -> Any:
    prompts = pd.DataFrame({"id": range(rows), "text": [f"say {number % 10}" for number in range(rows)]})
    return dask.dataframe.from_pandas(prompts, npartitions=partitions)


@pytest.mark.usefixtures("cluster")
def test_the_partitions_are_answered_and_the_graph_sends_nothing(server: LocalServer) -> None:
    mapper = ChatMapper(prompt_column="text", base_url=server.base_url)
    answers = frame(200, 8).map_partitions(mapper)
    assert server.requests == []  # Dask has called the mapper to see the columns
    assert [*answers.columns] == ["id", "text", "answer", "finish_reason", "tokens", "error"]
    computed = answers.compute()
    assert list(computed["answer"]) == [f"You said: say {number % 10}" for number in range(200)]
    assert computed["error"].isna().all()
    assert (computed["tokens"] > 0).all()
    assert len(server.requests) == 200
    assert dict(computed.dtypes) == dict(answers.dtypes)


def test_a_partition_whose_worker_dies_is_repeated_and_nothing_is_done_twice(
    cluster: Client, server: LocalServer
) -> None:
    done = executions(server)
    server.delay(0.2, times=None)
    mapper = ChatMapper(prompt_column="text", id_column="id", base_url=server.base_url, concurrency=2)
    (victim, *_) = cluster.run(os.getpid).values()

    def kill_when_busy() -> None:
        while len(server.requests) < 20:
            time.sleep(0.01)
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill_when_busy)
    killer.start()
    answers = frame(80, 4).map_partitions(mapper).compute()
    killer.join()
    assert victim not in cluster.run(os.getpid).values()
    assert list(answers["answer"]) == [f"You said: say {number % 10}" for number in range(80)]
    assert len(done) == 80
    assert set(done.values()) == {1}
    assert len(server.requests) > 80  # some were asked for again, and replayed


def test_the_key_stays_at_home(server: LocalServer) -> None:
    assert server.api_key.encode() not in pickle.dumps(ChatMapper(prompt_column="text", base_url=server.base_url))

"""`ChatMapper` without an engine: what it makes of batches, and that errors are rows."""

import copy
import pickle
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pixigpt import RetryPolicy
from pixigpt.distributed import ChatMapper
from pixigpt.testing import LocalServer

COLUMNS = ["answer", "finish_reason", "tokens", "error"]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, server: LocalServer) -> None:
    monkeypatch.setenv("PIXIGPT_API_KEY", server.api_key)
    monkeypatch.setenv("PIXIGPT_BASE_URL", server.base_url)


def test_a_frame_comes_back_with_the_answers(server: LocalServer) -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "other": [1, 2]}, index=[7, 9])
    mapper = pickle.loads(pickle.dumps(ChatMapper(prompt_column="text", output_column="said", max_tokens=5)))
    answers = mapper(frame)
    assert list(answers.columns) == ["text", "other", "said", *COLUMNS[1:]]
    assert list(answers["said"]) == ["You said: a", "You said: b"]
    assert list(answers.index) == [7, 9]
    assert list(answers["finish_reason"]) == ["stop", "stop"]
    assert answers["error"].isna().all()
    assert list(frame.columns) == ["text", "other"]
    bodies: list[Any] = [request.body for request in server.requests]
    assert {body["max_tokens"] for body in bodies} == {5}


def test_a_dict_of_arrays_comes_back_with_the_answers() -> None:
    answers = ChatMapper(prompt_column="text", template="{text}{n}")({"text": np.array(["a", "b"]), "n": np.arange(2)})
    assert isinstance(answers, Mapping)
    assert list(answers["answer"]) == ["You said: a0", "You said: b1"]
    assert answers["tokens"].dtype == np.int64
    assert list(answers["error"]) == [None, None]


def test_an_iterator_of_frames_is_mapped_as_spark_wants_it() -> None:
    frames = iter([pd.DataFrame({"text": [name]}) for name in "ab"])
    assert [list(each["answer"]) for each in ChatMapper(prompt_column="text")(frames)] == [
        ["You said: a"],
        ["You said: b"],
    ]


def test_an_empty_frame_gets_the_columns_and_their_types(server: LocalServer) -> None:
    mapper = ChatMapper(prompt_column="text")
    full, empty = mapper(pd.DataFrame({"text": ["a"]})), mapper(pd.DataFrame({"text": pd.Series([], dtype=object)}))
    assert dict(full[COLUMNS].dtypes) == dict(empty[COLUMNS].dtypes)
    assert len(server.requests) == 1


def test_a_row_that_fails_gets_its_error_and_the_others_their_answers(server: LocalServer) -> None:
    server.fail("/chat/completions", status=400)
    prompts = ["a", None, 5, float("nan"), pd.NA, ["x"], "\ud800", "b"]
    answers = ChatMapper(prompt_column="text", concurrency=1)(pd.DataFrame({"text": prompts, 0: prompts}))
    errors = list(answers["error"])
    assert errors[0].startswith("BadRequestError: ")
    assert errors[1] == "ValueError: its 'text' is null"
    assert [str(error).partition(":")[0] for error in errors[1:7]] == [
        "ValueError",
        "TypeError",
        "ValueError",
        "ValueError",
        "TypeError",
        "ValueError",
    ]
    assert pd.isna(errors[7])
    assert list(answers["tokens"])[:7] == [0] * 7


def test_what_ends_the_whole_is_the_error_of_all_rows_that_are_left(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"text": ["a", "b"]})
    server.reply("first", times=1)
    server.reply(status=403, body={"error": {"message": "no"}})
    answers = ChatMapper(prompt_column="text", concurrency=1)(frame)
    assert answers["answer"][0] == "first"
    assert answers["error"][1] == "PermissionDeniedError: no"
    monkeypatch.setenv("PIXIGPT_API_KEY", "sk-wrong")
    errors = ChatMapper(prompt_column="text")(frame)["error"]
    assert all(error.startswith("AuthenticationError") for error in errors)
    monkeypatch.delenv("PIXIGPT_API_KEY")
    errors = ChatMapper(prompt_column="text")(frame)["error"]
    assert list(errors) == ["ValueError: api_key is missing: pass it, or set PIXIGPT_API_KEY"] * 2


def keys(server: LocalServer) -> list[str]:
    return sorted(request.headers["idempotency-key"] for request in server.requests)


def test_a_batch_that_is_repeated_has_the_same_keys_and_equal_prompts_have_their_own(server: LocalServer) -> None:
    frame = pd.DataFrame({"id": [1, 2, 3], "text": ["a", "a", "b"]})
    given: list[dict[str, Any]] = [{}, {"id_column": "id"}]
    for options in given:
        server.requests.clear()
        mapper = ChatMapper(prompt_column="text", **options)
        mapper(frame)
        first = keys(server)
        server.requests.clear()
        copy.deepcopy(mapper)(frame)
        assert keys(server) == first
        assert len(set(first)) == 3


def test_an_answer_with_half_a_surrogate_pair_is_a_row_too(server: LocalServer) -> None:
    server.reply("a\ud800")
    server.reply("b\ud800", status=400)
    answers = ChatMapper(prompt_column="text", concurrency=1)(pd.DataFrame({"text": ["a", "b", "c"]}))
    assert answers["answer"][0] == "a?"
    assert answers["error"][1] == "BadRequestError: b?"
    assert answers["answer"][2] == "You said: c"


def test_two_models_have_keys_of_their_own(server: LocalServer) -> None:
    for model in ("small", "large"):
        mapper = ChatMapper(prompt_column="text", extra_body={"model": model})
        assert list(mapper(pd.DataFrame({"text": ["a"]}))["answer"]) == ["You said: a"]
    assert len(set(keys(server))) == 2


def test_the_key_is_sent_only_if_it_is_told_to(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home, sent = ChatMapper(prompt_column="text"), ChatMapper(prompt_column="text", send_key=True)
    assert server.api_key.encode() not in pickle.dumps(at_home)
    assert server.api_key.encode() in pickle.dumps(sent)
    assert server.api_key not in repr(vars(sent)) + repr(sent)
    monkeypatch.delenv("PIXIGPT_API_KEY")
    given = ChatMapper(prompt_column="text", send_key=True, api_key=server.api_key)
    assert list(given({"text": np.array(["a"])})["answer"]) == ["You said: a"]


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"prompt_column": ""}, ValueError, "prompt_column must not be empty"),
    ({"output_column": 5}, TypeError, "output_column must be a str"),
    ({"output_column": "error"}, ValueError, "output_column must not be one of finish_reason, tokens, error"),
    ({"concurrency": 0}, ValueError, "concurrency"),
    ({"requests_per_minute": -1}, ValueError, "requests_per_minute"),
    ({"temperature": "hot"}, TypeError, "temperature"),
    ({"timeout": -1}, ValueError, "timeout"),
    ({"colour": "red"}, TypeError, "colour"),
    ({"api_key": "sk-x"}, ValueError, "api_key would be sent with the mapper"),
    ({"transport": object()}, TypeError, "transport cannot be sent to a worker"),
]


@pytest.mark.parametrize(("options", "error", "text"), BAD)
def test_a_bad_argument_is_refused_at_once(options: dict[str, Any], error: type[Exception], text: str) -> None:
    given: dict[str, Any] = {"prompt_column": "text", **options}
    with pytest.raises(error, match=text):
        ChatMapper(**given)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="there is no column 'text', only 'words'"):
        ChatMapper(prompt_column="text")(pd.DataFrame({"words": ["a"]}))


def test_ray_is_asked_for_a_pool_of_actors_that_claim_less_than_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ray:
        ActorPoolStrategy = dict

    class Dataset:
        def map_batches(self, actor: Any, **options: Any) -> Any:
            return actor, options

    monkeypatch.setitem(import_module("sys").modules, "ray.data", Ray)
    ray: Any = import_module("pixigpt.ray")
    actor, options = ray.map_chat(Dataset(), workers=3, requests_per_minute=300, prompt_column="text")
    assert options["compute"] == {"size": 3}
    assert options["num_cpus"] < 1
    (mapper,) = options["fn_constructor_args"]
    assert mapper._speed.requests_per_minute == 100
    assert list(actor(mapper)({"text": np.array(["a"])})["answer"]) == ["You said: a"]
    with pytest.raises(ValueError, match="workers"):
        ray.map_chat(Dataset(), workers=0, prompt_column="text")
    monkeypatch.setitem(import_module("sys").modules, "ray.data", None)
    with pytest.raises(ImportError, match=r"pixigpt\[ray\]"):
        ray.map_chat(Dataset(), prompt_column="text")


def test_dask_gets_the_columns_without_a_request(server: LocalServer) -> None:
    namespace: dict[str, Any] = {"__name__": "dask.dataframe.utils"}
    exec("def emulate(function, frame): return function(frame)", namespace)
    answers = namespace["emulate"](ChatMapper(prompt_column="text"), pd.DataFrame({"text": ["foo", "foo"]}))
    assert list(answers.columns) == ["text", *COLUMNS]
    assert server.requests == []


def test_client_options_reach_the_workers_client(server: LocalServer) -> None:
    server.fail("/chat/completions", status=500)
    mapper = ChatMapper(prompt_column="text", retry=RetryPolicy(max_retries=0), concurrency=1)
    (error,) = mapper(pd.DataFrame({"text": ["a"]}))["error"]
    assert error.startswith("ServerError")

"""`pixigpt.ray.map_chat` on Ray Data: `make test-ray`."""

import ray
import ray.data

from pixigpt.ray import map_chat
from pixigpt.testing import LocalServer


def test_a_dataset_is_answered_by_a_pool_of_actors() -> None:
    with LocalServer() as server:
        ray.init(num_cpus=2, include_dashboard=False, runtime_env={"env_vars": {"PIXIGPT_API_KEY": server.api_key}})
        dataset = ray.data.from_items([{"text": f"say {number}"} for number in range(200)])
        answers = map_chat(
            dataset, workers=2, prompt_column="text", base_url=server.base_url, requests_per_minute=60_000
        ).take_all()
        ray.shutdown()
    assert {row["text"]: row["answer"] for row in answers} == {f"say {n}": f"You said: say {n}" for n in range(200)}
    assert {(row["finish_reason"], row["error"]) for row in answers} == {("stop", None)}

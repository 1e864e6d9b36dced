"""Chat completions on Ray Data: `ChatMapper` on a pool of actors."""

from importlib import import_module
from typing import Any, Protocol, TypeVar

from pixigpt._checks import positive_int
from pixigpt.distributed import ChatMapper

__all__ = ["map_chat"]


class Mappable(Protocol):
    """What is needed of a `ray.data.Dataset`, whose types are not always there."""

    def map_batches(self, fn: Any, /, **options: Any) -> Any: ...  # noqa: ANN401  # Ray's


DatasetT = TypeVar("DatasetT", bound=Mappable)

# An actor waits for the network nearly all the time. Whole CPUs would be more than a small machine has left.
_CPUS_PER_ACTOR = 0.25


class _Actor:
    """What each actor holds."""

    def __init__(self, mapper: ChatMapper) -> None:
        self._mapper = mapper

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        answered: dict[str, Any] = self._mapper(batch)
        return answered


def map_chat(
    dataset: DatasetT,
    *,
    workers: int = 2,
    requests_per_minute: float | None = None,
    **mapper: Any,  # noqa: ANN401  # of ChatMapper
) -> DatasetT:
    """Add a model's answers to a dataset, by a pool of actors that map its batches.

    Args:
        dataset: The rows; lazy, as the result is.
        workers: How many actors there are; each claims a quarter of a CPU.
        requests_per_minute: The most requests a minute, of all actors together.
        mapper: The arguments of `pixigpt.distributed.ChatMapper`.

    Returns:
        The dataset with the columns `answer`, `finish_reason`, `tokens` and `error`.

    Raises:
        ImportError: Ray is not installed.
        ValueError, TypeError: An argument is bad.

    Example:
        >>> import ray
        >>> from pixigpt.ray import map_chat
        >>> dataset = ray.data.from_items([{"text": "Hello!"}])
        >>> map_chat(dataset, prompt_column="text", base_url=base_url).take(1)[0]["answer"]
        'You said: Hello!'
    """
    positive_int("workers", workers)
    try:
        data: Any = import_module("ray.data")
    except ImportError as cause:
        raise ImportError('Ray is not installed: pip install "pixigpt[ray]"') from cause
    rate = None if requests_per_minute is None else requests_per_minute / workers
    chats = ChatMapper(requests_per_minute=rate, **mapper)
    answered: DatasetT = dataset.map_batches(
        _Actor,
        fn_constructor_args=(chats,),
        compute=data.ActorPoolStrategy(size=workers),
        num_cpus=_CPUS_PER_ACTOR,
        batch_format="numpy",
    )
    return answered

"""Chat completions for the rows of data frames, on whatever engine maps batches: Dask, Spark, Ray."""

import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from attrs import define

from pixigpt._access import Secret
from pixigpt._checks import of_type
from pixigpt.bulk._batch_arguments import BatchArguments, check_column
from pixigpt.bulk._chats import CHAT_OPTIONS, chat_arguments
from pixigpt.bulk._engine import Work
from pixigpt.bulk._frames import Frame, frame_rows, is_meta_call, with_columns
from pixigpt.bulk._items import chat_work, work_plan
from pixigpt.bulk._plan import Speed
from pixigpt.bulk._threads import Items
from pixigpt.client import Client
from pixigpt.errors import PixiGPTError
from pixigpt_api.models import ChatCompletion

__all__ = ["ChatMapper"]

_OTHER_COLUMNS = ("finish_reason", "tokens", "error")
_NO_KEY = "sk-from-the-workers-environment"


@define
class _Row:
    """What becomes of one row."""

    answer: str | None = None
    finish_reason: str | None = None
    tokens: int = 0
    error: str | None = None


class ChatMapper:
    """Adds a model's answers to a batch of rows; picklable, so that an engine can call it on its workers.

    Called with a pandas DataFrame, or a dict of arrays, it returns a copy with the columns `answer`, `finish_reason`,
    `tokens` and `error`. Errors are rows, never exceptions. A row's Idempotency-Key is made of its id and its prompt,
    so an engine that repeats a batch, because a worker has died, makes the server do nothing twice.

    The key is the worker's own PIXIGPT_API_KEY, so that it stands in no pickle and no scheduler.

    Args:
        prompt_column: The column that holds the prompt.
        id_column: The column that holds the row's id; without it, equal prompts are told apart by their order.
        output_column: The name of the column for the answers.
        template: The prompt made of columns, such as "Translate into French: {text}".
        concurrency: The most calls in flight, for each batch that is being mapped.
        requests_per_minute: The most requests a minute, for each batch that is being mapped: divide the service's rate
            by how many batches are mapped at a time.
        send_key: Whether to send this process's key, or `api_key`, to the workers with the mapper.
        client_options: Of `Client`, such as `base_url` and `total_timeout`, and of `create_chat_completion`, such as
            `assistant_id` and `max_tokens`; also `system`, the system message.

    Raises:
        ValueError, TypeError: An argument is bad.

    Example:
        >>> import pandas as pd
        >>> from pixigpt.distributed import ChatMapper
        >>> mapper = ChatMapper(prompt_column="text", api_key=api_key, send_key=True, base_url=base_url)
        >>> answers = mapper(pd.DataFrame({"text": ["Hello!", "Goodbye!"]}))
        >>> list(answers["answer"])
        ['You said: Hello!', 'You said: Goodbye!']
    """

    def __init__(
        self,
        *,
        prompt_column: str,
        id_column: str | None = None,
        output_column: str = "answer",
        template: str | None = None,
        concurrency: int = 32,
        requests_per_minute: float | None = None,
        send_key: bool = False,
        **client_options: Any,  # noqa: ANN401  # of two functions
    ) -> None:
        self._speed = Speed(concurrency, requests_per_minute)
        self._output_column = _checked_output(output_column)
        chat_options = {name: client_options.pop(name) for name in CHAT_OPTIONS & client_options.keys()}
        self._arguments = BatchArguments(
            prompt_column=prompt_column,
            id_column=id_column,
            template=template,
            price=None,
            chat_options=chat_options,
            extra_body=client_options.get("extra_body") or {},
            function=type(self).__name__,
        )
        self._client_options = _checked_client_options(client_options, send_key=send_key)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._arguments.prompt_column!r} -> {self._output_column!r}>"

    def __call__(self, batch: Frame) -> Frame:
        """Return a batch with the model's answers; of an iterator of batches, as Spark has them, an iterator."""
        if hasattr(batch, "__next__"):
            return map(self, batch)
        self._check_columns(batch)
        rows = [_Row() for _ in frame_rows(batch)]
        if rows and not is_meta_call():
            self._answer(batch, rows)
        columns: dict[str, list[Any]] = {
            self._output_column: [row.answer for row in rows],
            "finish_reason": [row.finish_reason for row in rows],
            "tokens": [row.tokens for row in rows],
            "error": [row.error for row in rows],
        }
        return with_columns(batch, columns, {"tokens"})

    def _check_columns(self, batch: Frame) -> None:
        wanted = {self._arguments.prompt_column, self._arguments.id_column} - {None}
        if missing := wanted - set(batch):
            raise ValueError(f"there is no column {min(map(str, missing))!r}, only {', '.join(map(repr, batch))}")

    def _answer(self, batch: Frame, rows: list[_Row]) -> None:
        plan = work_plan(self._work, self._speed, self._client_options.get("total_timeout"))
        try:
            with Client(**self._client_options) as client, Items(client, self._chats(batch, rows), plan) as items:
                for work in items:
                    rows[work.index] = _row(work)
        except (PixiGPTError, ValueError) as error:  # of the whole: a wrong key, or none in this environment
            for row in rows:
                if row.answer is None and row.error is None:
                    row.error = _text(error)

    def _chats(self, batch: Frame, rows: list[_Row]) -> Iterator[tuple[int, dict[str, Any], str]]:
        """Yield each row's index, arguments and key; a row that has no good prompt gets its error at once."""
        reader, seen = self._arguments.reader(is_numbered=True), Counter[str]()
        for index, fields in enumerate(frame_rows(batch)):
            try:
                prompt = reader.prompt(fields)
                arguments = chat_arguments(self._arguments.chat_options, prompt)
            except (TypeError, ValueError) as error:
                rows[index].error = _text(error)
                continue
            name = fields.get(self._arguments.id_column or "") if self._arguments.id_column else seen[prompt]
            seen[prompt] += 1
            yield index, arguments, str(uuid.uuid5(self._arguments.fingerprint, json.dumps([str(name), prompt])))

    def _work(self, _: int, row: object) -> Work[ChatCompletion]:
        index, arguments, key = cast("tuple[int, dict[str, Any], str]", row)
        return chat_work(index, None, row, arguments, {"headers": {"Idempotency-Key": key}})


def _checked_output(column: str) -> str:
    """Return the answers' column; raise ValueError or TypeError if it cannot be that."""
    of_type(str)("output_column", column)
    check_column("output_column", column)
    if column in _OTHER_COLUMNS:
        raise ValueError(f"output_column must not be one of {', '.join(_OTHER_COLUMNS)}, which are there beside it")
    return column


def _row(work: Work[ChatCompletion]) -> _Row:
    if work.result is None:
        return _Row(error=_text(work.error))
    choice = work.result.choices[0]
    return _Row(choice.message.content or "", choice.finish_reason, work.result.usage.total_tokens)


def _text(error: BaseException | None) -> str:
    message = error.message if isinstance(error, PixiGPTError) else str(error)
    return f"{type(error).__name__}: {message}"


def _checked_client_options(options: dict[str, Any], *, send_key: bool) -> dict[str, Any]:
    """Return the options for a worker's client; raise ValueError or TypeError if one is bad or cannot be sent."""
    if unsendable := options.keys() & {"http_client", "transport"}:
        raise TypeError(f"{min(unsendable)} cannot be sent to a worker")
    if "api_key" in options and not send_key:
        raise ValueError("api_key would be sent with the mapper: set PIXIGPT_API_KEY on the workers, or send_key=True")
    key: dict[str, Any] = {}
    if send_key:
        key["api_key"] = Secret(options.get("api_key") or os.environ.get("PIXIGPT_API_KEY", ""))
    checked: dict[str, Any] = {"api_key": _NO_KEY, **options, **key}
    Client(**checked).close()
    return {**options, **key}

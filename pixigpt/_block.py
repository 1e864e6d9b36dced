"""A context variable that has a value inside a `with` block."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def block_value(variable: ContextVar[T], value: T) -> Generator[None, None, None]:
    """Set the variable inside the block.

    A block in a generator may end in another context than it began in: web frameworks draw each item of a generator in
    a context of its own, and an event loop closes a dropped async generator in a new task. That context never had the
    value, so there is nothing to restore.
    """
    token = variable.set(value)
    try:
        yield
    finally:
        with suppress(ValueError):  # the token is of another context
            variable.reset(token)

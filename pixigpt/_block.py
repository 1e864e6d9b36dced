"""A context variable that has a value inside a `with` block."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Generic, TypeVar

from attrs import define

T = TypeVar("T")


@define(eq=False)
class _Block(Generic[T]):
    """One block; it is void if it has ended, and yet is still what some context has."""

    value: T
    outer: "_Block[T] | None"
    is_void: bool = False


class BlockVariable(Generic[T]):
    """The variable; outside of all blocks it has its default.

    A block in a generator is open in the context of whoever draws from that. It may end in another one: web frameworks
    draw each item in a context of its own, and an event loop closes a dropped async generator in a new task. It may
    also end before a block that was opened later, as when two generators are drawn from in turn. In both cases there is
    nothing to restore, and the context in which it was opened would have its value for ever: so it is made void.
    """

    def __init__(self, name: str, default: T) -> None:
        self._innermost: ContextVar[_Block[T] | None] = ContextVar(name, default=None)
        self._default = default

    def get(self) -> T:
        """Return the value of the innermost block."""
        block = self._open_block()
        return self._default if block is None else block.value

    @contextmanager
    def block(self, value: T) -> Generator[None, None, None]:
        """Set the variable inside the block."""
        block = _Block(value, self._open_block())
        token = self._innermost.set(block)
        try:
            yield
        finally:
            block.is_void = not self._is_reset(block, token)

    def _open_block(self) -> _Block[T] | None:
        block = self._innermost.get()
        while block is not None and block.is_void:
            block = block.outer
        return block

    def _is_reset(self, block: _Block[T], token: Token[_Block[T] | None]) -> bool:
        """Set the variable to what it was before a block, if this context has that; return whether it has."""
        if self._innermost.get() is not block:
            return False
        try:
            self._innermost.reset(token)
        except ValueError:  # the block was opened in another context, of which this one is a copy
            return False
        return True

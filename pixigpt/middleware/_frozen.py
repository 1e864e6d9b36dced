"""Frozen classes that say what to do instead of changing them."""

from typing import TypeVar

T = TypeVar("T")


def _refuse(instance: object, name: str, _: object) -> None:
    raise TypeError(f"{type(instance).__name__}.{name} cannot be changed: yield or return another one")


def advising(cls: type[T]) -> type[T]:
    """Let a frozen class say what to do instead of changing it; attrs' own error does not."""
    # attrs takes no hook (`on_setattr`) on a frozen class.
    cls.__setattr__ = _refuse  # type: ignore[method-assign]  # pyright: ignore[reportAttributeAccessIssue]
    return cls

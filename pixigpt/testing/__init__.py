"""A local PixiGPT server on a real socket, for tests and for work without the network.

Needs the extra: `pip install "pixigpt[testing]"`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixigpt.testing._server import LocalServer, ReceivedRequest

__all__ = ["LocalServer", "ReceivedRequest"]


def __getattr__(name: str) -> object:
    # Only at the first use: pytest imports this package in every project that has pixigpt, with or without the extra.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from pixigpt.testing import _server
    except ModuleNotFoundError as cause:
        message = f'pixigpt.testing needs {cause.name}: pip install "pixigpt[testing]"'
        raise ModuleNotFoundError(message, name=cause.name) from cause
    return getattr(_server, name)

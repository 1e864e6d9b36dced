"""Middleware: generator functions around each call of a client; `Cache` is one.

One function serves both clients, since it does no I/O: it yields the request to send, and is sent the response.
"""

from pixigpt.middleware._cache import Cache
from pixigpt.middleware._request import CallRequest, Middleware
from pixigpt.middleware._response import CallResponse

__all__ = ["Cache", "CallRequest", "CallResponse", "Middleware"]

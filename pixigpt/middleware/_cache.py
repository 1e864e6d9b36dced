"""`Cache`: a middleware that keeps responses, and gives them again to the same request."""

import hashlib
import json
import time
from collections.abc import Callable, Generator, MutableMapping, Sequence
from typing import cast

from attrs import define, field

from pixigpt._checks import of_type, optional, positive_seconds, validator
from pixigpt.middleware._request import CallRequest, api_key_of, payload_of
from pixigpt.middleware._response import CallResponse

_STREAM_FIELDS = ("stream", "stream_options")


def _names(name: str, value: object) -> None:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a list of names, not {value!r}")


@define(eq=False)
class Cache:
    """A middleware that keeps responses, and gives them again to the same request, without sending it.

    Requests are the same if operation, server, API key, path, query and body are. Failed calls are not kept.

    Attributes:
        store: Where to keep them: a dict, or any other mapping of texts to bytes. It is read and written in the call,
            on the event loop's thread in `AsyncClient`.
        ttl: How long a response is good for, in seconds; None means for ever.
        operations: The operations to keep responses of. Streams are the same operation, kept when read to their end.

    Raises:
        ValueError, TypeError: An argument is bad.

    Example:
        >>> from pixigpt.middleware import Cache
        >>> cached = client.with_options(middleware=[Cache({}, ttl=3600.0)])
        >>> first = cached.create_embedding("A cat.")
        >>> again = cached.create_embedding("A cat.")  # nothing is sent
        >>> first == again
        True
    """

    store: MutableMapping[str, bytes] = field(repr=False, validator=validator(of_type(MutableMapping)))
    ttl: float | None = field(default=None, validator=validator(optional(positive_seconds)))
    operations: Sequence[str] = field(default=("create_embedding", "rerank"), validator=validator(_names))
    _wall: Callable[[], float] = field(default=time.time, init=False, repr=False)

    def __call__(self, request: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
        """Give the response that is kept, or send the request and keep its response.

        Example:
            >>> from pixigpt.middleware import Cache
            >>> client.with_options(middleware=[Cache({})]).rerank("cat", ["A cat."]).results[0].index
            0
        """
        if request.operation not in self.operations or not isinstance(payload_of(request).content, bytes):
            return (yield request)  # a body that is read from a file is not known before it is sent
        key = _cache_key(request)
        if kept := self._kept(key):
            return kept
        response = yield request
        if response.is_complete and 200 <= response.status_code <= 299:
            self.store[key] = self._packed(response)
        return response

    def _packed(self, response: CallResponse) -> bytes:
        head = {
            "at": self._wall(),
            "status": response.status_code,
            "type": response.headers.get("content-type", ""),
            "size": len(response.content),
        }
        return json.dumps(head).encode() + b"\n" + response.content

    def _kept(self, key: str) -> CallResponse | None:
        """Return the response that is kept, if it is there, whole, and not too old."""
        try:
            head, _, content = self.store.get(key, b"").partition(b"\n")
            fields = json.loads(head)
            age = self._wall() - fields["at"]
            kept = CallResponse(fields["status"], headers={"content-type": fields["type"]}, content=content)
            is_good = fields["size"] == len(content) and (self.ttl is None or age <= self.ttl)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        return kept if is_good else None


def _cache_key(request: CallRequest) -> str:
    body = payload_of(request).decoded
    if isinstance(body, dict):
        body = {name: value for name, value in cast("dict[str, object]", body).items() if name not in _STREAM_FIELDS}
    parts = [request.operation, request.base_url, api_key_of(request), request.path, request.params, body]
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()

"""A request's body: what is sent, and what a middleware sees of it, which it might change in place."""

import json
from typing import Final

from attrs import define

from pixigpt._request_body import JsonBody, RequestBody

_MISSING: Final = object()


@define
class Payload:
    """A request's body: what is sent, and, decoded at the first look, what a middleware sees."""

    content: RequestBody
    is_json: bool
    _decoded: object = _MISSING
    _is_shown: bool = False

    @property
    def decoded(self) -> object:
        """The body, for who only reads it."""
        if self._decoded is _MISSING:
            self._decoded = self._decode()
        return self._decoded

    def show(self) -> object:
        """Return the body to a middleware, which might change it."""
        self._is_shown = True
        return self.decoded

    @property
    def is_changed(self) -> bool:
        """Whether somebody has changed the decoded body in place."""
        if not (self.is_json and self._is_shown):
            return False
        try:
            return JsonBody(self._decoded).encoded({}) != self.content
        except (TypeError, ValueError):
            return True

    def _decode(self) -> object:
        if not isinstance(self.content, bytes) or not self.content:
            return None
        return json.loads(self.content) if self.is_json else self.content


def payload_with(body: object) -> Payload:
    """Return the payload of a body that a middleware gives: bytes, or what is sent as JSON; None is none."""
    if body is None or isinstance(body, bytes):
        return Payload(body or b"", is_json=False)
    return Payload(JsonBody(body).encoded({}), is_json=True)

"""Responses by Idempotency-Key, so that nothing is done twice."""

from collections.abc import Callable

from starlette.responses import Response

from pixigpt.testing._errors import ServiceError

_MAX_KEYS = 1_000  # a response may hold many vectors


class Replays:
    """The responses under the newest keys."""

    def __init__(self) -> None:
        self._responses: dict[str, tuple[object, Response]] = {}

    def clear(self) -> None:
        """Forget them."""
        self._responses.clear()

    def response(self, key: str, asked: object, work: Callable[[], Response]) -> Response:
        """Do the work, or return the response that this key has had; a request that was not served leaves none."""
        if key not in self._responses:
            response = work()
            if response.status_code >= 300:
                return response
            self._keep(key, asked, response)
        before, response = self._responses[key]
        if before != asked:
            raise ServiceError(409, "This Idempotency-Key belongs to another request.", code="idempotency_key_reused")
        return response

    def _keep(self, key: str, asked: object, response: Response) -> None:
        self._responses[key] = (asked, response)
        if len(self._responses) > _MAX_KEYS:
            del self._responses[next(iter(self._responses))]

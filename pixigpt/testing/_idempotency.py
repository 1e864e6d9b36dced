"""What has been answered under each Idempotency-Key, so that nothing is done twice."""

from collections.abc import Callable

from starlette.responses import Response

from pixigpt.testing._service import ServiceError


class Replays:
    """The answers so far."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[object, Response]] = {}

    def clear(self) -> None:
        """Forget them."""
        self._answers.clear()

    def answer(self, key: str, asked: object, work: Callable[[], Response]) -> Response:
        """Do the work, or give the answer that this key has had; a refused request has none."""
        if key not in self._answers:
            self._answers[key] = (asked, work())
        before, response = self._answers[key]
        if before != asked:
            raise ServiceError(409, "This Idempotency-Key belongs to another request.", code="idempotency_key_reused")
        return response

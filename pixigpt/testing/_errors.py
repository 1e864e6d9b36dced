"""What the service refuses, and how an error looks on the wire."""

import json
from collections.abc import Mapping

from starlette.responses import Response

_TYPES = {401: "authentication_error", 429: "rate_limit_error"}


class ServiceError(Exception):
    """A request that the service refuses."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | int | None = None,
        *,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.kind = kind
        self.headers = headers

    def body(self) -> dict[str, object]:
        """Return the body of the response."""
        return error_body(self.status, str(self), self.code, self.kind)

    def response(self) -> Response:
        """Return the response."""
        return json_response(self.body(), self.status, self.headers)


def error_response(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str | None = None,
) -> Response:
    """Return an error in OpenAI's form."""
    return json_response(error_body(status, message, code), status, headers)


def error_body(status: int, message: str, code: str | int | None, kind: str | None = None) -> dict[str, object]:
    """Return the body of an error in OpenAI's form."""
    by_status = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind or by_status, "code": code}}


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response, in ASCII, so that half a surrogate pair, which JSON allows, comes back as it was sent."""
    return Response(json.dumps(value), status, headers, media_type="application/json")

"""What the service refuses, and how an error looks on the wire."""

import json
from collections.abc import Mapping

from starlette.responses import Response

_TYPES = {401: "authentication_error", 429: "rate_limit_error"}


class ServiceError(Exception):
    """A request that the service refuses."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def error_response(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str | None = None,
) -> Response:
    """Return an error in OpenAI's form."""
    return json_response(error_body(status, message, code), status, headers)


def error_body(status: int, message: str, code: str | int | None) -> dict[str, object]:
    """Return the body of an error in OpenAI's form."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "code": code}}


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response, in ASCII, so that half a surrogate pair, which JSON allows, comes back as it was sent."""
    return Response(json.dumps(value), status, headers, media_type="application/json")

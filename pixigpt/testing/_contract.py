"""The shipped contract, and requests held against it by openapi-core."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from attrs import frozen
from openapi_core import Config, OpenAPI
from openapi_core.contrib.starlette import StarletteOpenAPIRequest
from openapi_core.exceptions import OpenAPIError
from openapi_core.validation.request.validators import V31RequestParametersValidator
from starlette.requests import Request

_METHODS = ("get", "put", "post", "delete", "patch")


@frozen
class Operation:
    """An operation of the contract."""

    name: str
    method: str
    path: str


@cache
def contract() -> Mapping[str, Any]:
    """Return the OpenAPI document that the client is generated from."""
    text = files("pixigpt_api").joinpath("openapi.yaml").read_text(encoding="utf-8")
    document: Mapping[str, Any] = yaml.safe_load(text)
    return document


def operations() -> Iterator[Operation]:
    """Every operation of the contract."""
    for path, item in contract()["paths"].items():
        for method in _METHODS:
            if method in item:
                yield Operation(item[method]["operationId"], method.upper(), path)


@cache
def _openapi(base_path: str, *, has_files: bool) -> OpenAPI:
    # A file is no string to a JSON schema: of forms and files, only the parameters are checked.
    config = Config() if not has_files else Config(request_validator_cls=V31RequestParametersValidator)
    return OpenAPI.from_dict({**contract(), "servers": [{"url": base_path}], "security": []}, config)


def complaint(request: Request, body: bytes, base_path: str, *, has_files: bool = False) -> str | None:
    """Return how a request violates the contract; None if it does not."""
    try:
        if not has_files:
            body.decode()
        _openapi(base_path, has_files=has_files).validate_request(StarletteOpenAPIRequest(request, body))
    except UnicodeDecodeError as error:
        return f"the body is not UTF-8: {error}"
    except RecursionError:
        return "the body is nested too deeply"
    except OpenAPIError as error:
        return _reason(error)
    return None


def _reason(error: OpenAPIError) -> str:
    schema_errors = getattr(error.__cause__, "schema_errors", None)
    if not schema_errors:
        return str(error)
    first = next(iter(schema_errors))
    where = ".".join(str(step) for step in first.absolute_path)
    return f"{where}: {first.message}" if where else str(first.message)

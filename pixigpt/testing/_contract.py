"""The shipped contract, and requests held against it by openapi-core."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from attrs import frozen
from jsonschema import Draft202012Validator, ValidationError
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
    body_schema: Mapping[str, Any] | None


@cache
def contract() -> Mapping[str, Any]:
    """Return the OpenAPI document that the client is generated from."""
    text = files("pixigpt_api").joinpath("openapi.yaml").read_text(encoding="utf-8")
    document: Mapping[str, Any] = yaml.safe_load(text)
    return document


def operations() -> Iterator[Operation]:
    """Yield every operation of the contract."""
    for path, item in contract()["paths"].items():
        for method in _METHODS:
            if method in item:
                yield Operation(item[method]["operationId"], method.upper(), path, _body_schema(item[method]))


def _body_schema(operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema


def paths() -> list[str]:
    """Return the paths of all operations, such as `/threads/{thread_id}`."""
    return list(contract()["paths"])


@cache
def _openapi(base_path: str, *, has_files: bool) -> OpenAPI:
    # A file is no string to a JSON schema: of forms and files, only the parameters are checked.
    config = Config() if not has_files else Config(request_validator_cls=V31RequestParametersValidator)
    return OpenAPI.from_dict({**contract(), "servers": [{"url": base_path}], "security": []}, config)


def violation(request: Request, body: bytes, base_path: str, *, has_files: bool = False) -> str | None:
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


def schema_violation(name: str, value: object) -> str | None:
    """Return how a value violates a schema of the contract; None if it does not."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": contract()["components"]}
    validator: Any = Draft202012Validator(schema)
    return next((_place_and_message(error) for error in validator.iter_errors(value)), None)


def _reason(error: OpenAPIError) -> str:
    schema_errors = getattr(error.__cause__, "schema_errors", None)
    return _place_and_message(next(iter(schema_errors))) if schema_errors else str(error)


def _place_and_message(first: ValidationError) -> str:
    where = ".".join(str(step) for step in first.absolute_path)
    return f"{where}: {first.message}" if where else str(first.message)

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.create_run_request import CreateRunRequest
from ...models.error_response import ErrorResponse
from ...models.run import Run
from ...types import UNSET, Response, Unset


def _get_kwargs(
    thread_id: str,
    *,
    body: CreateRunRequest,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/threads/{thread_id}/runs".format(
            thread_id=quote(str(thread_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorResponse | Run:
    if response.status_code == 400:
        response_400 = ErrorResponse.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorResponse.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = ErrorResponse.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = ErrorResponse.from_dict(response.json())

        return response_409

    if response.status_code == 429:
        response_429 = ErrorResponse.from_dict(response.json())

        return response_429

    if 200 <= response.status_code <= 299:
        response_2xx = Run.from_dict(response.json())

        return response_2xx

    response_default = ErrorResponse.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorResponse | Run]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    thread_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: CreateRunRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[ErrorResponse | Run]:
    """Start an assistant on a thread.

     The run is asynchronous: it comes back `queued` or `in_progress`, never yet completed. Poll
    `get_run` until
    its status is terminal.

    Args:
        thread_id (str):
        idempotency_key (str | Unset):
        body (CreateRunRequest): Which assistant to start, and how.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | Run]
    """

    kwargs = _get_kwargs(
        thread_id=thread_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    thread_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: CreateRunRequest,
    idempotency_key: str | Unset = UNSET,
) -> ErrorResponse | Run | None:
    """Start an assistant on a thread.

     The run is asynchronous: it comes back `queued` or `in_progress`, never yet completed. Poll
    `get_run` until
    its status is terminal.

    Args:
        thread_id (str):
        idempotency_key (str | Unset):
        body (CreateRunRequest): Which assistant to start, and how.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | Run
    """

    return sync_detailed(
        thread_id=thread_id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    thread_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: CreateRunRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[ErrorResponse | Run]:
    """Start an assistant on a thread.

     The run is asynchronous: it comes back `queued` or `in_progress`, never yet completed. Poll
    `get_run` until
    its status is terminal.

    Args:
        thread_id (str):
        idempotency_key (str | Unset):
        body (CreateRunRequest): Which assistant to start, and how.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | Run]
    """

    kwargs = _get_kwargs(
        thread_id=thread_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    thread_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: CreateRunRequest,
    idempotency_key: str | Unset = UNSET,
) -> ErrorResponse | Run | None:
    """Start an assistant on a thread.

     The run is asynchronous: it comes back `queued` or `in_progress`, never yet completed. Poll
    `get_run` until
    its status is terminal.

    Args:
        thread_id (str):
        idempotency_key (str | Unset):
        body (CreateRunRequest): Which assistant to start, and how.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | Run
    """

    return (
        await asyncio_detailed(
            thread_id=thread_id,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed

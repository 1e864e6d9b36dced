from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.chat_completion import ChatCompletion
from ...models.create_chat_completion_request import CreateChatCompletionRequest
from ...models.error_response import ErrorResponse
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: CreateChatCompletionRequest,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/chat/completions",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ChatCompletion | ErrorResponse:
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
        response_2xx = ChatCompletion.from_dict(response.json())

        return response_2xx

    response_default = ErrorResponse.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ChatCompletion | ErrorResponse]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: CreateChatCompletionRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[ChatCompletion | ErrorResponse]:
    """Answer a conversation.

     Without `assistant_id`, the first message must be a system message. Nothing is stored: send the
    whole
    conversation each time.

    With `stream`, the response is `text/event-stream`: each event's data is a `ChatCompletionChunk`,
    the last one's
    is `[DONE]`. An error on the way is an event whose data is an `Error`.

    Args:
        idempotency_key (str | Unset):
        body (CreateChatCompletionRequest): A conversation to be answered, and how.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatCompletion | ErrorResponse]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: CreateChatCompletionRequest,
    idempotency_key: str | Unset = UNSET,
) -> ChatCompletion | ErrorResponse | None:
    """Answer a conversation.

     Without `assistant_id`, the first message must be a system message. Nothing is stored: send the
    whole
    conversation each time.

    With `stream`, the response is `text/event-stream`: each event's data is a `ChatCompletionChunk`,
    the last one's
    is `[DONE]`. An error on the way is an event whose data is an `Error`.

    Args:
        idempotency_key (str | Unset):
        body (CreateChatCompletionRequest): A conversation to be answered, and how.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ChatCompletion | ErrorResponse
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: CreateChatCompletionRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[ChatCompletion | ErrorResponse]:
    """Answer a conversation.

     Without `assistant_id`, the first message must be a system message. Nothing is stored: send the
    whole
    conversation each time.

    With `stream`, the response is `text/event-stream`: each event's data is a `ChatCompletionChunk`,
    the last one's
    is `[DONE]`. An error on the way is an event whose data is an `Error`.

    Args:
        idempotency_key (str | Unset):
        body (CreateChatCompletionRequest): A conversation to be answered, and how.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ChatCompletion | ErrorResponse]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: CreateChatCompletionRequest,
    idempotency_key: str | Unset = UNSET,
) -> ChatCompletion | ErrorResponse | None:
    """Answer a conversation.

     Without `assistant_id`, the first message must be a system message. Nothing is stored: send the
    whole
    conversation each time.

    With `stream`, the response is `text/event-stream`: each event's data is a `ChatCompletionChunk`,
    the last one's
    is `[DONE]`. An error on the way is an event whose data is an `Error`.

    Args:
        idempotency_key (str | Unset):
        body (CreateChatCompletionRequest): A conversation to be answered, and how.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ChatCompletion | ErrorResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed

"""Transports that send through a caller's own httpx client: its proxy, TLS, hooks and transport.

What would break our promises stays out: its redirects, its own authentication, its cookies.
"""

from __future__ import annotations

from typing import Final

import httpx

from ._errors import ConfigurationError

# "Origin" makes Okta treat a call as a browser's; the others authenticate or carry a session.
_NOT_THEIRS: Final = frozenset({"authorization", "cookie", "origin", "proxy-authorization"})


class BorrowedTransport(httpx.BaseTransport):
    """Sends through a caller's ``httpx.Client``, which stays the caller's to close."""

    def __init__(self, client: httpx.Client) -> None:
        self._client: Final = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        _prepare(request, self._client.headers, self._client.is_closed)
        try:
            response = self._client.send(request, stream=True, auth=None, follow_redirects=False)
        except httpx.HTTPStatusError as error:
            return _kept(error.response)
        return _kept(response) if response.is_stream_consumed else response


class AsyncBorrowedTransport(httpx.AsyncBaseTransport):
    """Sends through a caller's ``httpx.AsyncClient``, which stays the caller's to close."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client: Final = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        _prepare(request, self._client.headers, self._client.is_closed)
        try:
            response = await self._client.send(
                request, stream=True, auth=None, follow_redirects=False
            )
        except httpx.HTTPStatusError as error:
            return _kept(error.response)
        return _kept(response) if response.is_stream_consumed else response


def _prepare(request: httpx.Request, theirs: httpx.Headers, is_closed: bool) -> None:
    if is_closed:
        raise ConfigurationError("the http_client is closed")
    for name, value in theirs.items():
        if name not in request.headers and name not in _NOT_THEIRS:
            request.headers[name] = value


def _kept(response: httpx.Response) -> httpx.Response:
    """What is left of a response that a hook has read, or raised over (``raise_for_status``)."""
    try:
        content = response.content
    except httpx.ResponseNotRead:
        content = b""
    headers = response.headers.copy()
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        headers.pop(name, None)
    return httpx.Response(response.status_code, headers=headers, content=content)

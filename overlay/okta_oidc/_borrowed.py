"""Transports that send through a caller's own httpx client: its proxy, TLS, hooks and transport.

What would break our promises stays out: its redirects, its own authentication, its cookies.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, TypeVar, cast

import httpx

from ._config import Server
from ._errors import ConfigurationError

T = TypeVar("T")

# "Origin" makes Okta treat a call as a browser's; the others authenticate, carry a session, or
# belong to a body of theirs.
_NOT_THEIRS: Final = frozenset(
    {"authorization", "cookie", "expect", "origin", "proxy-authorization", "transfer-encoding"}
)


class DirectClient(httpx.AsyncClient, ABC):
    """A client of this package's own making: calls take its route, not the way through it."""

    @abstractmethod
    def route(self, server: Server) -> httpx.AsyncBaseTransport:
        """A transport of its own for ``server``, closed with the client that it is given to."""


class BorrowedTransport(httpx.BaseTransport):
    """Sends through a caller's ``httpx.Client``, which stays the caller's to close."""

    def __init__(self, client: httpx.Client) -> None:
        self._client: Final = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        _prepare(request, self._client.headers, self._client.is_closed)
        try:
            response = self._client.send(request, stream=True, auth=None, follow_redirects=False)
        except httpx.HTTPStatusError as error:
            if error.request is not request:  # a hook's own call to somewhere else
                raise
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
            if error.request is not request:  # a hook's own call to somewhere else
                raise
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


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of ``work``, if it comes within ``seconds``.

    For what blocks and has no limit of its own: the resolver; a client of the caller's, which
    limits each read, not their sum, and lets nobody reach its socket. It waits in a thread, which
    a caller can leave behind, and which ends when the wait does.

    Raises:
        TimeoutError: it did not come in time.
    """
    outcomes: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcomes.put((work(), None))
        except BaseException as error:  # noqa: BLE001  # raised where the caller waits
            outcomes.put((None, error))

    # Instrumentation finds its parent span in the context.
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="okta-oidc", daemon=True).start()
    try:
        result, error = outcomes.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("timed out") from None
    if error is not None:
        raise error
    return cast("T", result)

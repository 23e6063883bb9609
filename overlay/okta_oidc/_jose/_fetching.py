"""Keys over connections of their own, for an API that is no client of Okta's."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx

from .._bodies import SentBody
from .._calls import HEADERS
from .._config import Server
from .._http import Reply
from .._responses import refusal
from .._senders import AsyncSender, Sender

_TIMEOUT: Final = 10.0
# Nobody authenticates here, so there is nothing to sign with.
_NOBODY: Final = cast("Any", None)


class Fetcher:
    """Asks one authorization server for its keys."""

    def __init__(self, server: Server, http_client: httpx.Client | None) -> None:
        self._server: Final = server
        self._sender: Final = Sender(server, _NOBODY, _TIMEOUT, http_client)

    def fetch(self, limit: float | None) -> Reply:
        """The answer, if it is a 2xx.

        Raises:
            TransportError: there was none.
            APIError: it was another.
        """
        return _judged(self._sender.exchange(_request(self._server, limit)))

    def close(self) -> None:
        self._sender.close()


class AsyncFetcher:
    """Asks one authorization server for its keys: see :class:`Fetcher`."""

    def __init__(self, server: Server, http_client: httpx.AsyncClient | None) -> None:
        self._server: Final = server
        self._sender: Final = AsyncSender(server, _NOBODY, _TIMEOUT, http_client)

    async def fetch(self, limit: float | None) -> Reply:
        return _judged(await self._sender.exchange(_request(self._server, limit)))

    async def aclose(self) -> None:
        await self._sender.aclose()


def _request(server: Server, limit: float | None) -> httpx.Request:
    seconds = _TIMEOUT if limit is None else min(limit, _TIMEOUT)
    return httpx.Request(
        "GET",
        server.origin + server.path("keys", None),
        headers={"Host": server.netloc, **HEADERS},
        stream=SentBody(b""),
        extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)},
    )


def _judged(reply: Reply) -> Reply:
    if not reply.is_success:
        raise refusal(reply, _NOBODY)
    return reply

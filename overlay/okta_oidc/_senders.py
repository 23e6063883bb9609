"""httpx clients for one Okta: signed, limited in time and size, no cookies, no redirects.

The facade hands its requests to ``exchange``, signed. Generated functions come through ``send``,
which signs theirs, and refuses an answer that their parser would lose. Both meet the server in the
same way.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import httpx

from ._auth import ClientSecret
from ._calls import HEADERS
from ._config import Server
from ._errors import ConfigurationError, TransportError, TransportTimeoutError
from ._forms import secrets_in
from ._http import Headers, HttpInfo, Reply
from ._messages import broken_message
from ._responses import check_parsable
from ._wire.bodies import SentBody
from ._wire.environment import Origin, Unusable
from ._wire.exchanges import Answer, AsyncWire, Broken, Wire

_LOGGER: Final = logging.getLogger("okta_oidc")


class Sender(httpx.Client):
    """The synchronous way to the server, shared by all threads."""

    def __init__(
        self, server: Server, auth: ClientSecret, timeout: float, lent: httpx.Client | None
    ) -> None:
        self.now: Callable[[], float] = time.time
        self._server: Final = server
        self._signer: Final = auth
        with _configured():
            self._wire: Final = Wire.through(lent) if lent else Wire.to(_origin_of(server))
        super().__init__(
            base_url=server.origin, headers=HEADERS, timeout=timeout, transport=_Unused()
        )

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Sign and send; whatever the options say, the answer is read whole and not followed."""
        signed = _signed(request, self._signer, self._server)
        return _readable(self.exchange(signed), signed, self._signer)

    def exchange(self, request: httpx.Request) -> Reply:
        """Send a signed request, whose stream is a ``SentBody``, and read the answer.

        Raises:
            TransportError: there was no complete response.
        """
        _check_open(self.is_closed)
        try:
            answer = self._wire.exchange(request, _limit(request))
        except Broken as broken:
            raise _error_of(broken, request) from _quotable(broken)
        except Unusable as error:
            raise ConfigurationError(str(error)) from None
        return _reply(request, answer, self.now())

    def close(self) -> None:
        super().close()
        self._wire.close()


class AsyncSender(httpx.AsyncClient):
    """The asynchronous way to the server, shared by the tasks of one event loop."""

    def __init__(
        self,
        server: Server,
        auth: ClientSecret,
        timeout: float,
        lent: httpx.AsyncClient | None,
    ) -> None:
        self.now: Callable[[], float] = time.time
        self._server: Final = server
        self._signer: Final = auth
        origin = _origin_of(server)
        with _configured():
            self._wire: Final = AsyncWire.through(lent, origin) if lent else AsyncWire.to(origin)
        super().__init__(
            base_url=server.origin, headers=HEADERS, timeout=timeout, transport=_Unused()
        )

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Sign and send; whatever the options say, the answer is read whole and not followed."""
        signed = _signed(request, self._signer, self._server)
        return _readable(await self.exchange(signed), signed, self._signer)

    async def exchange(self, request: httpx.Request) -> Reply:
        """Send a signed request, whose stream is a ``SentBody``, and read the answer.

        Raises:
            TransportError: there was no complete response.
        """
        _check_open(self.is_closed)
        try:
            answer = await self._wire.exchange(request, _limit(request))
        except Broken as broken:
            raise _error_of(broken, request) from _quotable(broken)
        except Unusable as error:
            raise ConfigurationError(str(error)) from None
        return _reply(request, answer, self.now())

    async def aclose(self) -> None:
        await super().aclose()
        await self._wire.aclose()


class _Unused(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Requests go out by :class:`Wire`."""


@contextmanager
def _configured() -> Generator[None]:
    """Raise what cannot work as things are set up as a ``ConfigurationError``."""
    try:
        yield
    except Unusable as error:
        raise ConfigurationError(str(error)) from error.__cause__


def _origin_of(server: Server) -> Origin:
    return Origin("https" if server.secure else "http", server.netloc, server.is_loopback)


def _limit(request: httpx.Request) -> float | None:
    limit: float | None = request.extensions.get("timeout", {}).get("read")
    return limit


def _check_open(is_closed: bool) -> None:
    if is_closed:
        raise ConfigurationError("the client is closed")


def _signed(request: httpx.Request, auth: ClientSecret, server: Server) -> httpx.Request:
    url = request.url
    if f"{url.scheme}://{url.netloc.decode()}" != server.origin:
        raise ConfigurationError("the request is for another host: the credentials stay here")
    request.read()
    request = next(auth.auth_flow(request))
    request.stream = SentBody(request.content)
    return request


def _readable(reply: Reply, request: httpx.Request, auth: ClientSecret) -> httpx.Response:
    """The answer for a generated parser, unless that parser would lose it."""
    reply.secrets = (*secrets_in(request.content), *auth.secrets)
    check_parsable(reply, request.url.path, auth)
    headers = reply.headers.copy()
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        headers.pop(name, None)
    return httpx.Response(reply.status, headers=headers, content=reply.body, request=request)


def _reply(request: httpx.Request, answer: Answer, arrived_at: float) -> Reply:
    reply = Reply(
        answer.status,
        answer.headers,
        answer.body,
        complete=answer.is_complete,
        is_plain=answer.is_plain,
        arrived_at=arrived_at,
    )
    if _LOGGER.isEnabledFor(logging.DEBUG):
        _LOGGER.debug("POST %s: HTTP %d", request.url.path, reply.status)
    return reply


def _error_of(broken: Broken, request: httpx.Request) -> TransportError:
    kind = TransportTimeoutError if broken.is_timeout else TransportError
    answer = broken.answer
    return kind(
        broken_message(broken.error, request.url.host, quotable=broken.is_quotable),
        request_sent=False if broken.never_sent else None,
        http=None if answer is None else HttpInfo(answer.status, Headers(answer.headers)),
        body=b"" if answer is None else answer.body,
    )


def _quotable(broken: Broken) -> Exception | None:
    # The text of a protocol error quotes what the peer sent, which may well be a token.
    return broken.error if broken.is_quotable else None

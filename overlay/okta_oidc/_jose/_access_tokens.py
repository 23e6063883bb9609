"""Access tokens checked by an API that is no client of Okta's."""

from __future__ import annotations

from types import NoneType, TracebackType
from typing import TYPE_CHECKING, Final, Self

import httpx

from .._auth import PublicClient
from .._config import ORG, check_kind
from .._errors import ConfigurationError
from .._flow import Flow
from .._retry import Retry, is_number
from .._silence import silent
from .._steps import Steps
from .._wire.lent import is_async_client, is_client
from ._claims import Claims
from ._issuers import LEEWAY, Issuers, checked_audience, named_server
from ._private_keys import need_joserfc

if TYPE_CHECKING:
    from .._senders import AsyncSender, Sender

_TIMEOUT: Final = 10.0
# Keys are public: nobody authenticates to fetch them, whatever the flow is told of its client.
_NOBODY: Final = PublicClient("nobody")


class _Verifier:
    """What does not depend on how keys are fetched."""

    def __init__(self, issuer: str, audience: str) -> None:
        need_joserfc(type(self).__name__)
        server = named_server(issuer)
        if server.default is ORG:
            raise ConfigurationError(
                "the org authorization server's access tokens are Okta's own, and no API can "
                "check them: pass a custom server's issuer, https://{org}/oauth2/{id}"
            )
        self._audience: Final = checked_audience(audience)
        self._flow: Final = Flow(server, _NOBODY, _TIMEOUT, Retry())
        self._issuers: Issuers

    def _trust(self, sender: Sender | AsyncSender, leeway: float) -> None:
        if not is_number(leeway) or leeway < 0:
            raise ConfigurationError("leeway must be a number of seconds, 0 or more")
        self._issuers = Issuers(sender, None, float(leeway))

    def _steps(self, token: str, scopes: tuple[str, ...]) -> Steps[Claims]:
        server = self._flow.server.default
        return self._issuers.verify_access_token(server, token, self._audience, scopes)

    def __repr__(self) -> str:
        issuer = self._issuers.name(self._flow.server.default)
        return f"{type(self).__name__}({issuer!r}, audience={self._audience!r})"


class AccessTokenVerifier(_Verifier):
    """Checks a custom authorization server's access tokens by its public keys. Share one.

    Okta is asked for keys alone, once an hour at most as long as they stay the same: a token that
    was revoked passes until it expires. Needs ``okta-oidc[jwt]``.

    Args:
        issuer: the ``iss`` that tokens carry, ``https://{org}/oauth2/{id}``; keys are fetched from
            there. The org server's access tokens are Okta's own and cannot be checked.
        audience: the audience of the authorization server, ``api://…``: one of ``aud``.
        leeway: seconds that Okta's clock and this one may differ.
        http_client: a client of your own to fetch keys through, yours to close.

    Raises:
        ConfigurationError: an argument cannot be right. Nothing has been sent.
    """

    @silent
    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        leeway: float = LEEWAY,
        http_client: httpx.Client | None = None,
    ) -> None:
        super().__init__(issuer, audience)
        if not is_client(http_client):
            check_kind("http_client", http_client, httpx.Client, NoneType)
        from .._senders import Sender

        self._sender: Final = Sender(self._flow, http_client)
        self._trust(self._sender, leeway)

    @silent
    def verify(self, token: str, *scopes: str) -> Claims:
        """What the token says, if it holds and was granted all of ``scopes`` (RFC 9068 §4).

        Raises:
            InvalidTokenError: it does not hold; ``reason`` says why.
            TransportError: its key is not known, and Okta cannot be reached.
            APIError: the same, and Okta refuses to tell.
            MalformedResponseError: the same, and Okta's answer holds no key.
        """
        return self._sender.run(self._steps(token, scopes))

    def close(self) -> None:
        """Close the connections. An ``http_client`` of yours stays open."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncAccessTokenVerifier(_Verifier):
    """:class:`AccessTokenVerifier` for asyncio and trio: the same arguments, results and errors."""

    @silent
    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        leeway: float = LEEWAY,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(issuer, audience)
        if not is_async_client(http_client):
            check_kind("http_client", http_client, httpx.AsyncClient, NoneType)
        from .._senders import AsyncSender

        self._sender: Final = AsyncSender(self._flow, http_client)
        self._trust(self._sender, leeway)

    @silent
    async def verify(self, token: str, *scopes: str) -> Claims:
        """What the token says, if it holds: see :meth:`AccessTokenVerifier.verify`."""
        return await self._sender.run(self._steps(token, scopes))

    async def aclose(self) -> None:
        """Close the connections. An ``http_client`` of yours stays open."""
        await self._sender.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

"""Access tokens checked by an API that is no client of Okta's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import httpx

from .._auth import PublicClient
from .._config import Server, checked_text, need_joserfc
from .._flow import Flow
from .._retry import Retry, checked_seconds
from .._silence import silent
from .._steps import Steps
from ._claims import Claims
from ._issuers import LEEWAY, Issuers, refuse_org

if TYPE_CHECKING:
    from ._checks import Checks

_TIMEOUT: Final = 10.0
# A flow needs a client, but keys are public: nobody authenticates to fetch them.
_NOBODY: Final = PublicClient("nobody")


class _Verifier:
    """What does not depend on how keys are fetched."""

    def __init__(self, issuer: str, audience: str, leeway: float) -> None:
        need_joserfc(type(self).__name__)
        server = Server.of_issuer(issuer)
        refuse_org(server.default)
        self._audience: Final = checked_text("audience", audience)
        checked_seconds("leeway", leeway)
        self._flow: Final = Flow(server, _NOBODY, _TIMEOUT, Retry())
        self._checks: Checks

    def _steps(self, token: str, scopes: tuple[str, ...]) -> Steps[Claims]:
        return self._checks.access_token(token, self._audience, scopes)

    def __repr__(self) -> str:
        server = self._flow.server
        issuer = server.issuer(server.default)
        return f"{type(self).__name__}({issuer!r}, audience={self._audience!r})"


class AccessTokenVerifier(_Verifier):
    """Checks a custom authorization server's access tokens by its public keys. Share one.

    Okta is asked for keys alone: again after its answer's ``max-age``, within 5 minutes to an hour,
    and for a key id that is not known, 30 seconds after the last time at the earliest. So a token
    that was revoked passes until it expires. Needs ``okta-oidc[jwt]``.

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
        super().__init__(issuer, audience, leeway)
        from .._senders import Sender

        self._sender: Final = Sender(self._flow, http_client)
        self._checks = Issuers(self._sender, leeway).at(self._flow.server.default)

    @silent
    def verify(self, token: str, *scopes: str) -> Claims:
        """What the token says, if it holds and was granted all of ``scopes`` (RFC 9068 §4).

        Raises:
            InvalidTokenError: it does not hold; ``reason`` says why.
            TransportError: its key is not known, and Okta cannot be reached.
            APIError: the same, and Okta refuses the request for keys.
            MalformedResponseError: the same, and Okta's answer holds no key.
        """
        return self._sender.run(self._steps(token, scopes))

    def close(self) -> None:
        """Close the connections. An ``http_client`` of yours stays open."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
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
        super().__init__(issuer, audience, leeway)
        from .._senders import AsyncSender

        self._sender: Final = AsyncSender(self._flow, http_client)
        self._checks = Issuers(self._sender, leeway).at(self._flow.server.default)

    @silent
    async def verify(self, token: str, *scopes: str) -> Claims:
        """What the token says, if it holds: see :meth:`AccessTokenVerifier.verify`."""
        return await self._sender.run(self._steps(token, scopes))

    async def aclose(self) -> None:
        """Close the connections. An ``http_client`` of yours stays open."""
        await self._sender.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

"""Access tokens checked by an API that is no client of Okta's."""

from __future__ import annotations

from types import NoneType, TracebackType
from typing import Final, Self, TypeVar, cast

import httpx

from .._config import Server, check_kind
from .._errors import ConfigurationError
from .._retry import is_number
from .._steps import Ask, Steps
from ._claims import Claims
from ._fetching import AsyncFetcher, Fetcher
from ._key_cache import AsyncKeyCache, KeyCache
from ._verification import LEEWAY, Verification

T = TypeVar("T")


class _Verifier:
    """What does not depend on how keys are fetched."""

    def __init__(
        self, server: Server, audience: str, leeway: float, keys: KeyCache | AsyncKeyCache
    ) -> None:
        if not is_number(leeway) or leeway < 0:
            raise ConfigurationError("leeway must be a number of seconds, 0 or more")
        self._issuer: Final = f"{server.origin}/oauth2/{server.default}"
        self._audience: Final = checked_audience(audience)
        self._verification: Final = Verification(self._issuer, keys, float(leeway))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._issuer!r}, audience={self._audience!r})"

    def _steps(self, token: str, scopes: tuple[str, ...]) -> Steps[Claims]:
        check_kind("token", token, str)
        return self._verification.access_token(token, self._audience, scopes)


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

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        leeway: float = LEEWAY,
        http_client: httpx.Client | None = None,
    ) -> None:
        server = _custom_server(issuer)
        check_kind("http_client", http_client, httpx.Client, NoneType)
        self._fetcher: Final = Fetcher(server, http_client)
        super().__init__(server, audience, leeway, KeyCache(self._fetcher.fetch))

    def verify(self, token: str, *scopes: str) -> Claims:
        """What the token says, if it holds and was granted all of ``scopes`` (RFC 9068 §4).

        Raises:
            InvalidTokenError: it does not hold; ``reason`` says why.
            TransportError: its key is not known, and Okta cannot be reached.
            APIError: the same, and Okta refuses to tell.
            MalformedResponseError: the same, and Okta's answer holds no key.
        """
        steps = self._steps(token, scopes)
        try:
            step = next(steps)
            while True:
                assert isinstance(step, Ask)
                step = steps.send(step.function(*step.args))
        except StopIteration as done:
            return cast("Claims", done.value)

    def close(self) -> None:
        """Close the connections. An ``http_client`` of yours stays open."""
        self._fetcher.close()

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

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        leeway: float = LEEWAY,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        server = _custom_server(issuer)
        check_kind("http_client", http_client, httpx.AsyncClient, NoneType)
        self._fetcher: Final = AsyncFetcher(server, http_client)
        super().__init__(server, audience, leeway, AsyncKeyCache(self._fetcher.fetch))

    async def verify(self, token: str, *scopes: str) -> Claims:
        """What the token says, if it holds: see :meth:`AccessTokenVerifier.verify`."""
        steps = self._steps(token, scopes)
        try:
            step = next(steps)
            while True:
                assert isinstance(step, Ask)
                step = steps.send(await step.function(*step.args))
        except StopIteration as done:
            return cast("Claims", done.value)

    async def aclose(self) -> None:
        """Close the connections. An ``http_client`` of yours stays open."""
        await self._fetcher.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def checked_audience(audience: str) -> str:
    check_kind("audience", audience, str)
    if not audience.strip():
        raise ConfigurationError("audience is empty")
    return audience


def _custom_server(issuer: str) -> Server:
    try:
        server = Server(issuer, None)
    except ConfigurationError as error:
        raise ConfigurationError(str(error).replace("base_url", "issuer")) from None
    if issuer.strip().rstrip("/").count("/") == 2:
        raise ConfigurationError(
            "the org authorization server's access tokens are Okta's own, and no API can check "
            "them: pass a custom server's issuer, https://{org}/oauth2/{id}"
        )
    return server

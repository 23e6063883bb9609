"""The two faces: signatures and what they mean. ``_operations`` and ``_flow`` do the work."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import NoneType, TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar, cast

import httpx
from okta_oidc_api import Client

from . import _operations as operations
from ._auth import ClientAuth
from ._config import AuthServerId, Server, check_kind, checked_server_id
from ._flow import Flow
from ._from_env import options_from_env
from ._jose._dpop import DPoP
from ._models import models
from ._operations import GrantModel, Operation
from ._resource._cache import IntrospectionCache
from ._resource._questions import CachedIntrospection
from ._results import Introspection, Tokens
from ._retry import Retry
from ._silence import silent
from ._steps import Steps
from ._wire.lent import is_async_client, is_client

P = ParamSpec("P")
T = TypeVar("T")


class _Face:
    """What does not depend on how requests are sent."""

    def __init__(
        self,
        base_url: str,
        auth: ClientAuth,
        auth_server_id: AuthServerId | None,
        timeout: float,
        retry: Retry | None,
        dpop: DPoP | None,
        introspection_cache: IntrospectionCache | None,
    ) -> None:
        self._flow: Final = Flow(Server(base_url, auth_server_id), auth, timeout, retry, dpop)
        check_kind("introspection_cache", introspection_cache, IntrospectionCache, NoneType)
        self._cached: Final = (
            None
            if introspection_cache is None
            else CachedIntrospection(
                introspection_cache, self._flow, asynchronous=isinstance(self, AsyncOktaOIDC)
            )
        )

    @classmethod
    @silent
    def from_env(cls, prefix: str = "OKTA_", **options: Any) -> Self:
        """A client by environment variables, whose names the command line reads too.

        ``{prefix}ORG_URL`` (an issuer URL will do), ``AUTH_SERVER_ID`` (``org`` for the org
        server), ``CLIENT_ID``, and one of ``CLIENT_SECRET``, ``PRIVATE_KEY`` (a PEM or JWK) and
        ``PRIVATE_KEY_FILE``; without any, the client is a public one. ``KEY_ID`` is the key's.
        ``AUTH_METHOD`` is needed for a secret that is not for ``client_secret_basic``.

        Args:
            prefix: what the names begin with.
            options: the keyword arguments of the class.

        Raises:
            ConfigurationError: a variable is missing, two contradict each other, or one cannot be
                right. The text names them, and shows no value.
        """
        base_url, auth, server = options_from_env(os.environ, prefix)
        options.setdefault("auth_server_id", server)
        made: Self = cast("Any", cls)(base_url, auth, **options)
        return made

    def __repr__(self) -> str:
        server = self._flow.server
        return f"{type(self).__name__}({server.origin!r}, auth_server_id={server.default!r})"

    def _steps(
        self,
        build: Callable[Concatenate[AuthServerId, P], Operation[T]],
        auth_server_id: AuthServerId | None,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Steps[T]:
        """The course of one call, at this server or at the default one."""
        if auth_server_id is None:
            auth_server_id = self._flow.server.default
        return self._flow.steps(build(checked_server_id(auth_server_id), *args, **kwargs))

    def _revoking(
        self, token: str, hint: models.OrgRevokeTokenTypeHint | None, server: AuthServerId | None
    ) -> Steps[None]:
        steps = self._steps(operations.revoke, server, token, hint)
        return steps if self._cached is None else self._cached.revoking(steps, token, server)


class OktaOIDC(_Face):
    """Okta's token, introspection and revocation endpoints. Share one among all threads.

    Args:
        base_url: the org's URL or custom domain, or an issuer URL
            (``https://{org}/oauth2/{id}``), which sets ``auth_server_id``. ``https``, or
            ``http`` for a loopback host.
        auth: how the application is registered to authenticate: :class:`ClientSecretBasic`,
            :class:`ClientSecretPost`, :class:`ClientSecretJwt`, :class:`PrivateKeyJwt` or
            :class:`PublicClient`.
        auth_server_id: a custom authorization server's id, or :data:`ORG`; ``None`` means the
            issuer URL's, else ``"default"``. Each method takes it too, for that call alone.
        timeout: seconds that one attempt may take in all, from connecting to the last byte.
        retry: how often and for how long to try again; ``None`` sends once.
        http_client: a client of your own to send through (proxy, TLS, instrumentation), yours to
            close. Its redirects, authentication and cookies stay unused.
        dpop: the key that tokens are to be bound to (RFC 9449). Requests for tokens prove it, and
            a ``Bearer`` answer is a :class:`MalformedResponseError`.
        introspection_cache: keeps what :meth:`introspect` is told for a while; ``None`` asks each
            time.

    Every method raises, beside what it says itself:

    * :class:`ConfigurationError` before anything is sent, if an argument cannot be right;
    * :class:`TransportError` if no complete response came;
    * :class:`MalformedResponseError` if a 2xx response is not what the endpoint promises;
    * :class:`APIError`, or a subclass, if the server refused.

    Raises:
        ConfigurationError: an argument cannot be right. Nothing has been sent.
    """

    def __init__(
        self,
        base_url: str,
        auth: ClientAuth,
        *,
        auth_server_id: AuthServerId | None = None,
        timeout: float = 10.0,
        retry: Retry | None = Retry(),  # noqa: B008  # immutable
        http_client: httpx.Client | None = None,
        dpop: DPoP | None = None,
        introspection_cache: IntrospectionCache | None = None,
    ) -> None:
        super().__init__(base_url, auth, auth_server_id, timeout, retry, dpop, introspection_cache)
        if not is_client(http_client):
            check_kind("http_client", http_client, httpx.Client, NoneType)
        # Brings httpcore, which a program may well import this module without needing.
        from ._senders import Api, Sender

        self._sender: Final = Sender(self._flow, http_client)
        self._run: Final = self._sender.run
        self._api: Final = Api.over(self._sender)

    @property
    def api(self) -> Client:
        """The generated client, for any synchronous generated function.

        It takes the road of the methods: signed where the operation authenticates the client,
        limited, retried by the same table, and the same errors are raised. What is returned is the
        parsed 2xx: :func:`okta_oidc.success` narrows the type that the generator writes to it.
        ``with_headers``, ``with_cookies`` and ``with_timeout`` return changed copies.
        """
        return self._api

    @silent
    def token(
        self,
        request: GrantModel | Mapping[str, object],
        *,
        auth_server_id: AuthServerId | None = None,
    ) -> models.TokenResponse:
        """Exchange any grant for tokens (RFC 6749 §3.2): exactly what Okta answered.

        Args:
            request: a grant of ``okta_oidc_api.models``, or a mapping of form parameters, in which
                ``None`` is left out and a list repeats its parameter.
        """
        return self._call(operations.token, auth_server_id, request)

    @silent
    def token_for_code(
        self,
        code: str,
        redirect_uri: str,
        *,
        code_verifier: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Exchange an authorization code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).

        A code is good for one delivery within 300 seconds; it is never sent again once the server
        may have seen it.

        Args:
            redirect_uri: the very string that was sent to ``/authorize``.
            code_verifier: the PKCE verifier, if a challenge was sent there.

        Raises:
            InvalidGrantError: the code is spent, expired or another client's, or the redirect URI
                or the verifier does not belong to it.
        """
        return self._call(operations.code, auth_server_id, code, redirect_uri, code_verifier)

    @silent
    def token_for_refresh_token(
        self,
        refresh_token: str,
        redirect_uri: str | None = None,
        *,
        scope: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Exchange a refresh token for fresh tokens (RFC 6749 §6).

        Always keep the ``refresh_token`` of the result: it is the new one where Okta rotates them,
        else the old one. One that is rotated is never sent again once the server may have seen it.

        Args:
            redirect_uri: not needed by Okta.
            scope: space-delimited, a subset of what was granted; ``None`` keeps all of it.

        Raises:
            InvalidGrantError: the refresh token is expired, revoked, reused or another client's.
        """
        return self._call(operations.refresh, auth_server_id, refresh_token, redirect_uri, scope)

    @silent
    def introspect(
        self,
        token: str,
        *,
        token_type_hint: models.IntrospectTokenTypeHint | None = None,
        auth_server_id: AuthServerId | None = None,
        fresh: bool = False,
    ) -> Introspection:
        """Ask whether a token is active, and what it stands for (RFC 7662 §2).

        A token that is expired, revoked, unknown or of another server is inactive: an answer, not
        an error.

        Args:
            fresh: ask Okta, whatever the cache holds, and keep the answer there. A kept answer's
                ``http`` has no headers.
        """
        cached = self._cached
        if cached is not None and not fresh:
            kept = cached.kept(token, token_type_hint, auth_server_id)
            if kept is not None:
                return kept
        steps = self._steps(operations.introspect, auth_server_id, token, token_type_hint)
        if cached is not None:
            about = (token, token_type_hint, auth_server_id)
            steps = cached.asking(self._run, steps, about, fresh=fresh)
        return self._run(steps)

    @silent
    def revoke(
        self,
        token: str,
        *,
        token_type_hint: models.OrgRevokeTokenTypeHint | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> None:
        """Make a token useless (RFC 7009 §2).

        Success says that the request was understood: an unknown token gives the same answer.
        Revoking a refresh token ends its access tokens too, not the other way round. An
        ``introspection_cache`` forgets the token itself; kept answers about its access tokens last
        for their ``ttl``.
        """
        self._run(self._revoking(token, token_type_hint, auth_server_id))

    def _call(
        self,
        build: Callable[Concatenate[AuthServerId, P], Operation[T]],
        auth_server_id: AuthServerId | None,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return self._run(self._steps(build, auth_server_id, *args, **kwargs))

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


class AsyncOktaOIDC(_Face):
    """:class:`OktaOIDC` for asyncio and trio: the same arguments, methods, results and errors.

    Share one among all tasks. Each event loop has connections of its own.
    """

    def __init__(
        self,
        base_url: str,
        auth: ClientAuth,
        *,
        auth_server_id: AuthServerId | None = None,
        timeout: float = 10.0,
        retry: Retry | None = Retry(),  # noqa: B008  # immutable
        http_client: httpx.AsyncClient | None = None,
        dpop: DPoP | None = None,
        introspection_cache: IntrospectionCache | None = None,
    ) -> None:
        super().__init__(base_url, auth, auth_server_id, timeout, retry, dpop, introspection_cache)
        if not is_async_client(http_client):
            check_kind("http_client", http_client, httpx.AsyncClient, NoneType)
        from ._senders import Api, AsyncSender

        self._sender: Final = AsyncSender(self._flow, http_client)
        self._run: Final = self._sender.run
        self._api: Final = Api.over(self._sender)

    @property
    def api(self) -> Client:
        """The generated client, for any ``asyncio…`` function: see :attr:`OktaOIDC.api`."""
        return self._api

    @silent
    async def token(
        self,
        request: GrantModel | Mapping[str, object],
        *,
        auth_server_id: AuthServerId | None = None,
    ) -> models.TokenResponse:
        """Exchange any grant for tokens: see :meth:`OktaOIDC.token`."""
        return await self._call(operations.token, auth_server_id, request)

    @silent
    async def token_for_code(
        self,
        code: str,
        redirect_uri: str,
        *,
        code_verifier: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Exchange an authorization code for tokens: see :meth:`OktaOIDC.token_for_code`."""
        return await self._call(operations.code, auth_server_id, code, redirect_uri, code_verifier)

    @silent
    async def token_for_refresh_token(
        self,
        refresh_token: str,
        redirect_uri: str | None = None,
        *,
        scope: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Exchange a refresh token for tokens: see :meth:`OktaOIDC.token_for_refresh_token`."""
        return await self._call(
            operations.refresh, auth_server_id, refresh_token, redirect_uri, scope
        )

    @silent
    async def introspect(
        self,
        token: str,
        *,
        token_type_hint: models.IntrospectTokenTypeHint | None = None,
        auth_server_id: AuthServerId | None = None,
        fresh: bool = False,
    ) -> Introspection:
        """Ask whether a token is active: see :meth:`OktaOIDC.introspect`."""
        cached = self._cached
        if cached is not None and not fresh:
            kept = cached.kept(token, token_type_hint, auth_server_id)
            if kept is not None:
                return kept
        steps = self._steps(operations.introspect, auth_server_id, token, token_type_hint)
        if cached is not None:
            about = (token, token_type_hint, auth_server_id)
            steps = cached.asking(self._run, steps, about, fresh=fresh)
        return await self._run(steps)

    @silent
    async def revoke(
        self,
        token: str,
        *,
        token_type_hint: models.OrgRevokeTokenTypeHint | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> None:
        """Make a token useless: see :meth:`OktaOIDC.revoke`."""
        await self._run(self._revoking(token, token_type_hint, auth_server_id))

    async def _call(
        self,
        build: Callable[Concatenate[AuthServerId, P], Operation[T]],
        auth_server_id: AuthServerId | None,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._run(self._steps(build, auth_server_id, *args, **kwargs))

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

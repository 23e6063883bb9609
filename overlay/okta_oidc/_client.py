"""The two faces: they send, wait and close. All else is in :mod:`okta_oidc._core`."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from types import NoneType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar, cast

import httpx

from ._auth import ClientSecretBasic, ClientSecretPost
from ._calls import HEADERS
from ._config import AuthServerId, check_kind
from ._core import Core
from ._errors import ConfigurationError
from ._resource._cache import IntrospectionCache
from ._results import Introspection, Tokens
from ._retry import Retry
from ._steps import Ask, Steps

if TYPE_CHECKING:
    from okta_oidc_api import Client
    from okta_oidc_api.models import TokenResponse

    from ._grants import GrantModel
    from ._resource._questions import CachedIntrospection
    from ._senders import AsyncSender, Sender

T = TypeVar("T")

IntrospectHint = Literal["access_token", "device_secret", "id_token", "refresh_token"]
# "oauth_sts" is for the org server, which alone issues such tokens.
RevokeHint = Literal["access_token", "device_secret", "oauth_sts", "refresh_token"]


class _Face:
    """What does not depend on how requests are sent."""

    def __init__(self, core: Core) -> None:
        self._core: Final = core
        self._api: Client | None = None
        self._api_lock: Final = threading.Lock()
        self._cached: CachedIntrospection | None = None

    def __repr__(self) -> str:
        server = self._core.server
        return f"{type(self).__name__}({server.origin!r}, auth_server_id={server.default!r})"

    def _through(
        self, cache: IntrospectionCache | None, *, asynchronous: bool
    ) -> CachedIntrospection | None:
        check_kind("introspection_cache", cache, IntrospectionCache, NoneType)
        if cache is None:
            return None
        from ._resource._questions import CachedIntrospection

        server = self._core.server
        return CachedIntrospection(
            cache,
            self._core,
            lambda auth_server_id: server.origin + server.path("introspect", auth_server_id),
            self._core.auth.client_id,
            asynchronous=asynchronous,
        )

    def _revoking(
        self, token: str, hint: str | None, auth_server_id: AuthServerId | None
    ) -> Steps[None]:
        call = self._core.revoke(token, hint, auth_server_id)
        if self._cached is None:
            return self._core.steps(call)
        return self._cached.evicting(token, auth_server_id, lambda: self._core.steps(call))

    def _generated(self, sender: Sender | AsyncSender) -> Client:
        # Loaded when first asked for: the methods below do without the generated package.
        from okta_oidc_api import Client

        with self._api_lock:
            if self._api is None:
                # The settings are for copies (`with_timeout` and the like), which make httpx
                # clients of their own: signed and limited as well, if less exact.
                api = Client(
                    base_url=self._core.server.origin,
                    headers=dict(HEADERS),
                    timeout=httpx.Timeout(self._core.timeout),
                    httpx_args={"auth": self._core.auth},
                )
                # Left alone, it would make a client of the other kind when asked for one, with
                # no authentication and no time limit.
                if isinstance(sender, httpx.Client):
                    api.set_httpx_client(sender)
                    api.set_async_httpx_client(httpx.AsyncClient(transport=_WrongFace()))
                else:
                    api.set_async_httpx_client(sender)
                    api.set_httpx_client(httpx.Client(transport=_WrongFace()))
                self._api = api
        return self._api


class OktaOIDC(_Face):
    """Okta's token, introspection and revocation endpoints. Share one among all threads.

    Args:
        base_url: the org's URL or custom domain, or an issuer URL
            (``https://{org}/oauth2/{id}``), which sets ``auth_server_id``. ``https``, or
            ``http`` for a loopback host.
        auth: :class:`ClientSecretBasic` or :class:`ClientSecretPost`, as the application is
            registered.
        auth_server_id: a custom authorization server's id, or :data:`ORG`; ``None`` means the
            issuer URL's, else ``"default"``. Each method takes it too, for that call alone.
        timeout: seconds that one attempt may take in all, from connecting to the last byte.
        retry: how often and for how long to try again; ``None`` sends once.
        http_client: a client of your own to send through (proxy, TLS, instrumentation), yours to
            close. Its redirects, authentication and cookies stay unused.
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
        auth: ClientSecretBasic | ClientSecretPost,
        *,
        auth_server_id: AuthServerId | None = None,
        timeout: float = 10.0,
        retry: Retry | None = Retry(),  # noqa: B008  # immutable
        http_client: httpx.Client | None = None,
        introspection_cache: IntrospectionCache | None = None,
    ) -> None:
        super().__init__(Core(base_url, auth, auth_server_id, timeout, retry))
        check_kind("http_client", http_client, httpx.Client, NoneType)
        self._cached = self._through(introspection_cache, asynchronous=False)
        # Brings httpcore, which a program may well import this module without needing.
        from ._senders import Sender

        self._sender: Final = Sender(
            self._core.server, self._core.auth, self._core.timeout, http_client
        )
        self._sleep: Callable[[float], None] = time.sleep

    @property
    def api(self) -> Client:
        """The generated client, for any synchronous generated function, authenticated and limited.

        A generated function returns its own types for what the document describes, errors
        included. It raises this package's errors where its parser would fail, and retries nothing.
        """
        return self._generated(self._sender)

    def token(
        self,
        request: GrantModel | Mapping[str, object],
        *,
        auth_server_id: AuthServerId | None = None,
    ) -> TokenResponse:
        """Exchange any grant for tokens (RFC 6749 §3.2): exactly what Okta answered.

        Args:
            request: a grant of ``okta_oidc_api.models``, or a mapping of form parameters, in which
                ``None`` is left out and a list repeats its parameter.
        """
        return self._run(self._core.steps(self._core.token(request, auth_server_id)))

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
        return self._run(
            self._core.steps(
                self._core.token_for_code(code, redirect_uri, code_verifier, auth_server_id)
            )
        )

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
        return self._run(
            self._core.steps(
                self._core.token_for_refresh_token(
                    refresh_token, redirect_uri, scope, auth_server_id
                )
            )
        )

    def introspect(
        self,
        token: str,
        *,
        token_type_hint: IntrospectHint | None = None,
        auth_server_id: AuthServerId | None = None,
        fresh: bool = False,
    ) -> Introspection:
        """Ask whether a token is active, and what it stands for (RFC 7662 §2).

        A token that is expired, revoked, unknown or of another server is inactive: an answer, not
        an error.

        Args:
            fresh: ask Okta, whatever the cache holds, and keep the answer there. A kept answer's
                ``http`` has the header ``X-Okta-Request-Id`` alone.
        """
        cached = self._cached
        if cached is not None and not fresh:
            kept = cached.kept(token, token_type_hint, auth_server_id)
            if kept is not None:
                return kept
        call = self._core.introspect(token, token_type_hint, auth_server_id)
        if cached is None:
            return self._run(self._core.steps(call))
        return cached.ask(
            self._run,
            lambda: self._core.steps(call),
            token,
            token_type_hint,
            auth_server_id,
            fresh=fresh,
        )

    def revoke(
        self,
        token: str,
        *,
        token_type_hint: RevokeHint | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> None:
        """Make a token useless (RFC 7009 §2).

        Success says that the request was understood: an unknown token gives the same answer.
        Revoking a refresh token ends its access tokens too, not the other way round. An
        ``introspection_cache`` forgets the token itself; kept answers about its access tokens last
        for ``ttl``.
        """
        self._run(self._revoking(token, token_type_hint, auth_server_id))

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

    def _run(self, steps: Steps[T]) -> T:
        try:
            step = next(steps)
            while True:
                if isinstance(step, Ask):
                    try:
                        told = step.function(*step.args)
                    except Exception as error:  # noqa: BLE001  # the core's to judge
                        step = steps.throw(error)
                    else:
                        step = steps.send(told)
                    continue
                if not isinstance(step, httpx.Request):
                    self._sleep(step)
                    step = next(steps)
                    continue
                try:
                    reply = self._sender.exchange(step)
                except Exception as error:  # noqa: BLE001  # the core's to judge
                    step = steps.throw(error)
                else:
                    step = steps.send(reply)
        except StopIteration as done:
            return cast("T", done.value)


class AsyncOktaOIDC(_Face):
    """:class:`OktaOIDC` for asyncio and trio: the same arguments, methods, results and errors.

    Share one among all tasks. Each event loop has connections of its own.
    """

    def __init__(
        self,
        base_url: str,
        auth: ClientSecretBasic | ClientSecretPost,
        *,
        auth_server_id: AuthServerId | None = None,
        timeout: float = 10.0,
        retry: Retry | None = Retry(),  # noqa: B008  # immutable
        http_client: httpx.AsyncClient | None = None,
        introspection_cache: IntrospectionCache | None = None,
    ) -> None:
        super().__init__(Core(base_url, auth, auth_server_id, timeout, retry))
        check_kind("http_client", http_client, httpx.AsyncClient, NoneType)
        self._cached = self._through(introspection_cache, asynchronous=True)
        from anyio import sleep

        from ._senders import AsyncSender

        self._sender: Final = AsyncSender(
            self._core.server, self._core.auth, self._core.timeout, http_client
        )
        self._sleep: Callable[[float], Awaitable[None]] = sleep

    @property
    def api(self) -> Client:
        """The generated client, for any ``asyncio…`` function: see :attr:`OktaOIDC.api`."""
        return self._generated(self._sender)

    async def token(
        self,
        request: GrantModel | Mapping[str, object],
        *,
        auth_server_id: AuthServerId | None = None,
    ) -> TokenResponse:
        """Exchange any grant for tokens: see :meth:`OktaOIDC.token`."""
        return await self._run(self._core.steps(self._core.token(request, auth_server_id)))

    async def token_for_code(
        self,
        code: str,
        redirect_uri: str,
        *,
        code_verifier: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Exchange an authorization code for tokens: see :meth:`OktaOIDC.token_for_code`."""
        return await self._run(
            self._core.steps(
                self._core.token_for_code(code, redirect_uri, code_verifier, auth_server_id)
            )
        )

    async def token_for_refresh_token(
        self,
        refresh_token: str,
        redirect_uri: str | None = None,
        *,
        scope: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Exchange a refresh token for tokens: see :meth:`OktaOIDC.token_for_refresh_token`."""
        return await self._run(
            self._core.steps(
                self._core.token_for_refresh_token(
                    refresh_token, redirect_uri, scope, auth_server_id
                )
            )
        )

    async def introspect(
        self,
        token: str,
        *,
        token_type_hint: IntrospectHint | None = None,
        auth_server_id: AuthServerId | None = None,
        fresh: bool = False,
    ) -> Introspection:
        """Ask whether a token is active: see :meth:`OktaOIDC.introspect`."""
        cached = self._cached
        if cached is not None and not fresh:
            kept = cached.kept(token, token_type_hint, auth_server_id)
            if kept is not None:
                return kept
        call = self._core.introspect(token, token_type_hint, auth_server_id)
        if cached is None:
            return await self._run(self._core.steps(call))
        return await cached.ask_async(
            self._run,
            lambda: self._core.steps(call),
            token,
            token_type_hint,
            auth_server_id,
            fresh=fresh,
        )

    async def revoke(
        self,
        token: str,
        *,
        token_type_hint: RevokeHint | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> None:
        """Make a token useless: see :meth:`OktaOIDC.revoke`."""
        await self._run(self._revoking(token, token_type_hint, auth_server_id))

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

    async def _run(self, steps: Steps[T]) -> T:
        try:
            step = next(steps)
            while True:
                if isinstance(step, Ask):
                    try:
                        told = await _told(step)
                    except Exception as error:  # noqa: BLE001  # the core's to judge
                        step = steps.throw(error)
                    else:
                        step = steps.send(told)
                    continue
                if not isinstance(step, httpx.Request):
                    await self._sleep(step)
                    step = next(steps)
                    continue
                try:
                    reply = await self._sender.exchange(step)
                except Exception as error:  # noqa: BLE001  # the core's to judge
                    step = steps.throw(error)
                else:
                    step = steps.send(reply)
        except StopIteration as done:
            return cast("T", done.value)


async def _told(step: Ask) -> Any:
    if step.blocking:
        from anyio import to_thread

        return await to_thread.run_sync(step.function, *step.args)
    told = step.function(*step.args)
    return await told if isawaitable(told) else told


class _WrongFace(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Refuses a generated function of the other kind."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise ConfigurationError("AsyncOktaOIDC.api is for the asyncio functions alone")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise ConfigurationError("OktaOIDC.api is not for the asyncio functions: use AsyncOktaOIDC")

"""The two faces: signatures and what they mean. ``_operations`` and ``_flow`` do the work."""

# Modules of this package, named without their underscore.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar, cast

import httpx

from ._auth import ClientAuth
from ._config import AuthServerId, Server, check_kind
from ._lazy import (
    credentials,
    generated,
    holding,
    introspection,
    models,
    operations,
    resource,
    senders,
    sign_in,
    verifying,
)
from ._models import GrantModel
from ._results import ExchangedToken, Tokens
from ._retry import Retry
from ._silence import silent, silent_methods
from ._steps import Steps

S = TypeVar("S", bound="senders.Sender | senders.AsyncSender")
T = TypeVar("T")


@silent_methods
class _Face(Generic[S]):
    """What does not depend on how requests are sent."""

    _sender: S

    def __init__(
        self,
        server: Server,
        auth: ClientAuth,
        timeout: float,
        retry: Retry | None,
        dpop: credentials.DPoP | None,
        introspection_cache: resource.IntrospectionCache | None,
    ) -> None:
        from ._flow import Flow

        self._flow: Final = Flow(server, auth, timeout, retry, dpop)
        operations.load(server.default)
        self._cached: resource.CachedIntrospection | None = None
        if introspection_cache is not None:
            # The room loads for those who have a cache.
            check_kind("introspection_cache", introspection_cache, resource.IntrospectionCache)
            self._cached = resource.CachedIntrospection(
                introspection_cache, self._flow, asynchronous=isinstance(self, AsyncOktaOIDC)
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
                right. The text names them, and shows no credential.
        """
        from ._from_env import options_from_env

        server = options.pop("auth_server_id", None)
        base_url, auth, server = options_from_env(os.environ, prefix, server)
        options["auth_server_id"] = server
        made: Self = cast("Any", cls)(base_url, auth, **options)
        return made

    @property
    def api(self) -> generated.Client:
        """The generated client, for any generated function, on asyncio for any ``asyncio…`` one.

        Requests are sent as those of the methods: signed where the operation authenticates the
        client, limited in time and size, retried by the same table, with the same errors. The
        parsed 2xx is returned: :func:`okta_oidc.success` narrows the generated type to it.
        ``with_headers``, ``with_cookies`` and ``with_timeout`` return changed copies.
        """
        return self._api

    @functools.cached_property
    def _api(self) -> generated.Client:
        from ._entrances import Api

        return Api(self._flow.server.origin, sender=self._sender)

    def logout_url(
        self,
        id_token: str,
        *,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> str:
        """The page that ends the user's session at Okta: send the browser there.

        It holds the ID token, so it belongs in no log (OIDC RP-Initiated Logout §2).

        Args:
            post_logout_redirect_uri: where Okta sends the browser then, as registered.
            state: comes back there.
        """
        return self._provider.logout_url(
            self._at(auth_server_id),
            id_token,
            post_logout_redirect_uri=post_logout_redirect_uri,
            state=state,
        )

    def _at(self, auth_server_id: AuthServerId | None) -> AuthServerId:
        return self._flow.server.named(auth_server_id)

    def __repr__(self) -> str:
        server = self._flow.server
        return f"{type(self).__name__}({server.origin!r}, auth_server_id={server.default!r})"

    @functools.cached_property
    def _issuers(self) -> verifying.Issuers:
        return verifying.Issuers(self._sender)

    @functools.cached_property
    def _provider(self) -> sign_in.Provider:
        return sign_in.Provider(self._flow, self._issuers.at)

    def _introspecting(
        self,
        token: str,
        hint: models.IntrospectTokenTypeHint | None,
        server: AuthServerId | None,
        fresh: bool,
    ) -> Steps[introspection.Introspection]:
        call = operations.introspect(self._at(server), token, hint)
        if self._cached is None:
            return self._flow.steps(call)
        run = self._sender.run
        return self._cached.asking(run, lambda: self._flow.steps(call), token, server, fresh=fresh)

    def _revoking(
        self,
        token: str,
        hint: models.OrgRevokeTokenTypeHint | None,
        server: AuthServerId | None,
        *ended: str,
    ) -> Steps[None]:
        """Revoke ``token``. Drop kept answers about it and about ``ended``, which end with it."""
        steps = self._flow.steps(operations.revoke(self._at(server), token, hint))
        if self._cached is None:
            return steps
        return self._cached.revoking(steps, (token, *ended), server)


@silent_methods
class OktaOIDC(_Face["senders.Sender"]):
    """An application's client of Okta's authorization servers. Share one among all threads.

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
        issuer: the ``iss`` that tokens carry where it names another host than ``base_url``: a
            custom domain whose authorization servers keep the org URL. Nothing is sent to it.
        dpop: the key that tokens are to be bound to (RFC 9449). Requests for tokens prove it, and
            a ``Bearer`` answer is a :class:`MalformedResponseError`.
        introspection_cache: keeps the answers of :meth:`introspect` for a while; ``None`` asks
            each time.

    Every method raises, beside what it says itself:

    * :class:`ConfigurationError` before anything is sent, if an argument cannot be right;
    * :class:`TransportError` if no complete response came;
    * :class:`MalformedResponseError` if a 2xx response is not what the endpoint promises;
    * :class:`APIError`, or a subclass, if the server refused.

    Raises:
        ConfigurationError: an argument cannot be right. Nothing has been sent.
    """

    @silent
    def __init__(
        self,
        base_url: str,
        auth: ClientAuth,
        *,
        auth_server_id: AuthServerId | None = None,
        timeout: float = 10.0,
        retry: Retry | None = Retry(),  # noqa: B008  # immutable
        http_client: httpx.Client | None = None,
        issuer: str | None = None,
        dpop: credentials.DPoP | None = None,
        introspection_cache: resource.IntrospectionCache | None = None,
    ) -> None:
        server = Server(base_url, auth_server_id, issuer)
        super().__init__(server, auth, timeout, retry, dpop, introspection_cache)
        self._sender = senders.Sender(self._flow, http_client)
        self._run: Final = self._sender.run

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
        return self._ask(operations.token(self._at(auth_server_id), request))

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
        return self._ask(
            operations.code(self._at(auth_server_id), code, redirect_uri, code_verifier)
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
        return self._ask(
            operations.refresh(self._at(auth_server_id), refresh_token, redirect_uri, scope)
        )

    def introspect(
        self,
        token: str,
        *,
        token_type_hint: models.IntrospectTokenTypeHint | None = None,
        auth_server_id: AuthServerId | None = None,
        fresh: bool = False,
    ) -> introspection.Introspection:
        """Ask whether a token is active, and what it stands for (RFC 7662 §2).

        A token that is expired, revoked, unknown or of another server is inactive: an answer, not
        an error.

        Args:
            fresh: ask Okta, whatever the cache holds, and keep the answer there. A kept answer's
                ``http`` has no headers.
        """
        if self._cached is not None and not fresh:
            kept = self._cached.kept(token, auth_server_id)
            if kept is not None:
                return kept
        return self._run(self._introspecting(token, token_type_hint, auth_server_id, fresh))

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

    def token_for_client_credentials(
        self,
        scope: str | None = None,
        *,
        resource: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Get a token for the client itself (RFC 6749 §4.4).

        Args:
            scope: space-delimited; ``None`` leaves it to the server's default scopes. The org
                server wants scopes of Okta's own API here, ``okta.…``.
            resource: what the token is for (RFC 8707).
        """
        return self._ask(sign_in.client_credentials(self._at(auth_server_id), scope, resource))

    def token_for_exchange(
        self,
        subject_token: str,
        subject_token_type: str,
        *,
        audience: str | None = None,
        scope: str | None = None,
        resource: str | None = None,
        actor_token: str | None = None,
        actor_token_type: str | None = None,
        requested_token_type: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> ExchangedToken:
        """Exchange one token for another (RFC 8693 §2.1; Okta: "Token exchange").

        On-behalf-of and Native SSO are for custom servers; interclient tokens, ID-JAG, third
        parties' tokens, vaulted secrets and service accounts for the org server.

        Args:
            subject_token: the token of the one on whose behalf the new token is asked for.
            subject_token_type: a :class:`TokenType`, as are the other types.
            audience: whom the new token is for: a custom server's audience, an ID-JAG's issuer.
            scope: space-delimited.
            resource: what the new token is for, an ``orn:okta:`` name or an indicator (RFC 8707).
            actor_token: the token of the one who acts, with its type.
            requested_token_type: ``None`` means an access token.

        Raises:
            APIError: ``interaction_required`` where the user has to consent first, at
                ``extra["interaction_uri"]``.
        """
        return self._ask(
            sign_in.exchange(
                self._at(auth_server_id),
                subject_token,
                subject_token_type,
                audience=audience,
                scope=scope,
                resource=resource,
                actor_token=actor_token,
                actor_token_type=actor_token_type,
                requested_token_type=requested_token_type,
            )
        )

    def token_for_assertion(
        self,
        assertion: str,
        *,
        scope: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Redeem an assertion at a custom server (RFC 7523 §2.1): an ID-JAG, say.

        Args:
            scope: space-delimited; not beside an ID-JAG, which has its own.

        Raises:
            InvalidGrantError: the assertion is expired, spent, or another client's.
        """
        return self._ask(sign_in.assertion(self._at(auth_server_id), assertion, scope))

    def start_device_login(
        self, scope: str = "openid", *, auth_server_id: AuthServerId | None = None
    ) -> sign_in.DeviceLogin:
        """Begin a login that the user approves on another device (RFC 8628 §3.1).

        Show the user what it says, and :meth:`wait_for` it.

        Args:
            scope: space-delimited, with ``openid``; ``offline_access`` for a refresh token.
        """
        return self._ask(sign_in.device(self._at(auth_server_id), scope))

    def start_backchannel_login(
        self,
        scope: str = "openid",
        *,
        login_hint: str | None = None,
        id_token_hint: str | None = None,
        binding_message: str | None = None,
        expires_in: int | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> sign_in.BackchannelLogin:
        """Begin a login that the user is asked to approve by a push (CIBA Core §7.1).

        Args:
            scope: space-delimited, with ``openid``.
            login_hint: the user's login; or
            id_token_hint: an ID token of the user, issued to this client.
            binding_message: what the user is shown, to tell this request from others.
            expires_in: seconds that the user has, 300 at most.
        """
        return self._ask(
            sign_in.backchannel(
                self._at(auth_server_id),
                scope,
                expires_in,
                login_hint=login_hint,
                id_token_hint=id_token_hint,
                binding_message=binding_message,
            )
        )

    def poll(
        self, login: sign_in.Login, *, auth_server_id: AuthServerId | None = None
    ) -> Tokens | None:
        """Ask once whether a login was approved; ``None`` if not yet.

        Leave at least ``login.interval`` seconds between two polls, and before the first.

        Args:
            auth_server_id: ``None`` means the server that the login was begun at.

        Raises:
            ApprovalExpiredError: it was not, and its time is over.
            APIError: the user refused (``access_denied``), or the server.
        """
        return self._run(sign_in.poll(self._flow, login, auth_server_id))

    def wait_for(
        self, login: sign_in.Login, *, auth_server_id: AuthServerId | None = None
    ) -> Tokens:
        """Poll until a login was approved, for as long as it lives (RFC 8628 §3.5, CIBA Core §11).

        A time-out, a broken connection, a rate limit and a server's failure (5xx) are waited out.

        Args:
            auth_server_id: ``None`` means the server that the login was begun at.

        Raises:
            ApprovalExpiredError: it was not approved in time.
            APIError: the user refused (``access_denied``), or the server.
        """
        return self._run(sign_in.wait_for(self._flow, login, auth_server_id))

    def authorization_request(
        self,
        redirect_uri: str,
        scope: str = "openid",
        *,
        max_age: int | None = None,
        prompt: str | None = None,
        login_hint: str | None = None,
        acr_values: str | None = None,
        push: bool = False,
        auth_server_id: AuthServerId | None = None,
        **extra: str,
    ) -> sign_in.AuthorizationRequest:
        """Begin a sign-in: what to send the browser to, and what to keep until it is back.

        State, nonce and the PKCE verifier are drawn for each request (OIDC Core §3.1.2.1, RFC 7636
        with S256). Keep ``to_dict()`` in the user's session for :meth:`finish_sign_in`.

        Args:
            redirect_uri: where Okta sends the browser back to, registered to the last character.
            scope: space-delimited, with ``openid``; ``offline_access`` for a refresh token.
            max_age: whole seconds; who signed in longer ago is asked for credentials again.
            prompt: ``none``, ``login``, ``consent``, ….
            login_hint: the login to fill in.
            acr_values: the assurance wanted.
            push: send the parameters to Okta first (RFC 9126), so that no browser shows them.
            extra: further parameters of ``/authorize`` (``idp``, ``sessionToken``, …).

        Raises:
            ConfigurationError: an argument cannot be right, or is not the caller's to choose.
        """
        return self._run(
            self._provider.authorization_request(
                self._at(auth_server_id),
                redirect_uri,
                scope,
                push,
                max_age=max_age,
                prompt=prompt,
                login_hint=login_hint,
                acr_values=acr_values,
                extra=extra,
            )
        )

    def finish_sign_in(
        self, request: sign_in.AuthorizationRequest, callback: str | Mapping[str, Any]
    ) -> sign_in.SignIn:
        """Finish a sign-in: check the callback, exchange its code, check the ID token.

        Give the user a new session then (OWASP: session fixation), and forget the request: it
        serves once. Needs ``okta-oidc[jwt]``.

        Args:
            request: what :meth:`authorization_request` returned for this very browser.
            callback: the URL that the browser came back to, its query, or a mapping of it.

        Raises:
            CallbackMismatchError: the callback is no answer to this request.
            AuthorizationError: it is, and carries an error (``access_denied``, ``login_required``).
            InvalidGrantError: the code is spent or expired.
            InvalidTokenError: the ID token does not hold.
        """
        return self._run(self._provider.finish_sign_in(request, callback))

    def verify_id_token(
        self,
        id_token: str,
        *,
        nonce: str | None,
        access_token: str | None = None,
        max_age: float | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> verifying.Claims:
        """Check an ID token that was issued to this client (OIDC Core §3.1.3.7).

        Keys come from the server's own key endpoint, and are kept. Clocks may differ by 120
        seconds. Needs ``okta-oidc[jwt]``.

        Args:
            nonce: what was sent to ``/authorize``; ``None`` says that none was.
            access_token: checked against ``at_hash``, if the ID token has one.
            max_age: seconds that the sign-in may be old.

        Raises:
            InvalidTokenError: it does not hold; ``reason`` says why.
        """
        return self._run(
            self._issuers.at(self._at(auth_server_id)).id_token(
                id_token, nonce=nonce, access_token=access_token, max_age=max_age
            )
        )

    def verify_access_token(
        self,
        token: str,
        *,
        audience: str,
        scopes: Collection[str] = (),
        auth_server_id: AuthServerId | None = None,
    ) -> verifying.Claims:
        """Check a custom server's access token by its signature, as a bearer token (RFC 9068 §4).

        One that was revoked passes until it expires: :meth:`introspect` asks Okta. Needs
        ``okta-oidc[jwt]``.

        Args:
            audience: the authorization server's audience, ``api://…``.
            scopes: all of these must have been granted.

        Raises:
            InvalidTokenError: it does not hold; ``reason`` says why.
            ConfigurationError: the server is the org's, whose access tokens are Okta's own.
        """
        return self._run(
            self._issuers.at(self._at(auth_server_id)).access_token(token, audience, scopes)
        )

    def metadata(self, *, auth_server_id: AuthServerId | None = None) -> models.ServerMetadata:
        """Read what the server says of itself (OpenID Connect Discovery §4, RFC 8414).

        Nothing in it changes where this client sends anything.

        Raises:
            MalformedResponseError: it is another issuer's, or has URLs that are not https.
        """
        return self._run(self._provider.metadata(self._at(auth_server_id)))

    def userinfo(
        self, access_token: str, *, auth_server_id: AuthServerId | None = None
    ) -> models.UserInfo:
        """Ask for the claims of the user whose access token this is (OIDC Core §5.3).

        Compare its ``sub`` with the ID token's before it is used.

        Raises:
            APIError: ``invalid_token`` or ``insufficient_scope``.
        """
        return self._run(self._provider.userinfo(self._at(auth_server_id), access_token))

    def _ask(self, operation: operations.Operation[T]) -> T:
        return self._run(self._flow.steps(operation))

    def token_source(
        self,
        grant: holding.Grant | Callable[[], holding.Grant],
        *,
        store: holding.TokenStore | None = None,
        key: str | None = None,
        early: float = 300.0,
        leeway: float = 10.0,
        auth_server_id: AuthServerId | None = None,
    ) -> holding.TokenSource:
        """A service's own tokens, renewed before they end: a grant that can be repeated.

        Args:
            grant: a grant of ``okta_oidc_api.models``, a mapping of form parameters, or a function
                that makes one, for a grant that is good once.
            store: shares the tokens with other processes, under ``key``; ``None`` keeps them here.
            early: seconds before their end at which they are renewed; a fifth of their lifetime
                at most.
            leeway: seconds for which a token that is handed out is still good; a tenth of its
                lifetime at most.
        """
        is_shared = store is not None
        if store is None:
            store, key = holding.MemoryTokenStore(clock=self._flow.runtime.monotonic), "own"
        about = self._flow, self._revoking, store, key or "", self._at(auth_server_id)
        renewal = holding.Renewal(*about, early, leeway, grant=grant, is_shared=is_shared)
        return holding.TokenSource(renewal, self._run)

    def user_tokens(
        self,
        key: str,
        store: holding.TokenStore,
        *,
        rotation_grace: float = 0.0,
        scope: str | None = None,
        early: float = 300.0,
        leeway: float = 10.0,
        max_wait: float = 20.0,
        auth_server_id: AuthServerId | None = None,
    ) -> holding.UserTokens:
        """One user's tokens, held in ``store`` under ``key`` by all processes that share them.

        One process at a time presents the refresh token, and never a spent one after its grace,
        even if processes die. This call loads and sends nothing.

        Args:
            rotation_grace: seconds for which Okta takes a rotated refresh token once more: the
                application's setting there, 0 to 60. Too little is safe; too much is not. A
                sign-in survives a process that dies if it is ``timeout`` plus 12 seconds or more:
                Okta's own 30, with a ``timeout`` of 10.
            scope: space-delimited, a subset of what was granted; ``None`` keeps all of it.
            early: seconds before its end at which the access token is renewed; a fifth of its
                lifetime at most.
            leeway: seconds for which a token that is handed out is still good; a tenth of its
                lifetime at most.
            max_wait: seconds that a caller waits for a renewal by another process, at most.
        """
        about = self._flow, self._revoking, store, key, self._at(auth_server_id), early, leeway
        renewal = holding.Renewal(*about, scope=scope, grace=rotation_grace, max_wait=max_wait)
        return holding.UserTokens(renewal, self._run)

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


@silent_methods
class AsyncOktaOIDC(_Face["senders.AsyncSender"]):
    """:class:`OktaOIDC` for asyncio and trio: the same arguments, methods, results and errors.

    Share one among all tasks. Each event loop has connections of its own.
    """

    @silent
    def __init__(
        self,
        base_url: str,
        auth: ClientAuth,
        *,
        auth_server_id: AuthServerId | None = None,
        timeout: float = 10.0,
        retry: Retry | None = Retry(),  # noqa: B008  # immutable
        http_client: httpx.AsyncClient | None = None,
        issuer: str | None = None,
        dpop: credentials.DPoP | None = None,
        introspection_cache: resource.IntrospectionCache | None = None,
    ) -> None:
        server = Server(base_url, auth_server_id, issuer)
        super().__init__(server, auth, timeout, retry, dpop, introspection_cache)
        self._sender = senders.AsyncSender(self._flow, http_client)
        self._run: Final = self._sender.run

    async def token(
        self,
        request: GrantModel | Mapping[str, object],
        *,
        auth_server_id: AuthServerId | None = None,
    ) -> models.TokenResponse:
        """Exchange any grant for tokens: see :meth:`OktaOIDC.token`."""
        return await self._ask(operations.token(self._at(auth_server_id), request))

    async def token_for_code(
        self,
        code: str,
        redirect_uri: str,
        *,
        code_verifier: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Exchange an authorization code for tokens: see :meth:`OktaOIDC.token_for_code`."""
        return await self._ask(
            operations.code(self._at(auth_server_id), code, redirect_uri, code_verifier)
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
        return await self._ask(
            operations.refresh(self._at(auth_server_id), refresh_token, redirect_uri, scope)
        )

    async def introspect(
        self,
        token: str,
        *,
        token_type_hint: models.IntrospectTokenTypeHint | None = None,
        auth_server_id: AuthServerId | None = None,
        fresh: bool = False,
    ) -> introspection.Introspection:
        """Ask whether a token is active: see :meth:`OktaOIDC.introspect`."""
        if self._cached is not None and not fresh:
            kept = self._cached.kept(token, auth_server_id)
            if kept is not None:
                return kept
        return await self._run(self._introspecting(token, token_type_hint, auth_server_id, fresh))

    async def revoke(
        self,
        token: str,
        *,
        token_type_hint: models.OrgRevokeTokenTypeHint | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> None:
        """Make a token useless: see :meth:`OktaOIDC.revoke`."""
        await self._run(self._revoking(token, token_type_hint, auth_server_id))

    async def token_for_client_credentials(
        self,
        scope: str | None = None,
        *,
        resource: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Get a token for the client itself: see :meth:`OktaOIDC.token_for_client_credentials`."""
        return await self._ask(
            sign_in.client_credentials(self._at(auth_server_id), scope, resource)
        )

    async def token_for_exchange(
        self,
        subject_token: str,
        subject_token_type: str,
        *,
        audience: str | None = None,
        scope: str | None = None,
        resource: str | None = None,
        actor_token: str | None = None,
        actor_token_type: str | None = None,
        requested_token_type: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> ExchangedToken:
        """Exchange one token for another: see :meth:`OktaOIDC.token_for_exchange`."""
        return await self._ask(
            sign_in.exchange(
                self._at(auth_server_id),
                subject_token,
                subject_token_type,
                audience=audience,
                scope=scope,
                resource=resource,
                actor_token=actor_token,
                actor_token_type=actor_token_type,
                requested_token_type=requested_token_type,
            )
        )

    async def token_for_assertion(
        self,
        assertion: str,
        *,
        scope: str | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> Tokens:
        """Redeem an assertion: see :meth:`OktaOIDC.token_for_assertion`."""
        return await self._ask(sign_in.assertion(self._at(auth_server_id), assertion, scope))

    async def start_device_login(
        self, scope: str = "openid", *, auth_server_id: AuthServerId | None = None
    ) -> sign_in.DeviceLogin:
        """Begin a login on another device: see :meth:`OktaOIDC.start_device_login`."""
        return await self._ask(sign_in.device(self._at(auth_server_id), scope))

    async def start_backchannel_login(
        self,
        scope: str = "openid",
        *,
        login_hint: str | None = None,
        id_token_hint: str | None = None,
        binding_message: str | None = None,
        expires_in: int | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> sign_in.BackchannelLogin:
        """Begin a login by a push: see :meth:`OktaOIDC.start_backchannel_login`."""
        return await self._ask(
            sign_in.backchannel(
                self._at(auth_server_id),
                scope,
                expires_in,
                login_hint=login_hint,
                id_token_hint=id_token_hint,
                binding_message=binding_message,
            )
        )

    async def poll(
        self, login: sign_in.Login, *, auth_server_id: AuthServerId | None = None
    ) -> Tokens | None:
        """Ask once whether a login was approved: see :meth:`OktaOIDC.poll`."""
        return await self._run(sign_in.poll(self._flow, login, auth_server_id))

    async def wait_for(
        self, login: sign_in.Login, *, auth_server_id: AuthServerId | None = None
    ) -> Tokens:
        """Poll until a login was approved: see :meth:`OktaOIDC.wait_for`."""
        return await self._run(sign_in.wait_for(self._flow, login, auth_server_id))

    async def authorization_request(
        self,
        redirect_uri: str,
        scope: str = "openid",
        *,
        max_age: int | None = None,
        prompt: str | None = None,
        login_hint: str | None = None,
        acr_values: str | None = None,
        push: bool = False,
        auth_server_id: AuthServerId | None = None,
        **extra: str,
    ) -> sign_in.AuthorizationRequest:
        """Begin a sign-in: see :meth:`OktaOIDC.authorization_request`."""
        return await self._run(
            self._provider.authorization_request(
                self._at(auth_server_id),
                redirect_uri,
                scope,
                push,
                max_age=max_age,
                prompt=prompt,
                login_hint=login_hint,
                acr_values=acr_values,
                extra=extra,
            )
        )

    async def finish_sign_in(
        self, request: sign_in.AuthorizationRequest, callback: str | Mapping[str, Any]
    ) -> sign_in.SignIn:
        """Finish a sign-in: see :meth:`OktaOIDC.finish_sign_in`."""
        return await self._run(self._provider.finish_sign_in(request, callback))

    async def verify_id_token(
        self,
        id_token: str,
        *,
        nonce: str | None,
        access_token: str | None = None,
        max_age: float | None = None,
        auth_server_id: AuthServerId | None = None,
    ) -> verifying.Claims:
        """Check an ID token: see :meth:`OktaOIDC.verify_id_token`."""
        return await self._run(
            self._issuers.at(self._at(auth_server_id)).id_token(
                id_token, nonce=nonce, access_token=access_token, max_age=max_age
            )
        )

    async def verify_access_token(
        self,
        token: str,
        *,
        audience: str,
        scopes: Collection[str] = (),
        auth_server_id: AuthServerId | None = None,
    ) -> verifying.Claims:
        """Check an access token: see :meth:`OktaOIDC.verify_access_token`."""
        return await self._run(
            self._issuers.at(self._at(auth_server_id)).access_token(token, audience, scopes)
        )

    async def metadata(
        self, *, auth_server_id: AuthServerId | None = None
    ) -> models.ServerMetadata:
        """Read what the server says of itself: see :meth:`OktaOIDC.metadata`."""
        return await self._run(self._provider.metadata(self._at(auth_server_id)))

    async def userinfo(
        self, access_token: str, *, auth_server_id: AuthServerId | None = None
    ) -> models.UserInfo:
        """Ask for a user's claims: see :meth:`OktaOIDC.userinfo`."""
        return await self._run(self._provider.userinfo(self._at(auth_server_id), access_token))

    async def _ask(self, operation: operations.Operation[T]) -> T:
        return await self._run(self._flow.steps(operation))

    def token_source(
        self,
        grant: holding.Grant | Callable[[], holding.Grant | Awaitable[holding.Grant]],
        *,
        store: holding.AsyncTokenStore | None = None,
        key: str | None = None,
        early: float = 300.0,
        leeway: float = 10.0,
        auth_server_id: AuthServerId | None = None,
    ) -> holding.AsyncTokenSource:
        """A service's own tokens: see :meth:`OktaOIDC.token_source`."""
        is_shared = store is not None
        if store is None:
            store, key = holding.AsyncMemoryTokenStore(clock=self._flow.runtime.monotonic), "own"
        about = self._flow, self._revoking, store, key or "", self._at(auth_server_id)
        renewal = holding.Renewal(*about, early, leeway, grant=grant, is_shared=is_shared)
        return holding.AsyncTokenSource(renewal, self._run)

    def user_tokens(
        self,
        key: str,
        store: holding.AsyncTokenStore,
        *,
        rotation_grace: float = 0.0,
        scope: str | None = None,
        early: float = 300.0,
        leeway: float = 10.0,
        max_wait: float = 20.0,
        auth_server_id: AuthServerId | None = None,
    ) -> holding.AsyncUserTokens:
        """One user's tokens: see :meth:`OktaOIDC.user_tokens`."""
        about = self._flow, self._revoking, store, key, self._at(auth_server_id), early, leeway
        renewal = holding.Renewal(*about, scope=scope, grace=rotation_grace, max_wait=max_wait)
        return holding.AsyncUserTokens(renewal, self._run)

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

"""FakeOkta: an Okta org that lives in the test's own process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from enum import Enum
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

import httpx

from okta_oidc import AsyncOktaOIDC, OktaOIDC

from ._answers import RefusalError, refused
from ._authorize import AuthorizationRequest, issue_code
from ._clock import FakeClock
from ._faults import (
    Delivery,
    Faults,
)
from ._handling import Handling, Latency
from ._jose import client_keys, is_private, new_client_key, require
from ._limits import BucketLimiter, UserLimiter
from ._parameters import check_redirect_uri
from ._registry import (
    ALL_GRANT_TYPES,
    AuthMethod,
    AuthorizationServer,
    FakeClient,
    FakeResource,
    FakeUser,
    GrantType,
    Rotation,
    digits,
    okta_id,
    okta_secret,
)
from ._requests import IncomingRequest, RecordedRequest
from ._server import LoopbackServer
from ._state import Settings, State
from ._store import SpentAnswer
from ._transport import FakeTransport

if TYPE_CHECKING:
    from okta_oidc import ClientAuth, DPoP
    from okta_oidc._ratelimit import RateLimits

_DAY = 86_400
# Characters of a secret that makes HS256 signatures.
_SHORTEST = 32


class AuthorizationError(ValueError):
    """:meth:`FakeOkta.authorize` asked for something the server turns down.

    ``error`` is the code an application would find in its callback (RFC 6749 section 4.1.2.1).
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description

    def __reduce__(self) -> tuple[type[AuthorizationError], tuple[str, str]]:
        return AuthorizationError, (self.error, self.description)


class FakeOkta:
    """An in-memory Okta org with a memory: its OAuth endpoints, discovery and keys included.

    Codes are spent once, refresh tokens rotate, revoked tokens turn inactive, limits are counted,
    all on :attr:`clock`, which stands still until :meth:`FakeClock.advance` moves it. The ways in
    are :attr:`transport` (any httpx client), :meth:`client` and :meth:`async_client` (ready-made)
    and :meth:`serve` (a real port). It has the org server, the custom server ``default``, one
    client and one user; more can be added. It is safe to share between threads.

    What a person does elsewhere is a method: :meth:`authorize` and :meth:`visit` for the browser,
    :meth:`approve` and :meth:`deny` for a login on another device.

    Access and ID tokens are signed by keys of the fake's own (RS256), which ``/v1/keys`` shows.
    That needs joserfc, the extra ``okta-oidc[jwt]``; without it tokens can be decoded only.

    Args:
        url: the org URL while the fake is not being served.
        issuer_url: what issuers begin with where that is not ``url``: a custom domain in front of
            an org. It stays the same while the fake is being served.
        clock: the time of everything below; ``ticking`` makes one on which real time passes, too.
        code_lifetime: seconds, as are the other lifetimes; ``None`` means without end.
        refresh_token_idle: seconds that a refresh token may go unused, on custom servers.
        poll_interval: seconds between two polls of a login; a faster one is ``slow_down``.
        rotation: ``"ROTATE"`` or ``"STATIC"`` refresh tokens, unless a client has its own setting.
        leeway: seconds that a rotated refresh token still works; 0 refuses it at once, and each
            refusal of that kind ends the sign-in.
        rate_limit: requests a minute and bucket, ``None`` counts nothing.
        user_rate_limit: sign-ins a second and username (Okta: 4), ``None`` counts nothing.
        scopes: the custom servers' own, beside OpenID Connect's.
        introspect_other_clients: whether a client learns about access tokens of another one, which
            Okta's documentation leaves open.
        introspect_spent: what introspection says of a rotated refresh token, which it leaves open,
            too: active within the ``"leeway"``, always ``"active"``, or ``"inactive"`` at once.
        require_dpop_nonce: whether proofs at the token endpoint need Okta's nonce.
        callback_iss: whether callbacks carry ``iss`` (RFC 9207), and the metadata say so.
        keys_max_age: seconds that ``/v1/keys`` may be kept, by its ``Cache-Control``.
        refuse_cookies: refuse a client that sends a cookie back, 400 ``invalid_request``: Okta's
            endpoints misbehave when they get their own session cookie.
        record_requests: keep every request in :attr:`requests`.
        latency: called before each request is processed and before it is answered, with the
            endpoint and ``"before"`` or ``"after"``, outside of every lock and in the thread of
            the connection; returns the seconds to wait, and may well block itself.
        wait: waits in place of the fake (see :meth:`Faults.delay`).
    """

    def __init__(
        self,
        *,
        url: str = "https://fake.okta.test",
        issuer_url: str | None = None,
        clock: FakeClock | None = None,
        ticking: bool = False,
        code_lifetime: int = 300,
        access_token_lifetime: int = 3600,
        id_token_lifetime: int = 3600,
        refresh_token_lifetime: int | None = 90 * _DAY,
        refresh_token_idle: int | None = 7 * _DAY,
        device_code_lifetime: int = 600,
        poll_interval: int = 5,
        rotation: Rotation = "ROTATE",
        leeway: float = 30,
        rate_limit: int | None = 1200,
        user_rate_limit: int | None = None,
        scopes: Iterable[str] = ("api:read", "api:write"),
        introspect_other_clients: bool = True,
        introspect_spent: SpentAnswer = "leeway",
        require_dpop_nonce: bool = True,
        callback_iss: bool = False,
        keys_max_age: int = 3_832_304,
        refuse_cookies: bool = False,
        record_requests: bool = True,
        latency: Latency | None = None,
        wait: Callable[[float], None] | None = None,
    ) -> None:
        if ticking and clock is not None:
            raise ValueError("a clock of your own ticks if it was made to: FakeClock(ticking=True)")
        self.clock = clock or FakeClock(ticking=ticking)
        self.faults = Faults()
        self.requests: list[RecordedRequest] = []
        self._lock = threading.RLock()
        self._own_url = _checked_url(url)
        self._rotation: Rotation = rotation
        self._leeway = leeway
        self._scopes = tuple(scopes)
        self._wait = wait
        self._server: LoopbackServer | None = None
        self._dpop: dict[str, DPoP] = {}
        self._limits: RateLimits | None = None
        self._transport = FakeTransport(self.handle, self._is_own_origin)
        self._state = State(
            url=self._own_url,
            issuer_url=None if issuer_url is None else _checked_url(issuer_url),
            clock=self.clock,
            settings=Settings(
                code_lifetime=code_lifetime,
                access_token_lifetime=access_token_lifetime,
                id_token_lifetime=id_token_lifetime,
                refresh_token_lifetime=refresh_token_lifetime,
                refresh_token_idle=refresh_token_idle,
                device_code_lifetime=device_code_lifetime,
                poll_interval=poll_interval,
                keys_max_age=keys_max_age,
                introspect_other_clients=introspect_other_clients,
                introspect_spent=introspect_spent,
                require_dpop_nonce=require_dpop_nonce,
                callback_iss=callback_iss,
            ),
            user_limiter=UserLimiter(user_rate_limit),
        )
        self._handling = Handling(
            self._state,
            self._lock,
            faults=self.faults,
            limiter=BucketLimiter(rate_limit),
            refuse_cookies=refuse_cookies,
            latency=latency,
            wait=self._hold,
            keep=self._keep if record_requests else None,
        )
        self._state.servers[None] = AuthorizationServer(None, audience=None)
        self.add_authorization_server("default", audience="api://default")
        self._default_client = self.add_client()
        self._default_user = self.add_user("ada@example.com")
        self._state.default_username = self._default_user.username

    # What a test reads

    @property
    def url(self) -> str:
        """The org URL a client should use: that of the running server, if any."""
        return self._state.url

    def issuer(self, auth_server_id: str | Enum = "default") -> str:
        """The ``iss`` of an authorization server; ``okta_oidc.ORG`` is the org server's."""
        return self._state.issuer(self._authorization_server(auth_server_id))

    @property
    def client_id(self) -> str:
        """The id of the client that is there from the start (``client_secret_basic``)."""
        return self._default_client.client_id

    @property
    def client_secret(self) -> str:
        """Its secret."""
        return self._default_client.client_secret or ""

    @property
    def user(self) -> FakeUser:
        """The user who signs in when no other is named."""
        return self._default_user

    @property
    def families_ended(self) -> int:
        """How many sign-ins the reuse of a refresh token has ended so far."""
        return self._state.store.families_ended

    @property
    def transport(self) -> FakeTransport:
        """For ``httpx.Client(transport=…)`` and ``httpx.AsyncClient(transport=…)`` alike."""
        return self._transport

    def __repr__(self) -> str:
        return f"FakeOkta({self.url!r}, client_id={self.client_id!r})"

    # What a test sets up

    def add_client(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        auth_method: AuthMethod = "client_secret_basic",
        keys: object = None,
        dpop_bound_access_tokens: bool = False,
        redirect_uris: Iterable[str] | None = None,
        post_logout_redirect_uris: Iterable[str] | None = None,
        grant_types: Iterable[GrantType] | None = None,
        pkce_required: bool | None = None,
        rotation: Rotation | None = None,
        leeway: float | None = None,
    ) -> FakeClient:
        """Register an application; what is left out is made up, or taken from the fake's settings.

        ``redirect_uris=None`` accepts any. ``auth_method="none"`` is a public client: no secret, no
        ``client_credentials``, PKCE always. ``grant_types=None`` are all that the fake has.

        ``keys`` are those of a ``private_key_jwt`` client: PEM, a JWK, a JWKS, a key object
        (RSA or EC), or several; of private ones the public half is registered. Without them the
        fake makes a P-256 key: :attr:`FakeClient.private_key` is its JWK then.
        ``dpop_bound_access_tokens`` makes the client prove a key wherever it asks for tokens
        (RFC 9449). Both need joserfc, the extra ``okta-oidc[jwt]``.

        ``ValueError`` for a colon in the id, which Basic cannot carry at Okta, for an id that
        exists, for a method that Okta has not, for keys of another kind, and for credentials that
        do not belong to the method.
        """
        if auth_method not in get_args(AuthMethod):
            raise ValueError(f"auth_method is one of {', '.join(get_args(AuthMethod))}")
        public = auth_method == "none"
        by_key = auth_method == "private_key_jwt"
        if keys is not None and not by_key:
            raise ValueError("keys are a private_key_jwt client's")
        if by_key and client_secret is not None:
            raise ValueError("a private_key_jwt client has no secret")
        if auth_method == "client_secret_jwt" and len(client_secret or okta_secret()) < _SHORTEST:
            raise ValueError(f"a secret that signs has at least {_SHORTEST} characters")
        if by_key or dpop_bound_access_tokens or auth_method == "client_secret_jwt":
            require("a client with keys, signatures or DPoP")
        if by_key and keys is None:
            keys = new_client_key()
        if client_id is None:
            client_id = okta_id("0oa")
        if not client_id or ":" in client_id:
            raise ValueError("a client id is not empty and holds no colon")
        if public and client_secret is not None:
            raise ValueError("a public client has no secret")
        if not public and client_secret == "":
            raise ValueError("a client secret is not empty")
        if grant_types is None:
            grant_types = [g for g in ALL_GRANT_TYPES if not (public and g == "client_credentials")]
        client = FakeClient(
            client_id=client_id,
            client_secret=None if public or by_key else client_secret or okta_secret(),
            auth_method=auth_method,
            redirect_uris=None if redirect_uris is None else tuple(redirect_uris),
            grant_types=tuple(grant_types),
            pkce_required=public or bool(pkce_required),
            rotation=rotation or self._rotation,
            leeway=self._leeway if leeway is None else leeway,
            dpop_bound_access_tokens=dpop_bound_access_tokens,
            post_logout_redirect_uris=None
            if post_logout_redirect_uris is None
            else tuple(post_logout_redirect_uris),
            keys=client_keys(keys) if by_key else (),
            private_key=keys if is_private(keys) else None,
        )
        with self._lock:
            if client_id in self._state.clients:
                raise ValueError("this client id is taken")
            self._state.clients[client_id] = client
        return client

    def add_user(
        self,
        username: str,
        *,
        password: str | None = None,
        user_id: str | None = None,
        password_expired: bool = False,
        mfa_required: bool = False,
        claims: Mapping[str, object] | None = None,
        otp: str | None = None,
    ) -> FakeUser:
        """Add a user, or replace the one of that name for sign-ins to come.

        ``claims`` (JSON values) appear in the user's tokens, their introspection and userinfo.
        ``otp`` is the one-time password that direct authentication takes.
        """
        user = FakeUser(
            username=username,
            user_id=user_id or okta_id("00u"),
            password=okta_secret(20) if password is None else password,
            password_expired=password_expired,
            mfa_required=mfa_required,
            claims=claims or {},
            otp=digits(6) if otp is None else otp,
        )
        with self._lock:
            self._state.users[username] = user
        return user

    def suspend_user(self, username: str) -> None:
        """From now on the user cannot sign in and all tokens of theirs are inactive.

        ``LookupError`` for an unknown username.
        """
        with self._lock:
            if username not in self._state.users:
                raise LookupError("there is no such user")
            self._state.store.suspend(username)

    def add_authorization_server(
        self,
        auth_server_id: str,
        *,
        audience: str | None = None,
        scopes: Iterable[str] | None = None,
        default_scopes: Iterable[str] = (),
        trusted: Iterable[str] = (),
    ) -> AuthorizationServer:
        """Add a custom authorization server, or replace the settings of one.

        ``scopes=None`` are the fake's; ``default_scopes`` are granted to a request that names none.
        ``trusted`` are ids of other custom servers whose access tokens it exchanges.
        """
        server = AuthorizationServer(
            id=auth_server_id,
            audience=audience or f"api://{auth_server_id}",
            scopes=self._scopes if scopes is None else tuple(scopes),
            default_scopes=tuple(default_scopes),
            trusted=tuple(trusted),
        )
        with self._lock:
            self._state.servers[auth_server_id] = server
        return server

    def add_resource(
        self,
        name: str,
        *,
        scopes: Iterable[str] = (),
        vaulted_secret: Mapping[str, str] | None = None,
        service_account: Mapping[str, str] | None = None,
    ) -> FakeResource:
        """Add something beyond Okta that a user's ID token is exchanged for at the org server.

        ``name`` is the ``resource`` to ask for (``orn:okta:…``). Any resource gives tokens of its
        service (``oauth-sts``, within ``scopes``) once the user has connected an account: that is
        ``fake.approve(error.extra["interaction_uri"])``. ``vaulted_secret`` and
        ``service_account`` are what those exchanges give.
        """
        resource = FakeResource(
            name=name,
            scopes=tuple(scopes),
            vaulted_secret=vaulted_secret,
            service_account=service_account,
        )
        with self._lock:
            self._state.resources[name] = resource
        return resource

    def rotate_keys(self, auth_server_id: str | Enum = "default", *, retire: bool = False) -> str:
        """Sign with a new key from now on and return its ``kid``.

        A client that has asked for keys asks again 30 seconds later at the earliest: advance the
        clock by as much, or it refuses the new key's tokens (``unknown_key``).

        The keys before it, two at most, are still published, unless ``retire``: then tokens that
        they have signed cannot be verified any more.
        """
        server = self._authorization_server(auth_server_id)
        with self._lock:
            return self._state.ring(server.id).rotate(retire=retire)

    def rotate_dpop_nonce(self) -> None:
        """Take no nonce any more that was handed out before."""
        with self._lock:
            self._state.nonces.renew()

    # What a user's browser would do

    def authorize(
        self,
        redirect_uri: str,
        *,
        scope: str | None = "openid offline_access",
        client_id: str | None = None,
        username: str | None = None,
        code_challenge: str | None = None,
        code_challenge_method: str | None = None,
        nonce: str | None = None,
        auth_age: float = 0,
        auth_server_id: str | Enum = "default",
    ) -> str:
        """Sign a user in and return the authorization code.

        A ``code_challenge`` is taken as ``S256`` unless ``code_challenge_method`` says otherwise.
        ``auth_age`` is how many seconds ago the user proved who they are: a session that goes on.
        :class:`AuthorizationError` (a ``ValueError``) where Okta would send an error back;
        ``LookupError`` for a client, user or server that the fake does not know.
        """
        with self._lock:
            client = self._registered(client_id)
            user = self._state.users.get(username or self._default_user.username)
            if user is None:
                raise LookupError("there is no such user")
            server = self._authorization_server(auth_server_id)
            if code_challenge is not None and code_challenge_method is None:
                code_challenge_method = "S256"
            try:
                check_redirect_uri(client, redirect_uri)
                request = AuthorizationRequest(
                    client=client,
                    user=user,
                    redirect_uri=redirect_uri,
                    scope=scope,
                    code_challenge=code_challenge,
                    code_challenge_method=code_challenge_method,
                    nonce=nonce,
                    auth_time=self.clock.now() - auth_age,
                )
                return issue_code(self._state, server, request, self.clock.now())
            except RefusalError as refusal:
                raise AuthorizationError(refusal.code, refusal.description) from None

    def visit(self, url: str, *, username: str | None = None) -> str:
        """Open an authorization or logout URL in the user's browser; the URL it is sent back to.

        ``username`` signs in there (default: the request's ``login_hint``, else the first user).
        What the server refuses without sending the browser back is an :class:`AuthorizationError`;
        an error that goes back to the application is in the URL.
        """
        parts = urlsplit(url)
        if not self._is_own_origin(httpx.URL(url)):
            raise LookupError("the URL leads to another host than the fake's")
        if username is not None and username not in self._state.users:
            raise LookupError("there is no such user")
        found = self.handle(
            IncomingRequest(
                method="GET",
                path=parts.path,
                query=parts.query,
                headers=(("Host", parts.netloc),),
                body=b"",
                visitor=username,
            )
        ).answer
        location = dict(found.headers).get("Location")
        if found.status != 302 or location is None:
            raise AuthorizationError(*refused(found))
        return location

    def approve(self, login: object = None, *, username: str | None = None) -> None:
        """Let somebody approve a login that waits elsewhere.

        ``login`` is what ``start_device_login`` or ``start_backchannel_login`` returned, an
        endpoint's answer, or one of the codes in it; ``None`` is the only one that waits. An
        ``interaction_uri`` connects an account. ``username`` is who approves a device login
        (default: the first user); a backchannel login has its user already.

        ``LookupError`` if no such login waits any more, or the user is not known.
        """
        with self._lock:
            approval = self._state.approvals.waiting(login, self.clock.now())
            name = username or self._default_user.username
            user = self._state.users.get(name)
            if user is None:
                raise LookupError("there is no such user")
            if approval.user is None:
                approval.user = user
            elif username not in (None, approval.user.username):
                raise LookupError("the login is another user's")
            approval.decision = "approved"

    def deny(self, login: object = None) -> None:
        """Let somebody refuse a login that waits elsewhere: see :meth:`approve`."""
        with self._lock:
            self._state.approvals.waiting(login, self.clock.now()).decision = "denied"

    # Ways in

    def client(self, *, client_id: str | None = None, **options: Any) -> OktaOIDC:
        """An ``OktaOIDC`` that talks to this fake as the client ``client_id`` (default: the first).

        ``options`` go to ``OktaOIDC``; ``auth``, ``dpop`` and ``http_client`` replace what is wired
        here.
        While the fake is serving, the client uses the real port. Its clock is the fake's: a wait
        before another attempt moves :attr:`clock` and takes no time, and ``Tokens.expires_at``
        agrees with what the fake will say. ``LookupError`` for an unknown client, ``ValueError``
        for one whose private key the fake does not know.
        """
        from ._clients import ClockedOktaOIDC

        self._prove(client_id, options)
        if self._server is None and "http_client" not in options:
            options["http_client"] = httpx.Client(transport=self.transport)
        return ClockedOktaOIDC(self.url, self.clock, self._shared_limits(), **options)

    def async_client(self, *, client_id: str | None = None, **options: Any) -> AsyncOktaOIDC:
        """As :meth:`client`, for ``AsyncOktaOIDC``."""
        from ._clients import AsyncClockedOktaOIDC

        self._prove(client_id, options)
        if self._server is None and "http_client" not in options:
            options["http_client"] = httpx.AsyncClient(transport=self.transport)
        return AsyncClockedOktaOIDC(self.url, self.clock, self._shared_limits(), **options)

    def _shared_limits(self) -> RateLimits:
        # What one client learns of a used-up limit holds for the others, as in a real process.
        from okta_oidc._ratelimit import RateLimits

        with self._lock:
            if self._limits is None:
                self._limits = RateLimits(self.clock.now)
            return self._limits

    @contextmanager
    def serve(
        self,
        *,
        port: int = 0,
        ssl_context: SSLContext | None = None,
        hostname: str = "127.0.0.1",
    ) -> Generator[LoopbackServer, None, None]:
        """Answer on 127.0.0.1 (``port`` 0: any free one) until the block ends.

        Meanwhile :attr:`url` and the issuers of new tokens are the server's. A server-side
        ``ssl_context`` makes it HTTPS; ``hostname`` is the name its URL uses, for certificates
        that name ``localhost``. ``RuntimeError`` if it is being served already.
        """
        with self._lock:
            if self._server is not None:
                raise RuntimeError("this fake is being served already")
            server = LoopbackServer(
                self.handle, hostname=hostname, port=port, ssl_context=ssl_context
            )
            self._server = server
            self._state.url = server.url
        try:
            yield server
        finally:
            with self._lock:
                self._server = None
                self._state.url = self._own_url
            server.close()

    def handle(self, request: IncomingRequest) -> Delivery:
        """Answer one request; transport and server both end here."""
        return self._handling.handle(request)

    def _keep(self, request: RecordedRequest) -> None:
        self.requests.append(request)

    def _hold(self, seconds: float) -> None:
        server = self._server
        default = self.clock.advance if server is None else server.wait
        (self._wait or default)(seconds)

    def _registered(self, client_id: str | None) -> FakeClient:
        client = self._state.clients.get(self.client_id if client_id is None else client_id)
        if client is None:
            raise LookupError("there is no such client")
        return client

    def _prove(self, client_id: str | None, options: dict[str, Any]) -> None:
        client = self._registered(client_id)
        if "auth" not in options:
            options["auth"] = self._auth(client)
        if client.dpop_bound_access_tokens and "dpop" not in options:
            from okta_oidc import DPoP

            # One key for all clients of the app, as long as there are tokens bound to it.
            with self._lock:
                if client.client_id not in self._dpop:
                    self._dpop[client.client_id] = DPoP()
            options["dpop"] = self._dpop[client.client_id]

    @staticmethod
    def _auth(client: FakeClient) -> ClientAuth:
        from okta_oidc import (
            ClientSecretBasic,
            ClientSecretJwt,
            ClientSecretPost,
            PrivateKeyJwt,
            PublicClient,
        )

        if client.auth_method == "private_key_jwt":
            if client.private_key is None:
                raise ValueError("the fake does not know this client's private key: pass auth=")
            return PrivateKeyJwt(client.client_id, client.private_key)
        if client.client_secret is None:
            return PublicClient(client.client_id)
        kinds = {
            "client_secret_basic": ClientSecretBasic,
            "client_secret_post": ClientSecretPost,
            "client_secret_jwt": ClientSecretJwt,
        }
        return kinds[client.auth_method](client.client_id, client.client_secret)

    def _authorization_server(self, auth_server_id: str | Enum) -> AuthorizationServer:
        # okta_oidc.ORG is an enum member, recognised here without importing the client.
        key = auth_server_id if isinstance(auth_server_id, str) else None
        server = self._state.servers.get(key)
        if server is None:
            raise LookupError("there is no such authorization server")
        return server

    def _is_own_origin(self, url: httpx.URL) -> bool:
        return any(
            (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)
            for own in (httpx.URL(self._own_url), httpx.URL(self.url))
        )


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("the fake's URL is a scheme and a host, without a path")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("the fake's URL is a scheme and a host, without anything else")
    return url.rstrip("/")

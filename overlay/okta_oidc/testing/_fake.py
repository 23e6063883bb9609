"""FakeOkta: an Okta org that lives in the test's own process."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from ._answers import Answer, RefusalError, with_okta_headers
from ._authentication import authenticate, refuse_credentials_in_query
from ._authorize import AuthorizationRequest, authorize, check_redirect_uri, issue_code
from ._clock import FakeClock
from ._faults import Circumstances, Delivery, Disconnect, Faults, Raise, rate_limit_refusal
from ._forms import Pairs, decode_pairs
from ._grants import token
from ._inspection import introspect, revoke
from ._limits import Allowance, BucketLimiter, UserLimiter
from ._registry import (
    ALL_GRANT_TYPES,
    AuthMethod,
    AuthorizationServer,
    FakeClient,
    FakeUser,
    GrantType,
    Rotation,
    okta_id,
    okta_secret,
)
from ._requests import IncomingRequest, RecordedRequest, record
from ._routing import Route, find_route
from ._server import LoopbackServer
from ._state import Call, Settings, State
from ._transport import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from enum import Enum
    from ssl import SSLContext

    from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, ClientSecretPost, OktaOIDC
    from okta_oidc._ratelimit import RateLimits

_DAY = 86_400
# What a forced 429 reports where nothing is counted.
_NOMINAL_LIMIT = 1200


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
    """An in-memory Okta org: token, introspect, revoke and authorize, with a memory.

    Codes are spent once, refresh tokens rotate, revoked tokens turn inactive, limits are counted,
    all on :attr:`clock`, which stands still until :meth:`FakeClock.advance` moves it. The ways in
    are :attr:`transport` (any httpx client), :meth:`client` and :meth:`async_client` (ready-made)
    and :meth:`serve` (a real port). It has the org server, the custom server ``default``, one
    client and one user; more can be added. It is safe to share between threads.

    Lifetimes, ``leeway`` and the idle limit are in seconds, ``None`` means without end;
    ``rate_limit`` is in requests a minute and bucket, ``user_rate_limit`` in sign-ins a second and
    username (Okta: 4), ``None`` counts nothing. ``scopes`` are the custom servers' own, beside
    OpenID Connect's. ``introspect_other_clients`` says whether a client learns about access tokens
    of another one, which Okta's documentation leaves open.

    Access and ID tokens look like Okta's but their signature cannot be verified.
    """

    def __init__(
        self,
        *,
        url: str = "https://fake.okta.test",
        clock: FakeClock | None = None,
        code_lifetime: int = 300,
        access_token_lifetime: int = 3600,
        id_token_lifetime: int = 3600,
        refresh_token_lifetime: int | None = 90 * _DAY,
        refresh_token_idle: int | None = 7 * _DAY,
        rotation: Rotation = "ROTATE",
        leeway: float = 30,
        rate_limit: int | None = 1200,
        user_rate_limit: int | None = None,
        scopes: Iterable[str] = ("api:read", "api:write"),
        introspect_other_clients: bool = True,
        record_requests: bool = True,
    ) -> None:
        self.clock = clock or FakeClock()
        self.faults = Faults()
        self.requests: list[RecordedRequest] = []
        self._lock = threading.RLock()
        self._own_url = _checked_url(url)
        self._rotation: Rotation = rotation
        self._leeway = leeway
        self._rate_limit = rate_limit
        self._limiter = BucketLimiter(rate_limit)
        self._scopes = tuple(scopes)
        self._record_requests = record_requests
        self._server: LoopbackServer | None = None
        self._limits: RateLimits | None = None
        self._transport = FakeTransport(self.handle, self._is_own_origin)
        self._state = State(
            url=self._own_url,
            clock=self.clock,
            settings=Settings(
                code_lifetime=code_lifetime,
                access_token_lifetime=access_token_lifetime,
                id_token_lifetime=id_token_lifetime,
                refresh_token_lifetime=refresh_token_lifetime,
                refresh_token_idle=refresh_token_idle,
                introspect_other_clients=introspect_other_clients,
            ),
            user_limiter=UserLimiter(user_rate_limit),
        )
        self._state.servers[None] = AuthorizationServer(None, audience=None)
        self.add_authorization_server("default", audience="api://default")
        self._default_client = self.add_client()
        self._default_user = self.add_user("ada@example.com")

    # What a test reads

    @property
    def url(self) -> str:
        """The org URL a client should use: that of the running server, if any."""
        return self._state.url

    def issuer(self, auth_server_id: str | Enum = "default") -> str:
        """The ``iss`` of an authorization server; ``okta_oidc.ORG`` is the org server's."""
        return self._authorization_server(auth_server_id).issuer(self.url)

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
        redirect_uris: Iterable[str] | None = None,
        grant_types: Iterable[GrantType] | None = None,
        pkce_required: bool | None = None,
        rotation: Rotation | None = None,
        leeway: float | None = None,
    ) -> FakeClient:
        """Register an application; what is left out is made up, or taken from the fake's settings.

        ``redirect_uris=None`` accepts any. ``auth_method="none"`` is a public client: no secret, no
        ``client_credentials``, PKCE always. ``ValueError`` for a colon in the id, which Basic
        cannot carry at Okta, and for an id that exists.
        """
        public = auth_method == "none"
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
            client_secret=None if public else client_secret or okta_secret(),
            auth_method=auth_method,
            redirect_uris=None if redirect_uris is None else tuple(redirect_uris),
            grant_types=tuple(grant_types),
            pkce_required=public or bool(pkce_required),
            rotation=rotation or self._rotation,
            leeway=self._leeway if leeway is None else leeway,
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
    ) -> FakeUser:
        """Add a user, or replace the one of that name for sign-ins to come.

        ``claims`` (JSON values) appear in the user's tokens and their introspection.
        """
        user = FakeUser(
            username=username,
            user_id=user_id or okta_id("00u"),
            password=okta_secret(20) if password is None else password,
            password_expired=password_expired,
            mfa_required=mfa_required,
            claims=claims or {},
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
    ) -> AuthorizationServer:
        """Add a custom authorization server, or replace the settings of one.

        ``scopes=None`` are the fake's; ``default_scopes`` are granted to a request that names none.
        """
        server = AuthorizationServer(
            id=auth_server_id,
            audience=audience or f"api://{auth_server_id}",
            scopes=self._scopes if scopes is None else tuple(scopes),
            default_scopes=tuple(default_scopes),
        )
        with self._lock:
            self._state.servers[auth_server_id] = server
        return server

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
        auth_server_id: str | Enum = "default",
    ) -> str:
        """Sign a user in and return the authorization code.

        A ``code_challenge`` is taken as ``S256`` unless ``code_challenge_method`` says otherwise.
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
                )
                return issue_code(self._state, server, request, self.clock.now())
            except RefusalError as refusal:
                raise AuthorizationError(refusal.code, refusal.description) from None

    # Ways in

    def client(self, *, client_id: str | None = None, **options: Any) -> OktaOIDC:
        """An ``OktaOIDC`` that talks to this fake as the client ``client_id`` (default: the first).

        ``options`` go to ``OktaOIDC``; ``auth`` and ``http_client`` replace what is wired here.
        While the fake is serving, the client uses the real port. Its clock is the fake's: a wait
        before another attempt moves :attr:`clock` and takes no time, and ``Tokens.expires_at``
        agrees with what the fake will say. ``LookupError`` for an unknown client, ``ValueError``
        for one without a secret.
        """
        from ._clients import ClockedOktaOIDC

        if "auth" not in options:
            options["auth"] = self._auth(client_id)
        if self._server is None and "http_client" not in options:
            options["http_client"] = httpx.Client(transport=self.transport)
        return ClockedOktaOIDC(self.url, self.clock, self._shared_limits(), **options)

    def async_client(self, *, client_id: str | None = None, **options: Any) -> AsyncOktaOIDC:
        """As :meth:`client`, for ``AsyncOktaOIDC``."""
        from ._clients import AsyncClockedOktaOIDC

        if "auth" not in options:
            options["auth"] = self._auth(client_id)
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
        with self._lock:
            now = self.clock.now()
            request_id = token_hex(16)
            route = find_route(request.path)
            endpoint = None if route is None else route.endpoint
            fault = self.faults.take(endpoint)
            genuine: Answer | None = None
            if fault is None or fault.processed:
                genuine = self._answer(request, route, now, request_id)
            if fault is None:
                delivery = Delivery(genuine or Answer(500))
            else:
                delivery = fault.deliver(
                    Circumstances(
                        now=now,
                        limit=_NOMINAL_LIMIT if self._rate_limit is None else self._rate_limit,
                        genuine=genuine,
                        dress=lambda answer, allowance: self._dress(
                            answer,
                            now,
                            request_id,
                            allowance or self._limiter.peek(_bucket(route), now),
                        ),
                    )
                )
            if self._record_requests:
                lost = isinstance(delivery.manner, (Disconnect, Raise))
                self.requests.append(
                    record(
                        request,
                        endpoint=endpoint,
                        auth_server_id=None if route is None else route.server_id,
                        status=None if lost else delivery.answer.status,
                        request_id=request_id,
                        fault=None if fault is None else fault.name,
                    )
                )
            return delivery

    def _answer(
        self, request: IncomingRequest, route: Route | None, now: float, request_id: str
    ) -> Answer:
        allowance = self._limiter.take(_bucket(route), now)
        try:
            if allowance is not None and allowance.exceeded:
                raise rate_limit_refusal()
            answer = self._route(request, route, now)
        except RefusalError as refusal:
            answer = refusal.answer()
        return self._dress(answer, now, request_id, allowance)

    def _route(self, request: IncomingRequest, route: Route | None, now: float) -> Answer:
        if route is None:
            raise RefusalError(404, "E0000008", "There is nothing at this path.", shape="okta")
        server = self._state.servers.get(route.server_id)
        if server is None:
            raise RefusalError(
                404,
                "E0000007",
                f"Not found: Resource not found: {route.server_id} (AuthorizationServer)",
                shape="okta",
            )
        if request.method not in route.methods:
            raise RefusalError(
                405,
                "E0000022",
                "The endpoint does not take this HTTP method.",
                shape="okta",
                headers=(("Allow", ", ".join(route.methods)),),
            )
        if route.endpoint == "authorize":
            form = _single_valued(_decoded(request.query.encode()))
            # As it is now: add_user() may have replaced it.
            user = self._state.users[self._default_user.username]
            return authorize(Call(self._state, server, now, form), user)
        if request.header("cookie") is not None:
            raise RefusalError(400, "invalid_request", "A cookie came back: keep no cookie jar.")
        if not request.is_form:
            raise RefusalError(400, "E0000021", "The body has to be a form.", shape="okta")
        form = _decoded(request.body)
        refuse_credentials_in_query({name for name, _ in _decoded(request.query.encode())})
        call = Call(self._state, server, now, _single_valued(form))
        client = authenticate(call, request)
        if route.endpoint == "token":
            return token(call, client)
        if route.endpoint == "introspect":
            return introspect(call, client)
        return revoke(call, client)

    def _dress(
        self, answer: Answer, now: float, request_id: str, allowance: Allowance | None
    ) -> Answer:
        return with_okta_headers(
            answer,
            now=now,
            request_id=request_id,
            allowance=allowance,
            secure=self.url.startswith("https:"),
        )

    def _registered(self, client_id: str | None) -> FakeClient:
        client = self._state.clients.get(self.client_id if client_id is None else client_id)
        if client is None:
            raise LookupError("there is no such client")
        return client

    def _auth(self, client_id: str | None) -> ClientSecretBasic | ClientSecretPost:
        from okta_oidc import ClientSecretBasic, ClientSecretPost

        client = self._registered(client_id)
        if client.client_secret is None:
            raise ValueError("a public client has no secret to authenticate with")
        if client.auth_method == "client_secret_post":
            return ClientSecretPost(client.client_id, client.client_secret)
        return ClientSecretBasic(client.client_id, client.client_secret)

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


def _bucket(route: Route | None) -> tuple[bool, bool] | None:
    return None if route is None else route.bucket


def _decoded(encoded: bytes) -> Pairs:
    try:
        return decode_pairs(encoded)
    except ValueError:
        raise RefusalError(
            400, "E0000003", "The request body is not well-formed.", shape="okta"
        ) from None


def _single_valued(form: Pairs) -> Pairs:
    names = [name for name, _ in form if name != "resource"]
    if len(names) != len(set(names)):
        raise RefusalError(400, "invalid_request", "A parameter was sent twice.")
    if any(value == "" for _, value in form):
        # RFC 6749 lets a server overlook these; a test should not.
        raise RefusalError(400, "invalid_request", "A parameter was sent without a value.")
    return form

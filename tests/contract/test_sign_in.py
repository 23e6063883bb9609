"""Sign-ins at oidc-provider: by a browser, on a device, by a push; keys, metadata, userinfo.

The judge here is a certified server alone: what it takes, and what it issues, is what the
specifications say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from anyio import create_task_group
from okta_oidc import (
    ORG,
    APIError,
    AsyncAccessTokenVerifier,
    AuthorizationRequest,
    CallbackMismatchError,
    Claims,
    ClientSecretBasic,
    ClientSecretPost,
    DPoP,
    InvalidTokenError,
    PublicClient,
)
from okta_oidc._config import AuthServerId
from okta_oidc._runtime import Runtime

from tests.support.faces import KINDS, Awaited, awaited
from tests.support.oidc_provider import (
    CIBA,
    CUSTOM,
    DEVICE_CODE,
    REDIRECT_URI,
    RegisteredClient,
    RunningServer,
    approve_device,
    authorize,
    start,
)

pytestmark = pytest.mark.anyio

GRANTS = ("authorization_code", "refresh_token", "client_credentials", DEVICE_CODE, CIBA)
BASIC = RegisteredClient(
    "basic-client", "client_secret_basic", "basic-client-secret-0123456789", grant_types=GRANTS
)
POST = RegisteredClient(
    "post-client", "client_secret_post", "post-client-secret-0123456789", grant_types=GRANTS
)
PUBLIC = RegisteredClient(
    "public-client",
    "none",
    grant_types=("authorization_code", "refresh_token", DEVICE_CODE),
)
BOUND = RegisteredClient(
    "bound-client", "client_secret_basic", "bound-client-secret-0123456789", dpop=True
)
AUDIENCE = "api://orders"

Open = Callable[..., Any]
SERVERS: tuple[tuple[str | None, AuthServerId], ...] = ((None, ORG), ("default", "default"))


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with start(clients=(BASIC, POST, PUBLIC, BOUND)) as running:
        yield running


@pytest.fixture(params=KINDS)
def face_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def auth_of(client: RegisteredClient) -> Any:
    match client.auth_method:
        case "client_secret_basic":
            return ClientSecretBasic(client.client_id, str(client.client_secret))
        case "client_secret_post":
            return ClientSecretPost(client.client_id, str(client.client_secret))
        case _:
            return PublicClient(client.client_id)


def bare(okta: Any) -> Any:
    """The client itself."""
    return okta.okta if isinstance(okta, Awaited) else okta


def opened(
    server: RunningServer, face_name: str, client: RegisteredClient = BASIC, **options: Any
) -> AbstractAsyncContextManager[Any]:
    """A client of either face, to be awaited."""
    return awaited(face_name, server.base_url, auth_of(client), **options)


def at_the_browser(
    server: RunningServer, request: AuthorizationRequest, auth_server_id: str | None = "default"
) -> str:
    """Send a browser to the request's URL, sign in, and return the URL that it comes back to."""
    query = urlsplit(request.url).query
    parameters = dict(parse_qsl(query))
    # The harness wants to know when to stop, and consents to what is asked each time.
    answer = authorize(
        server,
        {**parameters, "redirect_uri": REDIRECT_URI, "prompt": "consent"}
        if "request_uri" not in parameters
        else {**parameters, "redirect_uri": REDIRECT_URI},
        auth_server_id=auth_server_id,
    )
    return f"{REDIRECT_URI}?{urlencode(answer)}"


@pytest.mark.parametrize("client", [BASIC, POST, PUBLIC], ids=lambda client: client.auth_method)
@pytest.mark.parametrize(("harness_id", "server_id"), SERVERS, ids=["org", "custom"])
async def test_a_user_signs_in(
    server: RunningServer,
    face_name: str,
    client: RegisteredClient,
    harness_id: str | None,
    server_id: AuthServerId,
) -> None:
    async with opened(server, face_name, client, auth_server_id=server_id) as okta:
        request = await okta.authorization_request(
            REDIRECT_URI, "openid profile email offline_access", prompt="consent", max_age=3600
        )
        callback = at_the_browser(server, request, harness_id)
        # This server says who it is (RFC 9207).
        assert "iss" in parse_qs(urlsplit(callback).query)
        done = await okta.finish_sign_in(
            AuthorizationRequest.from_dict(request.to_dict()), callback
        )

        assert done.claims.sub == "ada@example.com"
        assert done.claims.iss == server.issuer(harness_id)
        assert done.claims.aud == (client.client_id,)
        assert done.claims.auth_time is not None
        assert done.tokens.refresh_token

        user = await okta.userinfo(done.tokens.access_token)
        assert user.sub == done.claims.sub
        assert user.email == "ada@example.com"

        again = await okta.token_for_refresh_token(done.tokens.refresh_token)
        claims = await okta.verify_id_token(
            again.id_token, nonce=request.nonce, access_token=again.access_token
        )
        assert claims.sub == done.claims.sub

        # A code is good for one sign-in.
        with pytest.raises(APIError):
            await okta.finish_sign_in(request, callback)


@pytest.mark.parametrize("client", [BASIC, POST, PUBLIC], ids=lambda client: client.auth_method)
async def test_a_request_is_pushed(
    server: RunningServer, face_name: str, client: RegisteredClient
) -> None:
    async with opened(server, face_name, client) as okta:
        request: AuthorizationRequest = await okta.authorization_request(
            REDIRECT_URI, "openid", prompt="consent", push=True
        )
        assert set(parse_qs(urlsplit(request.url).query)) == {"client_id", "request_uri"}
        done = await okta.finish_sign_in(request, at_the_browser(server, request))
        assert done.claims.nonce == request.nonce


async def test_a_callback_of_another_sign_in_is_refused(
    server: RunningServer, face_name: str
) -> None:
    async with opened(server, face_name) as okta:
        mine = await okta.authorization_request(REDIRECT_URI)
        theirs = await okta.authorization_request(REDIRECT_URI)
        callback = at_the_browser(server, theirs)
        with pytest.raises(CallbackMismatchError):
            await okta.finish_sign_in(mine, callback)
        elsewhere = await okta.authorization_request(REDIRECT_URI, auth_server_id=CUSTOM)
        state = parse_qs(urlsplit(callback).query)
        with pytest.raises(CallbackMismatchError):
            await okta.finish_sign_in(
                elsewhere, {**{k: v[0] for k, v in state.items()}, "state": elsewhere.state}
            )
        assert (await okta.finish_sign_in(theirs, callback)).claims.sub


async def test_what_the_server_says_of_itself(server: RunningServer, face_name: str) -> None:
    async with opened(server, face_name) as okta:
        for harness_id, server_id in SERVERS:
            metadata = await okta.metadata(auth_server_id=server_id)
            assert metadata.issuer == server.issuer(harness_id)
            assert metadata.authorization_response_iss_parameter_supported is True
            assert metadata.jwks_uri == server.endpoint(harness_id, "keys")
            assert metadata.authorization_endpoint == server.endpoint(harness_id, "authorize")
        request = await okta.authorization_request(REDIRECT_URI)
        callback = at_the_browser(server, request)
        members = dict(parse_qsl(urlsplit(callback).query))
        del members["iss"]
        # It promised to say who it is.
        with pytest.raises(CallbackMismatchError):
            await okta.finish_sign_in(request, members)
        assert (await okta.finish_sign_in(request, callback)).claims.sub


async def test_a_session_ends_at_its_page(server: RunningServer, face_name: str) -> None:
    async with opened(server, face_name) as okta:
        request = await okta.authorization_request(REDIRECT_URI)
        done = await okta.finish_sign_in(request, at_the_browser(server, request))
        url: str = bare(okta).logout_url(done.tokens.id_token)
        with server.http_client() as browser:
            page = browser.get(url)
        assert page.status_code == 200, page.text
        assert "sign-out" in page.text.lower() or "logout" in page.text.lower()


async def test_userinfo_refuses_what_is_no_token(server: RunningServer, face_name: str) -> None:
    async with opened(server, face_name) as okta:
        with pytest.raises(APIError) as refused:
            await okta.userinfo("no-token-of-this-server")
        assert (refused.value.status, refused.value.code) == (401, "invalid_token")


async def test_userinfo_takes_a_token_with_its_proof(server: RunningServer, face_name: str) -> None:
    async with opened(server, face_name, BOUND, dpop=DPoP()) as okta:
        request = await okta.authorization_request(REDIRECT_URI, push=True, prompt="consent")
        done = await okta.finish_sign_in(request, at_the_browser(server, request))
        assert done.tokens.token_type == "DPoP"
        user = await okta.userinfo(done.tokens.access_token)
        assert user.sub == done.claims.sub
    # Without the key the token is nobody's.
    async with opened(server, face_name, BOUND) as okta:
        with pytest.raises(APIError):
            await okta.userinfo(done.tokens.access_token)


# Access tokens


async def test_an_api_checks_access_tokens_by_itself(server: RunningServer, face_name: str) -> None:
    async with opened(server, face_name) as okta:
        tokens = await okta.token_for_client_credentials("orders:read", resource=AUDIENCE)
        claims = await okta.verify_access_token(
            tokens.access_token, audience=AUDIENCE, scopes=["orders:read"]
        )
        assert (claims.client_id, claims.scopes) == (BASIC.client_id, ("orders:read",))
        for options, reason in (
            ({"audience": "api://other"}, "audience"),
            ({"audience": AUDIENCE, "scopes": ["orders:write"]}, "scope"),
            ({"audience": AUDIENCE, "auth_server_id": CUSTOM}, "unknown_key"),
        ):
            with pytest.raises(InvalidTokenError) as refused:
                await okta.verify_access_token(tokens.access_token, **options)
            assert refused.value.reason == reason
        # The same token is no ID token, and an ID token is no access token.
        with pytest.raises(InvalidTokenError):
            await okta.verify_id_token(tokens.access_token, nonce=None)
        request = await okta.authorization_request(REDIRECT_URI)
        done = await okta.finish_sign_in(request, at_the_browser(server, request))
        with pytest.raises(InvalidTokenError):
            await okta.verify_access_token(done.tokens.id_token, audience=BASIC.client_id)
    if face_name == "sync":
        return
    issuer = server.issuer("default")
    async with AsyncAccessTokenVerifier(issuer, audience=AUDIENCE) as verifier:
        assert (await verifier.verify(tokens.access_token, "orders:read")).iss == issuer


async def test_a_token_bound_to_a_key_is_no_bearer_token(
    server: RunningServer, face_name: str
) -> None:
    async with opened(server, face_name, BOUND, dpop=DPoP()) as okta:
        tokens = await okta.token_for_client_credentials("orders:read", resource=AUDIENCE)
        with pytest.raises(InvalidTokenError) as refused:
            await okta.verify_access_token(tokens.access_token, audience=AUDIENCE)
        assert refused.value.reason == "bound"


async def test_a_rotation_is_followed_at_one_question(face_name: str) -> None:
    asked: list[str] = []

    def keep(request: httpx.Request) -> None:
        asked.append(request.url.path)

    async def keep_async(request: httpx.Request) -> None:
        keep(request)

    with start(clients=(BASIC,)) as server:
        http_client: Any = (
            httpx.Client(event_hooks={"request": [keep]})
            if face_name == "sync"
            else httpx.AsyncClient(event_hooks={"request": [keep_async]})
        )
        async with opened(server, face_name, http_client=http_client) as okta:

            async def token() -> str:
                tokens = await okta.token_for_client_credentials(resource=AUDIENCE)
                return str(tokens.access_token)

            async def check(token: str) -> None:
                found: Claims = await okta.verify_access_token(token, audience=AUDIENCE)
                assert found.client_id == BASIC.client_id

            old = await token()
            await check(old)
            server.rotate_keys("default")
            new = await token()
            clock = Runtime().monotonic()
            # Past the pause between two questions about keys that are not known.
            bare(okta)._flow.runtime = Runtime(monotonic=lambda: clock + 60)
            async with create_task_group() as group:
                for _ in range(32):
                    group.start_soon(check, new)
            await check(old)
        if face_name == "sync":
            http_client.close()
        else:
            await http_client.aclose()
    assert sum(path.endswith("/keys") for path in asked) == 2


# Logins that are approved elsewhere


@pytest.mark.parametrize("client", [BASIC, POST, PUBLIC], ids=lambda client: client.auth_method)
async def test_a_login_is_approved_on_another_device(
    server: RunningServer, face_name: str, client: RegisteredClient
) -> None:
    async with opened(server, face_name, client) as okta:
        login = await okta.start_device_login("openid email")
        assert await okta.poll(login) is None
        approve_device(server, login.verification_uri_complete)
        login.interval = 0.01
        tokens = await okta.wait_for(login)
        claims = await okta.verify_id_token(
            tokens.id_token, nonce=None, access_token=tokens.access_token
        )
        assert claims.sub == "ada@example.com"


async def test_a_device_login_may_be_refused(server: RunningServer, face_name: str) -> None:
    async with opened(server, face_name) as okta:
        login = await okta.start_device_login()
        approve_device(server, login.verification_uri_complete, refuse=True)
        login.interval = 0.01
        with pytest.raises(APIError) as refused:
            await okta.wait_for(login)
        assert refused.value.code == "access_denied"


@pytest.mark.parametrize("client", [BASIC, POST], ids=lambda client: client.auth_method)
async def test_a_login_is_approved_by_a_push(
    server: RunningServer, face_name: str, client: RegisteredClient
) -> None:
    async with opened(server, face_name, client) as okta:
        login = await okta.start_backchannel_login(
            login_hint="approves@example.com", binding_message="W4SCT", expires_in=120
        )
        login.interval = 0.01
        tokens = await okta.wait_for(login)
        claims = await okta.verify_id_token(tokens.id_token, nonce=None)
        assert claims.sub == "approves@example.com"

        login = await okta.start_backchannel_login(login_hint="refuses@example.com")
        login.interval = 0.01
        with pytest.raises(APIError) as refused:
            await okta.wait_for(login)
        assert refused.value.code == "access_denied"

        login = await okta.start_backchannel_login(login_hint="waits@example.com")
        assert await okta.poll(login) is None

"""Every way a client can prove itself, at oidc-provider: tokens, introspection, revocation.

The judge here is a certified server alone: what it takes is what the RFCs say.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from anyio import create_task_group, to_thread
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from okta_oidc import (
    ORG,
    APIError,
    ClientAuth,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    DPoP,
    InvalidClientError,
    MalformedResponseError,
    PrivateKeyJwt,
    PublicClient,
    TransportError,
)

from tests.support.faces import EVERY_KIND, awaited
from tests.support.keys import ec_key, jwk, pem, public_jwk
from tests.support.oidc_provider import (
    BASIC,
    POST,
    PUBLIC,
    REDIRECT_URI,
    RegisteredClient,
    RunningServer,
    authorization_code,
    start,
)

pytestmark = pytest.mark.anyio

VERIFIER = "verifier-of-forty-three-characters-and-more"
SECRET = "a-client-secret-of-sixty-four-characters-for-the-longest-of-hmacs"
SERVICE = {"grant_type": "client_credentials", "scope": "orders:read"}


@cache
def key_for(alg: str) -> Any:
    """The private key of the client that signs with ``alg``."""
    if alg.startswith("ES"):
        return ec_key(alg)
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Way:
    """A registered client, and the object that it proves itself with."""

    client: RegisteredClient
    make: Callable[[], ClientAuth]


def by_secret(alg: str) -> Way:
    client = RegisteredClient(f"secret-{alg}", "client_secret_jwt", SECRET, signing_alg=alg)
    return Way(client, lambda: ClientSecretJwt(client.client_id, SECRET, alg=alg))


def by_key(alg: str, form: str = "object", *, dpop: bool = False) -> Way:
    key = key_for(alg)
    kid = f"kid-of-{alg}"
    client = RegisteredClient(
        f"key-{alg}-{form}{'-dpop' if dpop else ''}",
        "private_key_jwt",
        # Beside another: which of them signed is what the kid says.
        keys=(public_jwk(key, kid=kid), public_jwk(key_for("another"), kid="another")),
        signing_alg=alg,
        dpop=dpop,
    )

    def make() -> ClientAuth:
        asked = alg if alg.startswith("RS") else None
        if form == "object":
            return PrivateKeyJwt(client.client_id, key, kid=kid, alg=asked)
        if form == "jwk":
            return PrivateKeyJwt(client.client_id, jwk(key, kid=kid), alg=asked)
        return PrivateKeyJwt(client.client_id, pem(key, form), kid=kid, alg=asked)

    return Way(client, make)


WAYS = {
    "basic": Way(BASIC, lambda: ClientSecretBasic(BASIC.client_id, BASIC.client_secret or "")),
    "post": Way(POST, lambda: ClientSecretPost(POST.client_id, POST.client_secret or "")),
    "HS256": by_secret("HS256"),
    "HS384": by_secret("HS384"),
    "HS512": by_secret("HS512"),
    "RS256": by_key("RS256"),
    "RS384": by_key("RS384"),
    "RS512": by_key("RS512"),
    "ES256": by_key("ES256"),
    "ES384": by_key("ES384"),
    "ES512": by_key("ES512"),
    "RS256-PKCS8": by_key("RS256", "PKCS8"),
    "RS256-PKCS1": by_key("RS256", "TraditionalOpenSSL"),
    "RS256-jwk": by_key("RS256", "jwk"),
    "ES256-SEC1": by_key("ES256", "TraditionalOpenSSL"),
    "ES512-jwk": by_key("ES512", "jwk"),
}
DPOP = by_key("ES256", dpop=True)
PUBLIC_DPOP = RegisteredClient(
    "public-dpop", "none", grant_types=("authorization_code", "refresh_token"), dpop=True
)
CLIENTS = (*(way.client for way in WAYS.values()), DPOP.client, PUBLIC, PUBLIC_DPOP)


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningServer]:
    with start(clients=CLIENTS) as server:
        yield server


@pytest.fixture(params=EVERY_KIND)
def face_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Watched(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends, and keeps what was sent and how it was answered."""

    def __init__(self) -> None:
        self.sent: list[tuple[httpx.Request, int]] = []
        self._sync = httpx.HTTPTransport()
        self._async = httpx.AsyncHTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self._sync.handle_request(request)
        self.sent.append((request, response.status_code))
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        response = await self._async.handle_async_request(request)
        self.sent.append((request, response.status_code))
        return response

    def close(self) -> None:
        self._sync.close()

    async def aclose(self) -> None:
        await self._async.aclose()

    @property
    def statuses(self) -> list[int]:
        return [status for _, status in self.sent]

    def assertions(self) -> list[str]:
        forms = [parse_qs(request.content.decode()) for request, _ in self.sent]
        return [form["client_assertion"][0] for form in forms]


def opened(
    face_name: str,
    provider: RunningServer,
    auth: ClientAuth,
    *,
    watched: Watched | None = None,
    **options: Any,
) -> AbstractAsyncContextManager[Any]:
    """A client of either face, which sends once."""
    if watched is not None:
        http: Any = httpx.Client if face_name.startswith("sync") else httpx.AsyncClient
        options["http_client"] = http(transport=watched)
    return awaited(face_name, provider.base_url, auth, **{"retry": None, **options})


def claims_of(jwt: str) -> dict[str, Any]:
    part = jwt.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_token_introspect_and_revoke(
    face_name: str, provider: RunningServer, way: Way
) -> None:
    async with opened(face_name, provider, way.make()) as okta:
        code = authorization_code(provider, way.client)
        tokens = await okta.token_for_code(code, REDIRECT_URI)
        assert tokens.refresh_token
        tokens = await okta.token_for_refresh_token(tokens.refresh_token)
        assert await okta.introspect(tokens.access_token, token_type_hint="access_token")
        await okta.revoke(tokens.access_token, token_type_hint="access_token")
        assert not await okta.introspect(tokens.access_token)
        assert (await okta.token(SERVICE)).access_token


async def test_at_the_org_server(face_name: str, provider: RunningServer) -> None:
    way = WAYS["ES256"]
    async with opened(face_name, provider, way.make()) as okta:
        answer = await okta.token({"grant_type": "client_credentials"}, auth_server_id=ORG)
        assert await okta.introspect(str(answer.access_token), auth_server_id=ORG)


async def test_a_public_client(face_name: str, provider: RunningServer) -> None:
    async with opened(face_name, provider, PublicClient(PUBLIC.client_id)) as okta:
        code = authorization_code(provider, PUBLIC, code_verifier=VERIFIER)
        tokens = await okta.token_for_code(code, REDIRECT_URI, code_verifier=VERIFIER)
        assert tokens.refresh_token
        tokens = await okta.token_for_refresh_token(tokens.refresh_token)
        assert await okta.introspect(tokens.access_token)
        await okta.revoke(tokens.access_token)
        assert not await okta.introspect(tokens.access_token)


async def test_each_request_is_signed_for_its_own_address(
    face_name: str, provider: RunningServer
) -> None:
    way, watched = WAYS["RS256"], Watched()
    async with opened(face_name, provider, way.make(), watched=watched) as okta:
        answer = await okta.token(SERVICE)
        await okta.introspect(str(answer.access_token))
        await okta.revoke(str(answer.access_token))
    claims = [claims_of(assertion) for assertion in watched.assertions()]
    assert [each["aud"] for each in claims] == [
        provider.endpoint("default", name) for name in ("token", "introspect", "revoke")
    ]
    assert len({each["jti"] for each in claims}) == 3


async def test_an_assertion_is_taken_once(face_name: str, provider: RunningServer) -> None:
    way, watched = WAYS["ES256"], Watched()
    async with opened(face_name, provider, way.make(), watched=watched) as okta:
        await okta.token(SERVICE)
    ((request, status),) = watched.sent
    assert status == 200
    async with httpx.AsyncClient() as http:
        again = await http.post(request.url, content=request.content, headers=request.headers)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_ends_when_it_says(face_name: str, provider: RunningServer) -> None:
    auth = WAYS["ES256"].make()
    url = provider.endpoint("default", "token")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    form = b"grant_type=client_credentials"

    async with httpx.AsyncClient() as http:

        async def status(lifetime: float) -> int:
            _, signed = auth.sign(form, url, lifetime)
            return (await http.post(url, content=signed, headers=headers)).status_code

        assert await status(5) == 200
        # The server allows for clocks that differ a little.
        assert await status(-60) == 401


@pytest.mark.parametrize("method", ["HS256", "RS256", "ES256"])
async def test_another_key_is_refused_and_no_error_shows_the_assertion(
    face_name: str, provider: RunningServer, method: str
) -> None:
    client_id, watched = WAYS[method].client.client_id, Watched()
    auths: dict[str, Callable[[], ClientAuth]] = {
        "HS256": lambda: ClientSecretJwt(client_id, SECRET[::-1]),
        "RS256": lambda: PrivateKeyJwt(client_id, key_for("RS384")),
        "ES256": lambda: PrivateKeyJwt(client_id, ec.generate_private_key(ec.SECP256R1())),
    }
    async with opened(face_name, provider, auths[method](), watched=watched) as okta:
        with pytest.raises(InvalidClientError) as caught:
            await okta.token(SERVICE)
    (assertion,) = watched.assertions()
    for part in assertion.split("."):
        assert part not in f"{caught.value} {caught.value!r}"


async def test_another_method_than_the_registered_one_is_refused(
    face_name: str, provider: RunningServer
) -> None:
    by_jwt = WAYS["HS256"].client.client_id
    for auth in (
        ClientSecretBasic(by_jwt, SECRET),
        ClientSecretPost(by_jwt, SECRET),
        PublicClient(by_jwt),
        ClientSecretJwt(BASIC.client_id, SECRET),
    ):
        async with opened(face_name, provider, auth) as okta:
            with pytest.raises(APIError) as caught:
                await okta.token(SERVICE)
            assert caught.value.code in ("invalid_client", "invalid_request")


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES384"])
async def test_dpop_with_a_nonce_that_the_server_requires(
    face_name: str, provider: RunningServer, alg: str
) -> None:
    dpop, watched = DPoP(key_for(alg)), Watched()
    async with opened(face_name, provider, DPOP.make(), watched=watched, dpop=dpop) as okta:
        first = await okta.token(SERVICE)
        # Without any attempts of `retry`: nothing was processed.
        assert watched.statuses == [400, 200]
        second = await okta.token(SERVICE)
        assert watched.statuses == [400, 200, 200]
        assert first.token_type == second.token_type == "DPoP"
        info = await okta.introspect(str(first.access_token))
        assert info.raw["cnf"] == {"jkt": dpop.thumbprint}
    proofs = [request.headers.get_list("dpop") for request, _ in watched.sent]
    assert [len(each) for each in proofs] == [1, 1, 1, 0]
    jtis = {claims_of(each[0])["jti"] for each in proofs if each}
    assert len(jtis) == 3
    # As many assertions: Okta burns the one of a refused request.
    assert len({claims_of(each)["jti"] for each in watched.assertions()}) == 4


async def test_a_code_survives_the_request_for_a_nonce(
    face_name: str, provider: RunningServer
) -> None:
    dpop, watched = DPoP(), Watched()
    auth = PublicClient(PUBLIC_DPOP.client_id)
    async with opened(face_name, provider, auth, watched=watched, dpop=dpop) as okta:
        code = authorization_code(provider, PUBLIC_DPOP, code_verifier=VERIFIER)
        tokens = await okta.token_for_code(code, REDIRECT_URI, code_verifier=VERIFIER)
        assert watched.statuses == [400, 200]
        assert tokens.token_type == "DPoP"
        assert tokens.refresh_token
        tokens = await okta.token_for_refresh_token(tokens.refresh_token)
        assert watched.statuses == [400, 200, 200]
        # The refresh token of a public client is bound as well (RFC 9449 §5).
        refresh_token = tokens.refresh_token
        assert refresh_token
    async with opened(face_name, provider, auth, dpop=DPoP()) as other:
        with pytest.raises(APIError) as caught:
            await other.token_for_refresh_token(refresh_token)
        assert caught.value.code == "invalid_grant"


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
async def test_a_resource_is_called_with_a_proof(
    face_name: str, provider: RunningServer, alg: str
) -> None:
    dpop = DPoP(key_for(alg))
    auth = PublicClient(PUBLIC_DPOP.client_id)
    async with opened(face_name, provider, auth, dpop=dpop) as okta:
        code = authorization_code(
            provider, PUBLIC_DPOP, code_verifier=VERIFIER, auth_server_id=None
        )
        tokens = await okta.token_for_code(
            code, REDIRECT_URI, code_verifier=VERIFIER, auth_server_id=ORG
        )
    url = provider.endpoint(None, "userinfo")
    # One that knows no nonce yet, with the same key.
    fresh, watched = DPoP(key_for(alg)), Watched()
    bound = fresh.auth(tokens.access_token)
    if face_name.startswith("sync"):

        def call() -> list[httpx.Response]:
            with httpx.Client(transport=watched, auth=bound) as api:
                return [api.get(url, params={"q": "1"}), api.post(url)]

        answers = await to_thread.run_sync(call)
    else:
        async with httpx.AsyncClient(transport=watched, auth=bound) as api:
            answers = [await api.get(url, params={"q": "1"}), await api.post(url)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert watched.statuses == [401, 200, 200]
    assert answers[0].json()["sub"] == "ada@example.com"
    async with httpx.AsyncClient() as http:
        by_another_key = await http.get(url, auth=DPoP().auth(tokens.access_token))
        as_bearer = await http.get(url, headers={"authorization": f"Bearer {tokens.access_token}"})
    assert {by_another_key.status_code, as_bearer.status_code} <= {400, 401}


async def test_many_first_calls_at_once(face_name: str, provider: RunningServer) -> None:
    watched = Watched()
    async with opened(face_name, provider, DPOP.make(), watched=watched, dpop=DPoP()) as okta:

        async def call() -> None:
            assert (await okta.token(SERVICE)).token_type == "DPoP"

        async with create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(call)
    assert len(watched.sent) <= 40
    assert watched.statuses.count(200) == 20


async def test_an_application_without_dpop_at_a_client_with_it(
    face_name: str, provider: RunningServer
) -> None:
    # oidc-provider binds whatever is proved; Okta hands out a Bearer token here.
    class Unbinding(Watched):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            del request.headers["dpop"]
            return super().handle_request(request)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            del request.headers["dpop"]
            return await super().handle_async_request(request)

    way = WAYS["ES256"]
    async with opened(face_name, provider, way.make(), watched=Unbinding(), dpop=DPoP()) as okta:
        with pytest.raises(MalformedResponseError, match="DPoP") as caught:
            await okta.token(SERVICE)
        assert b"access_token" in caught.value.body


async def test_a_code_is_not_sent_again_over_a_broken_connection(
    face_name: str, provider: RunningServer
) -> None:
    class Breaking(Watched):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if len(self.sent) == 2:
                raise httpx.ReadError("", request=request)
            return response

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            if len(self.sent) == 2:
                await response.aclose()
                raise httpx.ReadError("", request=request)
            return response

    watched = Breaking()
    auth = PublicClient(PUBLIC_DPOP.client_id)
    async with opened(face_name, provider, auth, watched=watched, dpop=DPoP()) as okta:
        code = authorization_code(provider, PUBLIC_DPOP, code_verifier=VERIFIER)
        with pytest.raises(TransportError) as caught:
            await okta.token_for_code(code, REDIRECT_URI, code_verifier=VERIFIER)
    assert caught.value.request_sent is None
    assert watched.statuses == [400, 200]

"""Proofs of possession: what they say, when one is made again, and which nonce is in it."""

from __future__ import annotations

import base64
import copy
import hashlib
import os
import pickle
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Literal

import anyio
import httpx
import pydantic
import pytest
from okta_oidc import (
    APIError,
    AsyncOktaOIDC,
    ConfigurationError,
    DPoP,
    MalformedResponseError,
    OktaError,
    PrivateKeyJwt,
    PublicClient,
    Retry,
    TransportError,
)
from okta_oidc._runtime import RUNTIME
from okta_oidc_api.api.token import custom_token
from okta_oidc_api.models import RefreshTokenGrant

from tests.support.faces import CALLS, Face, Kind
from tests.support.keys import (
    CURVES,
    Vault,
    claims_of,
    ec_key,
    jwk,
    pem,
    private_numbers,
    public_jwk,
    rsa_key,
    unverified,
)
from tests.support.samples import CALLBACK, CLIENT_ID, ORG_URL, TOKENS, answer, oauth_error
from tests.support.servers import Recorder, http_bytes, never

from ._secrets import frames_of
from .conftest import OpenOkta, ServeRaw, on_every_loop
from .test_client_assertions import KMSError, assertion_in, broken_vault, jti_of
from .test_redaction import everything_said

TOKEN_URL = f"{ORG_URL}/oauth2/default/v1/token"
API = "https://api.example.com/orders"
BOUND = {**TOKENS, "token_type": "DPoP"}
SERVICE = {"grant_type": "client_credentials"}
ACCESS_TOKEN = "planted-access-token-of-somebody"


def key_for(alg: str) -> Any:
    return ec_key(alg) if alg in CURVES else rsa_key()


def use_nonce(nonce: str | None, status: int = 400) -> httpx.Response:
    """What Okta's token endpoint says to a proof without its nonce."""
    return answer(
        status,
        oauth_error("use_dpop_nonce", "Authorization server requires nonce in DPoP proof."),
        replace={"dpop-nonce": nonce or ""},
    )


def bound(nonce: str | None = None) -> httpx.Response:
    return answer(body=BOUND, replace={"dpop-nonce": nonce or ""})


def challenge(nonce: str | None, header: str = 'DPoP error="use_dpop_nonce"') -> httpx.Response:
    """What an API says to the same."""
    return answer(401, b"", replace={"dpop-nonce": nonce or "", "www-authenticate": header})


def proof_in(request: httpx.Request) -> dict[str, Any]:
    (proof,) = request.headers.get_list("dpop")
    header, claims = unverified(proof)
    # Made with the key that it names, which is a public one.
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(header["jwk"])
    assert claims_of(proof, header["jwk"], header["alg"])[1] == claims
    return claims


def proofs_in(handler: Recorder) -> list[dict[str, Any]]:
    return [proof_in(request) for request in handler.requests]


def nonces_in(handler: Recorder) -> list[str | None]:
    return [proof.get("nonce") for proof in proofs_in(handler)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [1_767_607_200.75]
    monkeypatch.setattr(RUNTIME, "now", lambda: time[0])
    return time


Send = Callable[..., httpx.Response]


def send_sync(
    handler: Any, auth: httpx.Auth, method: str = "GET", url: str = API, **options: Any
) -> httpx.Response:
    with httpx.Client(transport=httpx.MockTransport(handler), auth=auth) as http:
        return http.request(method, url, **options)


def send_on(backend: Literal["asyncio", "trio"]) -> Send:
    def send(
        handler: Any, auth: httpx.Auth, method: str = "GET", url: str = API, **options: Any
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.MockTransport(handler)
            async with httpx.AsyncClient(transport=transport, auth=auth) as http:
                return await http.request(method, url, **options)

        return anyio.run(ask, backend=backend)

    return send


@pytest.fixture(
    params=[send_sync, send_on("asyncio"), send_on("trio")], ids=["sync", "asyncio", "trio"]
)
def send(request: pytest.FixtureRequest) -> Send:
    found: Send = request.param
    return found


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", *CURVES])
def test_what_a_proof_says(alg: str, clock: list[float]) -> None:
    dpop = DPoP(key_for(alg), alg=alg)
    proof = dpop.proof("POST", TOKEN_URL)
    header, claims = claims_of(proof.jwt, key_for(alg), alg)
    assert header == {"typ": "dpop+jwt", "alg": alg, "jwk": public_jwk(key_for(alg))}
    jti = claims.pop("jti")
    assert len(jti) == 22
    assert claims == {"htm": "POST", "htu": TOKEN_URL, "iat": 1_767_607_200}
    assert type(claims["iat"]) is int
    assert proof.nonce is None
    for url in (f"{TOKEN_URL}?a=b#c", f"{TOKEN_URL}#c?a"):
        assert unverified(dpop.proof("POST", url).jwt)[1]["htu"] == TOKEN_URL


def test_the_example_of_rfc_9449() -> None:
    # §7.1: ath of that token, and the thumbprint of that key (§6.1).
    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    proof = DPoP().proof("GET", API, access_token=token)
    assert unverified(proof.jwt)[1]["ath"] == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_the_thumbprint_of_rfc_7638() -> None:
    for key in (rsa_key(), ec_key()):
        members = public_jwk(key)
        ordered = ",".join(f'"{name}":"{members[name]}"' for name in sorted(members))
        digest = hashlib.sha256(f"{{{ordered}}}".encode()).digest()
        expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        for form in (key, pem(key), jwk(key, kid="x", use="sig")):
            assert DPoP(form).thumbprint == expected


def test_each_one_has_a_key_of_its_own_unless_it_is_given_one() -> None:
    first, second = DPoP(), DPoP()
    assert first.thumbprint != second.thumbprint
    header, _ = unverified(first.proof("GET", API).jwt)
    assert (header["alg"], header["jwk"]["crv"]) == ("ES256", "P-256")
    with pytest.raises(ConfigurationError, match="alg must be ES256"):
        DPoP(alg="RS256")


@pytest.mark.parametrize(
    ("url", "htu"),
    [
        (f"{API}?a=b#c", API),
        (f"{API}#c?a=b", API),
        (f"{API}?", API),
        ("https://api.example.com", "https://api.example.com/"),
        ("https://api.example.com:443/x", "https://api.example.com/x"),
        ("https://api.example.com:8443/x", "https://api.example.com:8443/x"),
        ("http://[::1]:8080/x?y", "http://[::1]:8080/x"),
        ("https://user:pw@api.example.com/x", "https://api.example.com/x"),
        ("https://API.example.com/%41/a%2Fb", "https://api.example.com/%41/a%2Fb"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_htu_is_the_address_that_is_sent(send: Send, url: str, htu: str) -> None:
    handler = Recorder(answer())
    send(handler, DPoP().auth(ACCESS_TOKEN), url=url)
    assert proof_in(handler.last)["htu"] == htu


@pytest.mark.parametrize(
    ("base_url", "server", "htu"),
    [
        (ORG_URL, None, TOKEN_URL),
        (
            "https://login.example.com:8443",
            "aus1",
            "https://login.example.com:8443/oauth2/aus1/v1/token",
        ),
        ("http://[::1]:8080", None, "http://[::1]:8080/oauth2/default/v1/token"),
    ],
)
def test_htu_of_a_token_request(open_okta: OpenOkta, base_url: str, server: Any, htu: str) -> None:
    handler = Recorder(bound())
    open_okta(base_url, handler=handler, dpop=DPoP(), auth_server_id=server).token(SERVICE)
    claims = proof_in(handler.last)
    assert (claims["htm"], claims["htu"]) == ("POST", htu)
    assert "ath" not in claims


@pytest.mark.parametrize("name", CALLS)
def test_token_requests_are_proved_and_no_others(open_okta: OpenOkta, name: str) -> None:
    is_token = name not in ("introspect", "revoke")
    handler = Recorder(bound() if is_token else answer(body={"active": True}))
    CALLS[name](open_okta(handler=handler, dpop=DPoP()))
    assert len(handler.last.headers.get_list("dpop")) == is_token
    # The client is authenticated all the same.
    assert handler.last.headers["authorization"].startswith("Basic ")


def test_without_dpop_nothing_is_proved(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body=TOKENS))
    assert open_okta(handler=handler).token(SERVICE).token_type == "Bearer"
    assert "dpop" not in handler.last.headers
    for wrong in ("key", ec_key(), True):
        with pytest.raises(ConfigurationError, match="dpop must be DPoP or None"):
            open_okta(handler=never, dpop=wrong)


def test_a_proof_of_the_callers_own_goes_alone(open_okta: OpenOkta) -> None:
    handler = Recorder(use_nonce("n1"))
    okta = open_okta(handler=handler, dpop=DPoP())
    with pytest.raises(APIError):
        okta.generated(custom_token, body=RefreshTokenGrant(refresh_token="r"), dpop="their-proof")
    assert [request.headers.get_list("dpop") for request in handler.requests] == [["their-proof"]]


def test_a_generated_function_is_proved_too(open_okta: OpenOkta) -> None:
    handler = Recorder(use_nonce("n1"), bound())
    okta = open_okta(handler=handler, dpop=DPoP())
    answered = okta.generated(custom_token, body=RefreshTokenGrant(refresh_token="r"))
    assert answered.parsed is not None
    assert answered.parsed.token_type == "DPoP"
    assert nonces_in(handler) == [None, "n1"]
    with pytest.raises(MalformedResponseError, match="DPoP"):
        open_okta(handler=Recorder(answer(body=TOKENS)), dpop=DPoP()).generated(
            custom_token, body=RefreshTokenGrant(refresh_token="r")
        )


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("retry", [None, Retry(attempts=1), Retry()])
def test_a_code_is_sent_again_for_the_servers_nonce(
    open_okta: OpenOkta, retry: Retry | None, status: int
) -> None:
    handler = Recorder(use_nonce("n1", status), bound())
    auth = PrivateKeyJwt(CLIENT_ID, ec_key())
    okta = open_okta(handler=handler, dpop=DPoP(), auth=auth, retry=retry)
    assert okta.token_for_code("the-code", CALLBACK).token_type == "DPoP"
    assert okta.waits == []
    first, second = proofs_in(handler)
    assert (first.get("nonce"), second["nonce"]) == (None, "n1")
    assert first["jti"] != second["jti"]
    # As fresh an assertion: Okta burns the one of a refused request.
    assert len({jti_of(request) for request in handler.requests}) == 2


def test_the_nonce_of_any_answer_is_used_next(open_okta: OpenOkta) -> None:
    handler = Recorder(
        use_nonce("n1"),
        bound("n2"),
        bound("n2"),
        answer(503, replace={"dpop-nonce": "n3"}),
        answer(400, oauth_error("invalid_grant"), replace={"dpop-nonce": "n4"}),
        bound(),
        bound(),
    )
    okta = open_okta(handler=handler, dpop=DPoP())
    okta.token(SERVICE)
    okta.token(SERVICE)
    with pytest.raises(APIError):
        okta.token(SERVICE)
    okta.token(SERVICE)
    okta.token(SERVICE)
    assert nonces_in(handler) == [None, "n1", "n2", "n2", "n3", "n4", "n4"]


def test_the_nonce_of_an_introspection_counts_too(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(body={"active": True}, replace={"dpop-nonce": "n9"}), bound())
    okta = open_okta(handler=handler, dpop=DPoP())
    okta.introspect("t")
    okta.token(SERVICE)
    assert proof_in(handler.last)["nonce"] == "n9"


def test_a_nonce_that_changes_every_time_ends_after_two_more(open_okta: OpenOkta) -> None:
    for retry in (None, Retry(attempts=5)):
        numbers = iter(range(100))
        handler = Recorder(lambda numbers=numbers: use_nonce(f"n{next(numbers)}"))  # type: ignore[misc]
        okta = open_okta(handler=handler, dpop=DPoP(), retry=retry)
        with pytest.raises(APIError) as caught:
            okta.token_for_code("the-code", CALLBACK)
        assert caught.value.code == "use_dpop_nonce"
        assert nonces_in(handler) == [None, "n0", "n1"]
        assert okta.waits == []


@pytest.mark.parametrize("status", [400, 401])
def test_the_same_nonce_again_ends_at_once(open_okta: OpenOkta, status: int) -> None:
    handler = Recorder(use_nonce("n1", status))
    with pytest.raises(APIError):
        open_okta(handler=handler, dpop=DPoP()).token(SERVICE)
    assert nonces_in(handler) == [None, "n1"]


@pytest.mark.parametrize("nonce", [None, "a b", "a, b", 'a"b', "a\\b", "", "é", "x" * 5000, "a\tb"])
def test_no_nonce_or_none_that_can_be_one_ends_at_once(
    open_okta: OpenOkta, nonce: str | None
) -> None:
    handler = Recorder(
        httpx.Response(
            400,
            headers=[
                (b"content-type", b"application/json"),
                *([] if nonce is None else [(b"dpop-nonce", nonce.encode())]),
            ],
            json=oauth_error("use_dpop_nonce"),
        )
    )
    with pytest.raises(APIError):
        open_okta(handler=handler, dpop=DPoP()).token(SERVICE)
    assert nonces_in(handler) == [None]


@pytest.mark.parametrize(
    "refusal",
    [
        answer(400, oauth_error("invalid_dpop_proof"), replace={"dpop-nonce": "n1"}),
        answer(400, oauth_error("USE_DPOP_NONCE"), replace={"dpop-nonce": "n1"}),
        answer(403, oauth_error("use_dpop_nonce"), replace={"dpop-nonce": "n1"}),
        answer(500, oauth_error("use_dpop_nonce"), replace={"dpop-nonce": "n1"}),
        answer(400, {"error_description": "use_dpop_nonce"}, replace={"dpop-nonce": "n1"}),
    ],
    ids=["another code", "another case", "403", "500", "no code"],
)
def test_nothing_else_is_sent_again_for_a_nonce(
    open_okta: OpenOkta, refusal: httpx.Response
) -> None:
    handler = Recorder(refusal)
    with pytest.raises(APIError):
        open_okta(handler=handler, dpop=DPoP()).token_for_code("the-code", CALLBACK)
    assert len(handler.requests) == 1


def test_what_was_not_proved_is_not_sent_again(open_okta: OpenOkta) -> None:
    for okta, call in (
        (open_okta(handler=(first := Recorder(use_nonce("n1")))), "token"),
        (open_okta(handler=(second := Recorder(use_nonce("n1"))), dpop=DPoP()), "introspect"),
    ):
        with pytest.raises(APIError):
            CALLS[call](okta)
    assert len(first.requests) == len(second.requests) == 1


def test_repeats_for_a_nonce_do_not_count_as_attempts(open_okta: OpenOkta) -> None:
    handler = Recorder(answer(503), use_nonce("n1"), answer(503), use_nonce("n2"), bound())
    okta = open_okta(handler=handler, dpop=DPoP(), retry=Retry(attempts=3))
    okta.token(SERVICE)
    assert nonces_in(handler) == [None, None, "n1", "n1", "n2"]
    assert len(okta.waits) == 2


@pytest.mark.parametrize("call", ["token_for_code", "token_for_refresh_token"])
def test_what_may_be_spent_is_not_sent_again_over_a_broken_connection(
    open_okta: OpenOkta, call: str
) -> None:
    handler = Recorder(use_nonce("n1"), httpx.ReadError(""))
    with pytest.raises(TransportError):
        CALLS[call](open_okta(handler=handler, dpop=DPoP()))
    assert len(handler.requests) == 2


def test_no_proof_is_sent_twice_in_a_thousand_calls(kind: Kind) -> None:
    responses = [answer(503), use_nonce("a"), bound("b"), bound("c")]
    turn = Counter[str]()

    def respond() -> httpx.Response:
        turn["n"] += 1
        response = responses[turn["n"] % len(responses)]
        return httpx.Response(
            response.status_code, headers=response.headers, content=response.content
        )

    handler = Recorder(respond)
    auth = PrivateKeyJwt(CLIENT_ID, ec_key())
    with Face(kind, handler=handler, auth=auth, dpop=DPoP()) as okta:
        for _ in range(1000):
            okta.token(SERVICE)
    assert len(handler.requests) > 1900
    headers = [request.headers["dpop"] for request in handler.requests]
    assert len({unverified(proof)[1]["jti"] for proof in headers}) == len(headers)
    assert len({jti_of(request) for request in handler.requests}) == len(headers)


def test_a_bearer_token_in_place_of_a_bound_one_is_refused(open_okta: OpenOkta) -> None:
    for token_type in ("Bearer", "bearer", "BEARER"):
        handler = Recorder(answer(body={**TOKENS, "token_type": token_type}))
        for call in ("token", "token_for_code", "token_for_refresh_token"):
            with pytest.raises(MalformedResponseError, match="DPoP") as caught:
                CALLS[call](open_okta(handler=handler, dpop=DPoP()))
            # Its tokens are not lost.
            assert b"access_token" in caught.value.body
            assert "AT-one" not in str(caught.value)
        assert CALLS["token_for_code"](open_okta(handler=handler))
    for token_type in ("DPoP", "dpop", "N_A"):
        handler = Recorder(answer(body={**TOKENS, "token_type": token_type}))
        assert open_okta(handler=handler, dpop=DPoP()).token(SERVICE).token_type == token_type


class NonceServer:
    """Takes a proof with its newest nonce alone, and changes it every so often."""

    def __init__(self, lifetime: int = 1_000_000) -> None:
        self.requests: list[httpx.Request] = []
        self._lifetime = lifetime
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            nonce = f"n{len(self.requests) // self._lifetime}"
        if proof_in(request).get("nonce") == nonce:
            return bound(nonce)
        return use_nonce(nonce)


def test_twenty_threads_at_once() -> None:
    server, failures = NonceServer(), list[BaseException]()
    barrier = threading.Barrier(20)

    def call() -> None:
        try:
            barrier.wait(30)
            okta.token_for_code("the-code", CALLBACK)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    with Face("sync", handler=server, dpop=DPoP(), retry=None) as okta:
        threads = [threading.Thread(target=call) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert len(server.requests) <= 40


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_twenty_tasks_at_once(kind: Kind) -> None:
    server = NonceServer()

    async def call() -> None:
        assert isinstance(okta.client, AsyncOktaOIDC)
        assert (await okta.client.token_for_code("the-code", CALLBACK)).token_type == "DPoP"

    async def calls() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(call)

    with Face(kind, handler=server, dpop=DPoP(), retry=None) as okta:
        okta.run(calls)
    assert len(server.requests) <= 40


def test_twenty_threads_at_an_api() -> None:
    server = NonceServer()
    auth, statuses = DPoP().auth(ACCESS_TOKEN), list[int]()

    def api(request: httpx.Request) -> httpx.Response:
        response = server(request)
        return (
            response if response.status_code == 200 else challenge(response.headers["dpop-nonce"])
        )

    with httpx.Client(transport=httpx.MockTransport(api), auth=auth) as http:
        threads = [
            threading.Thread(target=lambda: statuses.append(http.get(API).status_code))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 20
    assert len(server.requests) <= 40


def test_nonces_are_kept_by_origin() -> None:
    dpop = DPoP()
    dpop.saw("https://a.example/x?y", {"dpop-nonce": "a"})
    dpop.saw("https://a.example:8443/x", {"dpop-nonce": "a-8443"})
    dpop.saw("http://a.example/x", {"dpop-nonce": "a-http"})
    dpop.saw("https://b.example", {"dpop-nonce": "b"})
    dpop.saw("https://c.example", {})

    def nonce(url: str) -> str | None:
        proof = dpop.proof("GET", url)
        assert unverified(proof.jwt)[1].get("nonce") == proof.nonce
        return proof.nonce

    assert nonce("https://a.example/other#z") == "a"
    assert nonce("https://a.example:8443/") == "a-8443"
    assert nonce("http://a.example/") == "a-http"
    assert nonce("https://b.example/x") == "b"
    assert nonce("https://c.example/") is None
    assert nonce("https://a.example.evil.example/") is None
    dpop.saw("https://a.example", {"dpop-nonce": "newer"})
    dpop.saw("https://a.example", {"dpop-nonce": "no nonce"})
    assert nonce("https://a.example/") == "newer"


def test_a_hundred_origins_are_kept_and_the_newest() -> None:
    dpop = DPoP()
    for number in range(1000):
        dpop.saw(f"https://api{number}.example/", {"dpop-nonce": f"n{number}"})
    kept = [
        number
        for number in range(1000)
        if dpop.proof("GET", f"https://api{number}.example/").nonce == f"n{number}"
    ]
    assert kept == list(range(900, 1000))


def test_an_origin_that_answers_again_outlives_those_that_do_not() -> None:
    dpop = DPoP()
    for number in range(150):
        if number in (0, 99):
            dpop.saw("https://dev-000000.okta.com/", {"dpop-nonce": "okta"})
        dpop.saw(f"https://api{number}.example/", {"dpop-nonce": f"n{number}"})
    assert dpop.proof("POST", "https://dev-000000.okta.com/oauth2/v1/token").nonce == "okta"
    assert dpop.proof("GET", "https://api51.example/").nonce == "n51"
    assert dpop.proof("GET", "https://api50.example/").nonce is None


def test_many_threads_and_many_origins() -> None:
    dpop, failures = DPoP(), list[BaseException]()

    def see(start: int) -> None:
        try:
            for number in range(2000):
                url = f"https://api{(start + number) % 300}.example/"
                dpop.saw(url, {"dpop-nonce": f"n{number}"})
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=see, args=(37 * n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(vars(dpop)["_nonces"]) <= 100


def test_a_resource_call(send: Send, clock: list[float]) -> None:
    dpop = DPoP(ec_key())
    handler = Recorder(answer(200, b"ok"))
    assert send(handler, dpop.auth(ACCESS_TOKEN), "POST", content=b"body").content == b"ok"
    request = handler.last
    assert request.headers.get_list("authorization") == [f"DPoP {ACCESS_TOKEN}"]
    claims = proof_in(request)
    digest = hashlib.sha256(ACCESS_TOKEN.encode()).digest()
    assert claims.pop("jti")
    assert claims == {
        "htm": "POST",
        "htu": API,
        "iat": 1_767_607_200,
        "ath": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
    }
    assert request.content == b"body"


CHALLENGES = [
    'DPoP error="use_dpop_nonce", error_description="Resource server requires nonce"',
    'DPoP realm="x", error = "use_dpop_nonce"',
    "DPoP error=use_dpop_nonce",
    'dpop error="use_dpop_nonce"',
    'Bearer realm="x", DPoP algs="ES256 RS256", error="use_dpop_nonce"',
]


@pytest.mark.parametrize("header", CHALLENGES)
def test_a_resource_call_is_made_again_for_the_nonce(send: Send, header: str) -> None:
    handler = Recorder(challenge("n1", header), answer(200, b"ok", replace={"dpop-nonce": "n2"}))
    auth = DPoP().auth(ACCESS_TOKEN)
    response = send(handler, auth, "POST", content=b"the whole body", headers={"x-own": "1"})
    assert response.status_code == 200
    assert nonces_in(handler) == [None, "n1"]
    assert [request.content for request in handler.requests] == [b"the whole body"] * 2
    assert [request.headers["x-own"] for request in handler.requests] == ["1", "1"]
    assert len({proof["jti"] for proof in proofs_in(handler)}) == 2
    # That of the success is the next one's.
    send(handler, auth)
    assert nonces_in(handler)[2] == "n2"


@pytest.mark.parametrize(
    "response",
    [
        challenge(None),
        challenge("n1", 'DPoP error="invalid_token"'),
        challenge("n1", 'Bearer error="use_dpop_nonce"'),
        challenge("n1", ""),
        challenge("n1", 'DPoP error="use_dpop_nonces"'),
        challenge("n 1"),
        answer(400, oauth_error("use_dpop_nonce"), replace={"dpop-nonce": "n1"}),
        answer(
            403,
            b"",
            replace={"dpop-nonce": "n1", "www-authenticate": 'DPoP error="use_dpop_nonce"'},
        ),
        answer(200, b"", replace={"dpop-nonce": "n1"}),
        answer(503, b"", replace={"dpop-nonce": "n1"}),
    ],
)
def test_a_resource_call_is_not_made_again_for_anything_else(
    send: Send, response: httpx.Response
) -> None:
    handler = Recorder(response)
    assert send(handler, DPoP().auth(ACCESS_TOKEN)).status_code == response.status_code
    assert len(handler.requests) == 1


def test_a_resource_that_wants_the_same_nonce_again_is_left(send: Send) -> None:
    handler = Recorder(challenge("n1"))
    assert send(handler, DPoP().auth(ACCESS_TOKEN)).status_code == 401
    assert nonces_in(handler) == [None, "n1"]


def test_a_resource_that_wants_another_each_time_is_asked_three_times(send: Send) -> None:
    numbers = iter(range(100))
    handler = Recorder(lambda: challenge(f"n{next(numbers)}"))
    assert send(handler, DPoP().auth(ACCESS_TOKEN)).status_code == 401
    assert nonces_in(handler) == [None, "n0", "n1"]


def test_a_body_that_is_read_once_is_repeated_whole() -> None:
    handler = Recorder(challenge("n1"), answer(200, b"ok"))

    def pieces() -> Iterator[bytes]:
        yield b"one "
        yield b"two"

    assert send_sync(handler, DPoP().auth(ACCESS_TOKEN), "POST", content=pieces()).content == b"ok"
    assert [request.content for request in handler.requests] == [b"one two"] * 2

    handler = Recorder(challenge("n1"), answer(200, b"ok"))

    async def async_pieces() -> Any:
        yield b"one "
        yield b"two"

    send = send_on("asyncio")
    assert send(handler, DPoP().auth(ACCESS_TOKEN), "POST", content=async_pieces()).content == b"ok"
    assert [request.content for request in handler.requests] == [b"one two"] * 2


def test_another_address_does_not_get_its_nonce_into_the_first_ones_proofs() -> None:
    seen: list[tuple[str, str | None]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, proof_in(request).get("nonce")))
        if request.url.host == "api.example.com":
            return answer(307, b"", replace={"location": "https://evil.example/"})
        return challenge(f"evil-{len(seen)}")

    transport = httpx.MockTransport(handler)
    auth = DPoP().auth(ACCESS_TOKEN)
    with httpx.Client(transport=transport, follow_redirects=True, auth=auth) as http:
        assert http.get(API).status_code == 401
        assert http.get(API).status_code == 401
    # httpx takes the token off a request that goes elsewhere, and asks once.
    assert seen == [("api.example.com", None), ("evil.example", None)] * 2


def test_a_header_of_the_callers_own_is_replaced(send: Send) -> None:
    handler = Recorder(answer())
    headers = [("DPoP", "a"), ("DPoP", "b"), ("Authorization", "Bearer x")]
    send(handler, DPoP().auth(ACCESS_TOKEN), headers=headers)
    assert proof_in(handler.last)
    assert handler.last.headers.get_list("authorization") == [f"DPoP {ACCESS_TOKEN}"]


@pytest.mark.parametrize(
    "token",
    [None, "", " ", "a b", "a\r\nX: y", "tökén", b"token", 5, "DPoP\x00", pydantic.SecretStr("")],
    ids=repr,
)
def test_what_is_no_access_token(token: Any) -> None:
    with pytest.raises(ConfigurationError, match="access_token"):
        DPoP().auth(token)


def test_a_wrapped_access_token(send: Send) -> None:
    handler = Recorder(answer())
    send(handler, DPoP().auth(pydantic.SecretStr(ACCESS_TOKEN)))
    assert handler.last.headers["authorization"] == f"DPoP {ACCESS_TOKEN}"


@on_every_loop
def test_a_key_of_somebody_elses_does_not_hold_the_loop_up(open_okta: OpenOkta, kind: Kind) -> None:
    threads: list[int] = []
    dpop = DPoP(Vault(lambda: threads.append(threading.get_ident())).ec())
    assert dpop.signs_elsewhere
    assert not DPoP().signs_elsewhere
    handler = Recorder(use_nonce("n1"), bound())
    okta = open_okta(handler=handler, dpop=dpop)
    loop = okta.run(_ident) if kind != "sync" else threading.get_ident()
    okta.token(SERVICE)
    assert nonces_in(handler) == [None, "n1"]
    assert len(threads) == 2
    assert (loop in threads) == (kind == "sync")


async def _ident() -> int:
    return threading.get_ident()


def test_an_api_is_called_with_a_key_of_somebody_elses(send: Send) -> None:
    threads: list[int] = []
    dpop = DPoP(Vault(lambda: threads.append(threading.get_ident())).rsa())
    handler = Recorder(challenge("n1"), answer())
    assert send(handler, dpop.auth(ACCESS_TOKEN)).status_code == 200
    assert len(threads) == 2
    assert (threading.get_ident() in threads) == (send is send_sync)


def test_what_a_kms_raises_reaches_the_caller_as_it_is(send: Send, open_okta: OpenOkta) -> None:
    with pytest.raises(KMSError):
        send(never, DPoP(broken_vault().ec()).auth(ACCESS_TOKEN))
    with pytest.raises(KMSError):
        open_okta(handler=never, dpop=DPoP(broken_vault().ec())).token(SERVICE)
    with pytest.raises(KMSError) as caught:
        DPoP(broken_vault().ec()).proof("GET", API, access_token=ACCESS_TOKEN)
    assert ACCESS_TOKEN not in "\n".join(frames_of(caught.value))


def test_nothing_shows_a_key_a_token_or_a_proof() -> None:
    dpop = DPoP(ec_key())
    auth = dpop.auth(ACCESS_TOKEN)
    proof = dpop.proof("GET", API, access_token=ACCESS_TOKEN)
    shown = f"{dpop!r} {dpop} {auth!r} {auth} {proof!r} {proof}"
    assert dpop.thumbprint in shown
    for secret in (ACCESS_TOKEN, *proof.jwt.split("."), *private_numbers(ec_key())):
        assert secret not in shown
    for each in (dpop, auth):
        with pytest.raises(TypeError, match="holds a secret"):
            pickle.dumps(each)
        assert copy.copy(each) is copy.deepcopy(each) is each


@on_every_loop
def test_no_log_record_holds_a_proof(open_okta: OpenOkta, serve_raw: ServeRaw) -> None:
    body = b'{"token_type":"DPoP","access_token":"planted-AT","expires_in":1}'
    refused = http_bytes(
        "400 Bad Request",
        b'{"error":"use_dpop_nonce"}',
        [("Content-Type", "application/json"), ("DPoP-Nonce", "n1")],
    )
    server = serve_raw(refused, http_bytes(body=body))
    with everything_said() as said:
        okta = open_okta(server.url, dpop=DPoP(ec_key()), auth=PublicClient(CLIENT_ID))
        okta.token(SERVICE)
    whole = "\n".join([*said, repr(okta.client)])
    assert "httpcore" in whole
    for request in server.requests:
        (proof,) = request.header("dpop")
        for part in proof.split("."):
            assert part not in whole


def test_no_error_shows_a_proof_that_the_server_quotes(open_okta: OpenOkta) -> None:
    quoted: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        quoted.append(request.headers["dpop"])
        said = f"the proof {quoted[-1]} has been used already"
        return answer(400, oauth_error("invalid_dpop_proof", said))

    with everything_said() as logged, pytest.raises(OktaError) as caught:
        open_okta(handler=handler, dpop=DPoP()).token(SERVICE)
    whole = "\n".join([*logged, str(caught.value), repr(caught.value)])
    assert "has been used already" in whole
    for part in quoted[0].split("."):
        assert part not in whole


FAILURES: dict[str, Any] = {
    "refused": answer(400, oauth_error("invalid_grant")),
    "wrong proof": answer(401, oauth_error("invalid_dpop_proof")),
    "gateway": answer(502, b"<html>"),
    "malformed": answer(200, b"<html>"),
    "not bound": answer(200, TOKENS),
    "broken": httpx.ReadError("reset"),
    "not connected": httpx.ConnectError("refused"),
    "their bug": ValueError("a bug in a transport of the caller's own"),
}


@pytest.mark.parametrize("failure", FAILURES)
@on_every_loop
def test_no_frame_holds_an_assertion_or_a_proof(open_okta: OpenOkta, failure: str) -> None:
    handler = Recorder(FAILURES[failure])
    auth = PrivateKeyJwt(CLIENT_ID, ec_key())
    okta = open_okta(handler=handler, dpop=DPoP(ec_key()), auth=auth, retry=None)
    with pytest.raises((OktaError, ValueError)) as caught:
        okta.token_for_code("the-code", CALLBACK)
    said = "\n".join(frames_of(caught.value))
    (request,) = handler.requests
    for jwt in (request.headers["dpop"], assertion_in(request.content)):
        for part in jwt.split("."):
            assert part not in said


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_makes_proofs_of_its_own() -> None:
    dpop = DPoP()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            dpop.saw(API, {"dpop-nonce": "n1"})
            os.write(writer, dpop.proof("GET", API).jwt.encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        theirs = unverified(pipe.read().decode())[1]
    os.waitpid(child, 0)
    ours = unverified(dpop.proof("GET", API).jwt)[1]
    assert theirs["jti"] != ours["jti"]
    assert (theirs["nonce"], ours.get("nonce")) == ("n1", None)

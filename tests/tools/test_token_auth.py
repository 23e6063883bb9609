"""Held tokens on the requests of httpx clients, and of httpx2's."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import anyio
import httpx
import httpx2
import pytest
from okta_oidc import (
    AsyncOktaOIDC,
    ConfigurationError,
    MemoryTokenStore,
    OktaOIDC,
    SignInRequiredError,
    TokenAuth,
    TokenSource,
)
from okta_oidc.testing import FakeOkta
from okta_oidc_api.models import ClientCredentialsGrant

_API: Final = "https://api.example/orders"
_GRANT: Final = ClientCredentialsGrant(scope="api:read")
_BEARER: Final = 'Bearer realm="orders", error="invalid_token"'

Handler = Callable[[Any], "tuple[int, dict[str, str]]"]


class Api:
    """An API that answers as it is told to, and keeps what it was sent."""

    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self.answers: Final = list(answers)
        # As they were sent: what is sent again is the same object.
        self.requests: Final[list[dict[str, str]]] = []
        self.bodies: Final[list[bytes]] = []

    @property
    def tokens(self) -> list[str | None]:
        return [headers.get("authorization") for headers in self.requests]

    def answer(self, request: Any) -> tuple[int, dict[str, str]]:
        self.requests.append(dict(request.headers))
        return self.answers.pop(0) if self.answers else (200, {})


def refusal(challenge: str = _BEARER) -> tuple[int, dict[str, str]]:
    return 401, {"www-authenticate": challenge}


class Caller:
    """A client of an API, of any of the four kinds, called as if it were synchronous."""

    def __init__(self, kind: str, fake: FakeOkta, api: Api, **options: Any) -> None:
        self.api: Final = api
        self.fake: Final = fake
        module: Any = httpx2 if kind.endswith("2") else httpx
        self.is_async: Final = kind.startswith("async")
        self.okta: OktaOIDC | AsyncOktaOIDC = (
            fake.async_client() if self.is_async else fake.client()
        )
        self.source: Final[Any] = self.okta.token_source(_GRANT)
        self.auth: Final = TokenAuth(self.source)
        self._client: Final = module.AsyncClient if self.is_async else module.Client
        self._response: Final = module.Response
        self._options: Final[dict[str, Any]] = {
            "transport": module.MockTransport(self._answer),
            "auth": self.auth,
        } | options

    def _answer(self, request: Any) -> Any:
        self.api.bodies.append(request.content)
        status, headers = self.api.answer(request)
        return self._response(status, headers=headers)

    def send(self, method: str, url: str, **options: Any) -> Any:
        return self.all((method, url, options))[0]

    def all(self, *calls: tuple[str, str, dict[str, Any]]) -> list[Any]:
        if self.is_async:
            return anyio.run(self._all, calls)
        with self._client(**self._options) as client:
            return [client.request(method, url, **options) for method, url, options in calls]

    async def _all(self, calls: tuple[tuple[str, str, dict[str, Any]], ...]) -> list[Any]:
        async with self._client(**self._options) as client:
            return [await client.request(method, url, **options) for method, url, options in calls]

    @property
    def refreshes(self) -> int:
        """How often Okta was asked for a token."""
        return sum(request.endpoint == "token" for request in self.fake.requests)


Make = Callable[..., Caller]


@pytest.fixture(params=["sync", "async", "sync2", "async2"])
def call(request: pytest.FixtureRequest) -> Make:
    def make(api: Api, **options: Any) -> Caller:
        return Caller(request.param, FakeOkta(), api, **options)

    return make


def test_each_request_carries_the_token(call: Make) -> None:
    caller = call(Api())
    caller.all(("GET", _API, {}), ("POST", _API, {"json": {"a": 1}}))
    first, second = caller.api.tokens
    assert first is not None
    assert first == second
    assert first.startswith("Bearer ey")
    assert caller.refreshes == 1


def test_what_was_refused_is_sent_once_more_with_a_fresh_token(call: Make) -> None:
    caller = call(Api(refusal()))
    response = caller.send("POST", _API, json={"a": 1})
    assert response.status_code == 200
    old, new = caller.api.tokens
    assert old != new
    assert caller.api.bodies == [b'{"a":1}'] * 2
    assert caller.refreshes == 2


def test_an_api_that_refuses_everything(call: Make) -> None:
    caller = call(Api(*[refusal()] * 200))
    nothing: dict[str, Any] = {}
    responses = caller.all(*[("GET", _API, nothing)] * 50)
    assert {response.status_code for response in responses} == {401}
    assert caller.refreshes == 2
    assert len(caller.api.requests) == 51


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (403, {"www-authenticate": 'Bearer error="insufficient_scope"'}),
        (401, {}),
        (401, {"www-authenticate": 'Basic realm="proxy"'}),
        (401, {"www-authenticate": 'Basic realm="not, Bearer really"'}),
        (401, {"www-authenticate": "Bearerish"}),
        (401, {"www-authenticate": 'DPoP error="use_dpop_nonce"'}),
        (401, {"www-authenticate": 'Bearer error="insufficient_scope"'}),
        (407, {"proxy-authenticate": "Bearer"}),
        (500, {"www-authenticate": "Bearer"}),
    ],
)
def test_what_another_token_would_not_change(
    call: Make, status: int, headers: dict[str, str]
) -> None:
    caller = call(Api((status, headers)))
    assert caller.send("GET", _API).status_code == status
    assert caller.refreshes == 1
    assert len(caller.api.requests) == 1


@pytest.mark.parametrize(
    "challenge",
    [
        "Bearer",
        "bearer",
        'BEARER realm="x"',
        'Basic realm="x", Bearer realm="y", error="invalid_token"',
        'Newauth realm="a \\" b", Bearer',
        'DPoP error="invalid_token", algs="ES256"',
    ],
)
def test_challenges_that_ask_for_another_token(call: Make, challenge: str) -> None:
    caller = call(Api(refusal(challenge)))
    assert caller.send("GET", _API).status_code == 200
    assert caller.refreshes == 2


def _chunks() -> Iterator[bytes]:
    yield b"once"


async def _async_chunks() -> Any:
    yield b"once"


def test_a_streamed_body_is_not_sent_twice(call: Make) -> None:
    """Nor is what a transport of tests made of it. The next request has a fresh token."""
    caller = call(Api(refusal()))
    body = _async_chunks() if caller.is_async else _chunks()
    first, second = caller.all(("POST", _API, {"content": body}), ("GET", _API, {}))
    assert (first.status_code, second.status_code) == (401, 200)
    assert caller.api.bodies == [b"once", b""]
    assert caller.api.tokens[0] != caller.api.tokens[1]
    assert caller.refreshes == 2


def test_a_file_is_not_sent_twice() -> None:
    caller = Caller("sync", FakeOkta(), Api(refusal()))
    response = caller.send("POST", _API, files={"file": io.BytesIO(b"content")})
    assert response.status_code == 401
    assert len(caller.api.requests) == 1


@pytest.mark.parametrize(
    ("url", "is_sent"),
    [
        ("http://api.example/", False),
        ("http://10.0.0.1/", False),
        ("http://localhost.example/", False),
        ("http://127.0.0.1:8000/", True),
        ("http://[::1]:8000/", True),
        ("http://localhost/", True),
    ],
)
def test_a_token_is_not_sent_in_the_clear(call: Make, url: str, is_sent: bool) -> None:
    caller = call(Api())
    if is_sent:
        assert caller.send("GET", url).status_code == 200
        return
    with pytest.raises(ConfigurationError, match="https"):
        caller.send("GET", url)
    assert caller.api.requests == []
    assert caller.refreshes == 0


def test_another_host_gets_no_token(call: Make) -> None:
    """Where a redirect leads, and no 401 of that host costs a refresh."""
    caller = call(
        Api((307, {"location": "https://other.example/orders"}), refusal()), follow_redirects=True
    )
    response = caller.send("GET", _API)
    assert response.status_code == 401
    assert [headers["host"] for headers in caller.api.requests] == ["api.example", "other.example"]
    assert caller.api.tokens[1] is None
    assert caller.refreshes == 1


def test_a_redirect_on_the_same_host_keeps_the_token(call: Make) -> None:
    caller = call(Api((307, {"location": "/elsewhere"}), refusal()), follow_redirects=True)
    assert caller.send("GET", _API).status_code == 200
    assert caller.refreshes == 2


def test_nothing_is_held_across_the_request(call: Make) -> None:
    """An API that calls back with the same source, while its answer is waited for."""
    caller = call(Api())
    inner: list[str] = []
    answer = caller.api.answer

    def calls_back(request: Any) -> tuple[int, dict[str, str]]:
        if not caller.is_async:
            inner.append(caller.source.token())
        return answer(request)

    vars(caller.api)["answer"] = calls_back
    assert caller.send("GET", _API).status_code == 200
    assert len(inner) == (0 if caller.is_async else 1)


def test_a_user_who_has_to_sign_in() -> None:
    users = FakeOkta().client().user_tokens("ada", MemoryTokenStore())
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with (
        httpx.Client(transport=transport, auth=TokenAuth(users)) as api,
        pytest.raises(SignInRequiredError),
    ):
        api.get(_API)


@pytest.mark.parametrize("kind", ["sync", "async", "sync2", "async2"])
def test_a_source_of_the_other_kind(kind: str) -> None:
    fake = FakeOkta()
    caller = Caller(kind, fake, Api())
    other: Any = fake.client() if caller.is_async else fake.async_client()
    with pytest.raises(ConfigurationError, match="is not for httpx"):
        caller.send("GET", _API, auth=TokenAuth(other.token_source(_GRANT)))


def test_what_is_no_source() -> None:
    nothing: Any = "token"
    with pytest.raises(ConfigurationError, match="source"):
        TokenAuth(nothing)


def test_made_before_httpx2_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clients take a function then, which could not answer a 401: it says what to do."""
    source = FakeOkta().client().token_source(_GRANT)
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "httpx2")
        auth = TokenAuth(source)
    assert not isinstance(auth, httpx2.Auth)
    assert isinstance(TokenAuth(source), httpx2.Auth)
    with httpx2.Client(auth=auth) as api, pytest.raises(ConfigurationError, match="import httpx2"):
        api.get(_API)


def _bound(caller: Caller) -> TokenAuth:
    """Tokens of a client whose tokens are bound to a key."""
    client = caller.fake.add_client(dpop_bound_access_tokens=True)
    make = caller.fake.async_client if caller.is_async else caller.fake.client
    okta: OktaOIDC | AsyncOktaOIDC = make(client_id=client.client_id)
    return TokenAuth(okta.token_source(_GRANT))


@pytest.mark.parametrize("kind", ["sync", "async", "sync2", "async2"])
def test_a_bound_token_is_sent_with_its_proof(kind: str) -> None:
    caller = Caller(kind, FakeOkta(), Api(refusal('DPoP error="invalid_token"')))
    response = caller.send("POST", _API, json={"a": 1}, auth=_bound(caller))
    assert response.status_code == 200
    old, new = caller.api.requests
    assert old["authorization"].startswith("DPoP ey")
    assert old["authorization"] != new["authorization"]
    assert old["dpop"] != new["dpop"]
    assert caller.api.bodies == [b'{"a":1}'] * 2


@pytest.mark.parametrize("kind", ["sync", "async", "sync2", "async2"])
def test_a_bound_token_meets_a_nonce(kind: str) -> None:
    """The proof is made again, the token is not."""
    nonce = 401, {"www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "n-1"}
    caller = Caller(kind, FakeOkta(require_dpop_nonce=False), Api(nonce))
    response = caller.send("GET", _API, auth=_bound(caller))
    assert response.status_code == 200
    old, new = caller.api.requests
    assert old["authorization"] == new["authorization"]
    assert old["dpop"] != new["dpop"]
    assert caller.refreshes == 1


@pytest.mark.parametrize("token_type", ["DPoP", "N_A", "mac"])
def test_tokens_that_this_client_cannot_send(token_type: str) -> None:
    fake = FakeOkta()
    answer = {"access_token": "a", "token_type": token_type, "expires_in": 60}
    fake.faults.answer(200, body=json.dumps(answer), endpoint="token")
    source: TokenSource = fake.client().token_source(_GRANT)
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with (
        httpx.Client(transport=transport, auth=TokenAuth(source)) as api,
        pytest.raises(ConfigurationError, match=token_type),
    ):
        api.get(_API)

"""An API that is no client of Okta's checks access tokens by the issuer's keys."""

from __future__ import annotations

import builtins
import json
import pickle
import sys
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final, Self

import anyio
import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from okta_oidc import (
    AccessTokenVerifier,
    APIError,
    AsyncAccessTokenVerifier,
    Claims,
    ConfigurationError,
    InvalidTokenError,
    MalformedResponseError,
    OktaError,
    Retry,
    TransportError,
)
from okta_oidc._ratelimit import RateLimits
from okta_oidc._runtime import Runtime

from tests.support.servers import RawRequest, RawServer, http_bytes

from ._jwts import (
    ACCESS_CLAIMS,
    AUDIENCE,
    ISSUER,
    NOW,
    access_token,
    id_token,
    key_set,
    published,
    signed,
    signing_key,
)

Handler = Callable[[httpx.Request], httpx.Response]


class Okta:
    """Serves keys, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: Final[list[httpx.Request]] = []
        self.answer: Handler = lambda _: httpx.Response(200, content=key_set(published("key-1")))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)


def called(function: Callable[[], Any]) -> Any:
    return function()


class Api:
    """A verifier of either face, called as if it were synchronous, at a clock that stands still."""

    def __init__(self, kind: str, okta: Okta | None, **options: Any) -> None:
        self._stack: Final = ExitStack()
        self.waits: Final[list[float]] = []
        self.at = NOW
        options = {"audience": AUDIENCE, **options}
        issuer = options.pop("issuer", ISSUER)
        self.verifier: AccessTokenVerifier | AsyncAccessTokenVerifier
        self._run: Callable[..., Any]
        if kind == "sync":
            if okta is not None:
                options["http_client"] = httpx.Client(transport=httpx.MockTransport(okta))
            self.verifier = AccessTokenVerifier(issuer, **options)
            self._run = called
        else:
            if okta is not None:
                options["http_client"] = httpx.AsyncClient(transport=httpx.MockTransport(okta))
            self.verifier = AsyncAccessTokenVerifier(issuer, **options)
            self._run = self._stack.enter_context(start_blocking_portal(kind)).call
        self.http_client: Final = options.get("http_client")

        async def wait(seconds: float) -> None:
            self.waits.append(seconds)

        vars(self.verifier)["_flow"].runtime = Runtime(
            now=lambda: self.at,
            monotonic=lambda: self.at - NOW,
            sleep=self.waits.append,
            sleep_async=wait,
            limits=RateLimits(),
        )

    def verify(self, token: Any, *scopes: str) -> Claims:
        claims: Claims = self._run(partial(self.verifier.verify, token, *scopes))
        return claims

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if isinstance(self.verifier, AccessTokenVerifier):
                self.verifier.close()
            else:
                self._run(self.verifier.aclose)
        finally:
            self._stack.close()


@pytest.fixture(params=["sync", "asyncio", "trio"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def okta() -> Okta:
    return Okta()


@pytest.fixture
def api(kind: str, okta: Okta) -> Iterator[Api]:
    with Api(kind, okta) as api:
        yield api


def test_a_token_is_checked_by_the_issuers_keys(api: Api, okta: Okta) -> None:
    for _ in range(3):
        assert api.verify(access_token(), "orders:read").client_id == ACCESS_CLAIMS["cid"]

    [request] = okta.requests
    assert (request.method, str(request.url)) == ("GET", f"{ISSUER}/v1/keys")
    assert request.content == b""
    # Nobody authenticates: keys are public.
    assert "authorization" not in request.headers
    assert "content-length" not in request.headers


def test_a_token_that_does_not_hold_is_refused(api: Api) -> None:
    with pytest.raises(InvalidTokenError) as refused:
        api.verify(access_token(), "orders:delete")
    assert refused.value.reason == "scope"
    for token, reason in (
        (access_token(aud="api://other"), "audience"),
        (access_token(exp=NOW - 120), "expired"),
        (id_token(aud=AUDIENCE), "claim"),
        ("", "malformed"),
        ("x.y", "malformed"),
    ):
        with pytest.raises(InvalidTokenError) as refused:
            api.verify(token)
        assert refused.value.reason == reason


def test_nothing_in_a_token_is_followed(api: Api, okta: Okta) -> None:
    for extra in (
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/chain"},
        {"jwk": signing_key("evil").as_dict(private=False)},
        {"kid": "https://evil.example/keys"},
        {"kid": "../../../keys"},
    ):
        head = {"alg": "RS256", "kid": "key-1", **extra}
        with pytest.raises(InvalidTokenError):
            api.verify(signed(ACCESS_CLAIMS, key="evil", header=head))
    assert {str(request.url) for request in okta.requests} == {f"{ISSUER}/v1/keys"}


def test_a_leeway_is_its_own(kind: str, okta: Okta) -> None:
    with Api(kind, okta, leeway=0) as api:
        assert api.verify(access_token(exp=NOW + 1)).sub
        with pytest.raises(InvalidTokenError):
            api.verify(access_token(exp=NOW))


def test_a_rotation_is_followed(api: Api, okta: Okta) -> None:
    api.verify(access_token())
    okta.answer = lambda _: httpx.Response(200, content=key_set(published("key-2")))
    api.at = NOW + 60
    assert api.verify(signed(ACCESS_CLAIMS, key="key-2")).sub
    assert len(okta.requests) == 2
    with pytest.raises(InvalidTokenError) as refused:
        api.verify(access_token())
    assert refused.value.reason == "unknown_key"


FAILURES: Final[dict[str, tuple[Handler, type[OktaError]]]] = {
    "a redirect": (
        lambda _: httpx.Response(302, headers={"location": "https://evil.example/keys"}),
        APIError,
    ),
    "a page": (
        lambda _: httpx.Response(200, html="<!doctype html><title>Sign in</title>"),
        MalformedResponseError,
    ),
    "two mebibytes": (
        lambda _: httpx.Response(
            200, content=key_set(published("key-1"), {"x": "y" * 2 * 1024 * 1024})
        ),
        MalformedResponseError,
    ),
    "no keys": (lambda _: httpx.Response(200, json={"keys": None}), MalformedResponseError),
    "404": (
        lambda _: httpx.Response(404, json={"errorCode": "E0000007", "errorSummary": "x"}),
        APIError,
    ),
    "500": (lambda _: httpx.Response(500), APIError),
    "429": (lambda _: httpx.Response(429), APIError),
}


# An httpx client leaves a generator behind where a body is not read to its end.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", list(FAILURES))
def test_an_answer_that_is_none_leaves_the_keys_at_hand(api: Api, okta: Okta, name: str) -> None:
    answer, error = FAILURES[name]
    good = okta.answer
    okta.answer = answer
    with pytest.raises(error):
        api.verify(access_token())

    okta.answer = good
    api.at += 5
    assert api.verify(access_token()).sub
    okta.answer = answer
    api.at = NOW + 600
    for _ in range(3):
        assert api.verify(access_token()).sub
    assert {request.url.host for request in okta.requests} == {"dev-000000.okta.com"}


def test_an_outage_is_tried_again_while_there_is_no_key(api: Api, okta: Okta) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    okta.answer = refuse
    with pytest.raises(TransportError):
        api.verify(access_token())
    assert len(okta.requests) == Retry().attempts
    assert len(api.waits) == Retry().attempts - 1

    # With a key at hand nobody waits for more than one attempt.
    okta.answer = Okta().answer
    api.at += 5
    api.verify(access_token())
    okta.answer = refuse
    api.at = NOW + 600
    before = len(okta.requests), len(api.waits)
    assert api.verify(access_token()).sub
    if isinstance(api.verifier, AccessTokenVerifier):
        assert (len(okta.requests), len(api.waits)) == (before[0] + 1, before[1])


def test_a_lent_client_stays_open(kind: str, okta: Okta) -> None:
    api = Api(kind, okta)
    with api:
        api.verify(access_token())
    assert isinstance(api.http_client, httpx.Client | httpx.AsyncClient)
    assert not api.http_client.is_closed
    if isinstance(api.http_client, httpx.Client):
        api.http_client.close()
    else:
        anyio.run(api.http_client.aclose)


@contextmanager
def on_a_port() -> Generator[tuple[str, list[RawRequest]]]:
    """The keys of an authorization server on loopback, and what it was asked."""
    with RawServer(http_bytes(body=key_set(published("key-1")))) as server:
        yield f"{server.url}/oauth2/aus1", server.requests


def test_it_opens_connections_of_its_own(kind: str) -> None:
    with on_a_port() as (issuer, asked):
        with Api(kind, None, issuer=issuer) as api:
            assert api.verify(access_token(iss=issuer)).iss == issuer
        assert [each.request_line.split()[1] for each in asked] == ["/oauth2/aus1/v1/keys"]
        with Api("sync", None, issuer=issuer) as late, pytest.raises(OktaError):
            late.verify(access_token(iss=issuer, exp="x"))


def test_it_is_a_context_manager() -> None:
    with on_a_port() as (issuer, _):
        token = access_token(iss=issuer, exp=2**40, iat=1, auth_time=1)
        with AccessTokenVerifier(issuer, audience=AUDIENCE) as verifier:
            assert verifier.verify(token).sub
        with AccessTokenVerifier(issuer, audience=AUDIENCE) as verifier:
            pass
        with pytest.raises(ConfigurationError, match="closed"):
            verifier.verify(token)

        async def main() -> str:
            async with AsyncAccessTokenVerifier(issuer, audience=AUDIENCE) as verifier:
                return (await verifier.verify(token)).sub

        assert anyio.run(main)


@pytest.mark.parametrize(
    ("issuer", "options"),
    [
        ("https://dev-000000.okta.com", {}),
        ("https://dev-000000.okta.com/", {}),
        ("https://dev-000000.okta.com/oauth2", {}),
        ("https://dev-000000.okta.com/oauth2/v1", {}),
        ("http://dev-000000.okta.com/oauth2/default", {}),
        ("dev-000000.okta.com/oauth2/default", {}),
        ("https://{yourOktaDomain}/oauth2/default", {}),
        ("", {}),
        (None, {}),
        (ISSUER, {"audience": ""}),
        (ISSUER, {"audience": None}),
        (ISSUER, {"audience": [AUDIENCE]}),
        (ISSUER, {"leeway": -1}),
        (ISSUER, {"leeway": "120"}),
        (ISSUER, {"leeway": float("nan")}),
        (ISSUER, {"leeway": True}),
        (ISSUER, {"http_client": object()}),
    ],
)
@pytest.mark.parametrize("cls", [AccessTokenVerifier, AsyncAccessTokenVerifier])
def test_an_argument_that_cannot_be_right_is_refused(
    cls: Any, issuer: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        cls(issuer, **{"audience": AUDIENCE, **options})


@pytest.mark.parametrize("token", [None, b"x.y.z", 5, ["x"]])
def test_a_token_is_text(api: Api, token: Any) -> None:
    with pytest.raises(ConfigurationError):
        api.verify(token)


def test_a_trailing_slash_of_the_issuer_is_ours_not_the_tokens(kind: str, okta: Okta) -> None:
    with Api(kind, okta, issuer=f"{ISSUER}/") as api:
        assert api.verify(access_token()).iss == ISSUER
        with pytest.raises(InvalidTokenError):
            api.verify(access_token(iss=f"{ISSUER}/"))


def test_it_shows_what_it_is_for(api: Api) -> None:
    assert ISSUER in repr(api.verifier)
    assert AUDIENCE in repr(api.verifier)


def test_without_joserfc_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joserfc.jws", None)
    for cls in (AccessTokenVerifier, AsyncAccessTokenVerifier):
        with pytest.raises(ConfigurationError, match=r"install okta-oidc\[jwt\]"):
            cls(ISSUER, audience=AUDIENCE)


def test_a_traceback_holds_no_token(api: Api) -> None:
    token = access_token(aud="api://other")
    with pytest.raises(InvalidTokenError) as refused:
        api.verify(token)
    frames = [
        frame.f_locals
        for frame, _ in traceback.walk_tb(refused.value.__traceback__)
        if frame.f_globals["__name__"].startswith("okta_oidc")
    ]
    assert frames
    assert all(token not in builtins.repr(local) for local in frames)
    assert token not in json.dumps(refused.value.args)
    assert pickle.loads(pickle.dumps(refused.value)).reason == "audience"

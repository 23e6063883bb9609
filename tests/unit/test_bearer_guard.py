"""The guard: every form of the header, every answer of Okta's, and how each is refused."""

from __future__ import annotations

import logging
import pickle
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from okta_oidc import (
    AccessTokenVerifier,
    AsyncAccessTokenVerifier,
    AsyncBearerGuard,
    BearerGuard,
    BearerRefusal,
    ConfigurationError,
    Introspection,
    IntrospectionCache,
    InvalidClientError,
    InvalidTokenError,
    OktaError,
    RateLimitError,
    TransportError,
)
from okta_oidc import Claims as AccessClaims
from okta_oidc._ratelimit import RateLimits
from okta_oidc._runtime import Runtime

from tests.support.faces import Kind
from tests.support.keeping import AUDIENCE, START, Asker, Clock, Script, active

from ._holding import limited
from ._jwts import AUDIENCE as JWT_AUDIENCE
from ._jwts import ISSUER, NOW, access_token, key_set, published

TOKEN: Final = "planted-token.of~the/guard+tests_=="
GOOD: Final = f"Bearer {TOKEN}"
REALM: Final = 'Bearer realm="orders"'
DPOP: Final = 'DPoP algs="RS256 RS384 RS512 ES256 ES384 ES512"'
DATE: Final = "Mon, 05 Jan 2026 10:00:00 GMT"


class Guarded:
    """A guard of either kind, called as if it were synchronous."""

    def __init__(self, asker: Asker, authority: Any = None, **options: Any) -> None:
        self._asker: Final = asker
        cls: Any = BearerGuard if asker.kind == "sync" else AsyncBearerGuard
        options = {"audience": AUDIENCE, "realm": "orders", **options}
        self.guard: Final[Any] = cls(authority or asker.client, **options)

    def check(self, authorization: Any, *scopes: str) -> Any:
        return self._asker.run(self.guard.check, authorization, *scopes)

    def refusal(self, authorization: Any, *scopes: str) -> BearerRefusal:
        with pytest.raises(BearerRefusal) as caught:
            self.check(authorization, *scopes)
        return caught.value


@pytest.fixture
def script() -> Script:
    script = Script()
    script.says[TOKEN] = active()
    return script


@pytest.fixture(params=[False, True], ids=["no-cache", "cache"])
def asker(request: pytest.FixtureRequest, kind: Kind, script: Script) -> Iterator[Asker]:
    cache = IntrospectionCache() if request.param else None
    with Asker(kind, script, cache) as asker:
        yield asker


@pytest.fixture
def guarded(asker: Asker) -> Guarded:
    return Guarded(asker)


def assert_is(refusal: BearerRefusal, status: int, challenge: str | None) -> None:
    expected = {} if challenge is None else {"WWW-Authenticate": challenge}
    assert (refusal.status, dict(refusal.headers)) == (status, expected)


# The header

INVALID: Final = (
    f'{REALM}, error="invalid_token", error_description="The access token is not valid here."'
)
MALFORMED: Final = (
    f'{REALM}, error="invalid_request", error_description="The Authorization header is malformed."'
)


@pytest.mark.parametrize(
    "given",
    [
        GOOD,
        GOOD.encode(),
        [GOOD],
        (GOOD.encode(),),
        f"bearer {TOKEN}",
        f"BEARER {TOKEN}",
        f"Bearer    {TOKEN}",
        f"  {GOOD}\t ",
    ],
    ids=range(8),
)
def test_header_with_a_token(guarded: Guarded, given: Any) -> None:
    assert guarded.check(given).sub == "ada@example.com"
    assert guarded.check(given).sub == "ada@example.com"


@pytest.mark.parametrize(
    "given",
    [None, "", "   ", b"", [], (), [""], [None], "Basic YTpi", "Digest x", "DPoP a", "Bearerx y"],
    ids=ascii,
)
def test_nobody(guarded: Guarded, script: Script, given: Any) -> None:
    """No error code for one who may not know that a token is needed (RFC 6750 §3.1)."""
    refusal = guarded.refusal(given)
    assert_is(refusal, 401, REALM)
    assert refusal.error is None
    assert refusal.body == {"error_description": "An access token is needed."}
    assert script.calls == 0


@pytest.mark.parametrize(
    "given",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a,b",
        "Bearer \x7f",
        "Bearer a\r\nX: y",
        "Bearer a\tb",
        "Bearer é",
        "Bearer ==a",
        'Bearer "a"',
        "bearer ,",
        b"Bearer \xff",
        "Bearer a\x00",
        f"{GOOD}, {GOOD}",
        f"{GOOD},Basic YTpi",
        [GOOD, GOOD],
        [GOOD, "Bearer other"],
        [b"Basic x", GOOD.encode()],
        ["", GOOD],
    ],
    ids=range(19),
)
def test_malformed(guarded: Guarded, script: Script, given: Any) -> None:
    guarded.check(GOOD)
    calls = script.calls
    refusal = guarded.refusal(given)
    assert_is(refusal, 400, MALFORMED)
    assert refusal.error == "invalid_request"
    assert script.calls == calls


@pytest.mark.parametrize(
    "given", [5, 0, {}, {"Authorization": GOOD}, {GOOD}, [5], [[GOOD]]], ids=range(7)
)
def test_what_no_header_can_be_is_the_programs_fault(
    guarded: Guarded, script: Script, given: Any
) -> None:
    with pytest.raises(
        ConfigurationError, match="authorization must be str or bytes or None"
    ) as it:
        guarded.check(given)
    assert TOKEN not in str(it.value)
    assert script.calls == 0


# What Okta says


@pytest.mark.parametrize(
    "said",
    [
        {"active": False},
        {**active(), "active": False},
        active(aud="api://elsewhere"),
        active(aud=None),
        active(aud=[]),
        active(aud=["api://elsewhere", "api://order", "api://orders/"]),
        {"active": True},
    ],
    ids=range(7),
)
def test_token_that_is_not_good_here(guarded: Guarded, script: Script, said: Any) -> None:
    script.says[TOKEN] = said
    for _ in range(2):
        refusal = guarded.refusal(GOOD, "orders:read")
        assert_is(refusal, 401, INVALID)
        assert refusal.error == "invalid_token"


def test_one_audience_of_several(guarded: Guarded, script: Script) -> None:
    script.says[TOKEN] = active(aud=["api://elsewhere", AUDIENCE])
    assert guarded.check(GOOD, "orders:read")


def test_missing_scope(guarded: Guarded) -> None:
    for _ in range(2):
        refusal = guarded.refusal(GOOD, "orders:read", "orders:write")
        assert_is(
            refusal,
            403,
            f'{REALM}, error="insufficient_scope", '
            'error_description="The access token lacks a scope.", scope="orders:read orders:write"',
        )
        assert refusal.body["error"] == "insufficient_scope"
    assert guarded.check(GOOD, "orders:read", "openid")
    assert guarded.check(GOOD)


def test_audience_and_scopes_are_checked_on_every_hit(kind: Kind, script: Script) -> None:
    """One cache behind two APIs: answers are kept, never decisions."""
    with Asker(kind, script, IntrospectionCache()) as asker:
        one, other = Guarded(asker), Guarded(asker, audience="api://elsewhere")
        assert one.check(GOOD, "orders:read")
        assert other.refusal(GOOD, "orders:read").status == 401
        assert one.refusal(GOOD, "orders:write").status == 403
        assert one.check(GOOD, "openid")
    assert script.calls == 1


def test_hits_do_not_even_reach_the_client(kind: Kind, script: Script) -> None:
    cache = IntrospectionCache()
    with Asker(kind, script, cache) as asker:
        guarded = Guarded(asker)
        guarded.check(GOOD)
        assert (cache.stats.hits, cache.stats.misses) == (0, 1)
        vars(asker.client)["introspect"] = None
        guarded.check(GOOD)
    assert (cache.stats.hits, cache.stats.misses) == (1, 1)


def test_the_hint_says_what_it_is(kind: Kind, script: Script) -> None:
    forms: list[bytes] = []
    handle = script.handle

    def handled(request: httpx.Request) -> httpx.Response:
        forms.append(request.read())
        return handle(request)

    script.handle = handled  # type: ignore[method-assign]
    with Asker("sync", script, None) as asker:
        Guarded(asker).check(GOOD)
    assert b"token_type_hint=access_token" in forms[0]


@pytest.mark.parametrize(
    "members",
    [{"cnf": {"jkt": "x"}}, {"cnf": {"x5t#S256": "x"}}, {"cnf": {}}, {"token_type": "DPoP"}],
    ids=range(4),
)
def test_token_bound_to_a_key(guarded: Guarded, script: Script, members: Any) -> None:
    """RFC 9449 §7.2: it must not be taken for a bearer token, whoever has it."""
    script.says[TOKEN] = active(**members)
    for _ in range(2):
        refusal = guarded.refusal(GOOD, "orders:read")
        assert_is(
            refusal,
            401,
            f'{REALM}, error="invalid_token", error_description='
            f'"The access token is bound to a key and is no bearer token.", {DPOP}',
        )


# No answer is no refusal of the token


@pytest.mark.parametrize(
    "away",
    [
        httpx.Response(503),
        httpx.Response(500, json={"error": "server_error"}),
        httpx.Response(502, content=b"<html>"),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json={}),
        httpx.Response(429),
        httpx.Response(400, json={"error": "temporarily_unavailable"}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("mute"),
    ],
    ids=range(9),
)
def test_okta_is_away(
    guarded: Guarded, script: Script, caplog: pytest.LogCaptureFixture, away: Any
) -> None:
    script.says[TOKEN] = away
    with caplog.at_level(logging.WARNING, "okta_oidc"):
        refusal = guarded.refusal(GOOD)
        guarded.refusal(GOOD)
    assert_is(refusal, 503, None)
    assert refusal.error == "temporarily_unavailable"
    assert isinstance(refusal.__cause__, OktaError)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(("reset", "told"), [(30, "30"), (0, "1"), (-5, "1")])
def test_okta_says_when(guarded: Guarded, script: Script, reset: int, told: str) -> None:
    script.says[TOKEN] = httpx.Response(
        429,
        headers={
            "date": DATE,
            "x-rate-limit-limit": "600",
            "x-rate-limit-remaining": "0",
            "x-rate-limit-reset": str(int(START) + reset),
        },
    )
    refusal = guarded.refusal(GOOD)
    assert (refusal.status, dict(refusal.headers)) == (503, {"Retry-After": told})
    assert isinstance(refusal.__cause__, RateLimitError)


@pytest.mark.parametrize(
    "ours",
    [
        httpx.Response(401, json={"error": "invalid_client"}),
        httpx.Response(403, json={"error": "access_denied"}),
        httpx.Response(404, json={"errorCode": "E0000007"}),
        httpx.Response(400, json={"error": "invalid_request"}),
    ],
    ids=range(4),
)
def test_our_own_credentials_are_refused(
    guarded: Guarded, script: Script, caplog: pytest.LogCaptureFixture, ours: Any
) -> None:
    script.says[TOKEN] = ours
    with caplog.at_level(logging.WARNING, "okta_oidc"):
        refusal = guarded.refusal(GOOD)
    assert_is(refusal, 500, None)
    assert refusal.error == "server_error"
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_closed_client(guarded: Guarded, asker: Asker) -> None:
    client: Any = asker.client
    asker.run(client.close if asker.kind == "sync" else client.aclose)
    refusal = guarded.refusal(GOOD)
    assert_is(refusal, 500, None)
    assert isinstance(refusal.__cause__, ConfigurationError)


def test_an_exception_of_the_callers_own_hook_is_theirs(guarded: Guarded, script: Script) -> None:
    script.says[TOKEN] = lambda: ZeroDivisionError("in a hook")
    with pytest.raises(ZeroDivisionError):
        guarded.check(GOOD)


def test_an_outage_is_logged_once_a_minute(
    guarded: Guarded,
    script: Script,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("okta_oidc._runtime.RUNTIME.monotonic", lambda: clock.monotonic)
    script.says[TOKEN] = httpx.Response(503)
    with caplog.at_level(logging.WARNING, "okta_oidc"):
        for _ in range(4):
            guarded.refusal(GOOD)
            clock.advance(20)
    assert len(caplog.records) == 2


# A verifier as the authority


@dataclass(frozen=True)
class Claims:
    aud: tuple[str, ...]
    scopes: tuple[str, ...]
    raw: Mapping[str, Any]


class Verifier:
    """Stands in for one that checks signatures."""

    def __init__(self, outcome: Claims | Exception) -> None:
        self.outcome = outcome
        self.seen: list[tuple[str, ...]] = []

    def verify(self, token: str, /, *scopes: str) -> Claims:
        self.seen.append((token, *scopes))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class AsyncVerifier:
    """The same, awaited."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier: Final = verifier

    async def verify(self, token: str, /, *scopes: str) -> Claims:
        return self._verifier.verify(token, *scopes)


Guards = Callable[[Claims | Exception], tuple[Guarded, Verifier]]


@pytest.fixture
def guard_with(kind: Kind) -> Iterator[Guards]:
    with ExitStack() as stack:
        asker = stack.enter_context(Asker(kind, Script(), None))

        def make(outcome: Claims | Exception) -> tuple[Guarded, Verifier]:
            verifier = Verifier(outcome)
            authority = verifier if kind == "sync" else AsyncVerifier(verifier)
            return Guarded(asker, authority), verifier

        yield make


def claims(**members: Any) -> Claims:
    return Claims(members.pop("aud", (AUDIENCE,)), members.pop("scopes", ("orders:read",)), members)


def test_verifier(guard_with: Guards) -> None:
    expected = claims()
    guarded, verifier = guard_with(expected)
    assert guarded.check(GOOD, "orders:read") is expected
    assert verifier.seen == [(TOKEN, "orders:read")]
    assert_is(guarded.refusal(None), 401, REALM)


@pytest.mark.parametrize(
    "reason",
    [
        "malformed", "encrypted", "algorithm", "unknown_key", "signature", "issuer", "audience",
        "expired", "not_yet_valid", "client", "claim",
    ],
)  # fmt: skip
def test_verifier_says_no(guard_with: Guards, reason: Any) -> None:
    guarded, _ = guard_with(InvalidTokenError("no", reason=reason))
    refusal = guarded.refusal(GOOD, "orders:read")
    assert_is(refusal, 401, INVALID)
    assert isinstance(refusal.__cause__, InvalidTokenError)


def test_verifier_misses_a_scope(guard_with: Guards) -> None:
    guarded, _ = guard_with(InvalidTokenError("no", reason="scope"))
    refusal = guarded.refusal(GOOD, "orders:write")
    assert refusal.status == 403
    assert refusal.headers["WWW-Authenticate"].endswith(', scope="orders:write"')


def test_verifier_finds_it_bound(guard_with: Guards) -> None:
    guarded, _ = guard_with(InvalidTokenError("no", reason="bound"))
    refusal = guarded.refusal(GOOD)
    assert refusal.status == 401
    assert refusal.headers["WWW-Authenticate"].endswith(DPOP)


def test_verifier_cannot_get_the_keys(guard_with: Guards) -> None:
    guarded, _ = guard_with(TransportError("refused"))
    assert_is(guarded.refusal(GOOD), 503, None)


def test_who_waits_as_told_is_not_too_early(guard_with: Guards) -> None:
    guarded, _ = guard_with(limited(6.2))
    assert guarded.refusal(GOOD).headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (claims(aud=("api://elsewhere",)), 401),
        (claims(scopes=()), 403),
        (claims(cnf={"jkt": "x"}), 401),
    ],
    ids=range(3),
)
def test_what_a_verifier_lets_through_is_checked_again(
    guard_with: Guards, said: Claims, status: int
) -> None:
    guarded, _ = guard_with(said)
    assert guarded.refusal(GOOD, "orders:read").status == status


# What may be put into a header


@pytest.mark.parametrize(
    ("realm", "shown"),
    [
        ("orders", "orders"),
        ('a "b" \\ c', 'a \\"b\\" \\\\ c'),
        (", error=x", ", error=x"),
        (None, AUDIENCE),
    ],
)
def test_realm(asker: Asker, realm: str | None, shown: str) -> None:
    refusal = Guarded(asker, realm=realm).refusal(None)
    assert refusal.headers["WWW-Authenticate"] == f'Bearer realm="{shown}"'


@pytest.mark.parametrize("realm", ["", "a\r\nX-Injected: 1", "a\x00", "é", "a\tb", 7, b"orders"])
def test_realm_that_no_header_may_hold(asker: Asker, realm: Any) -> None:
    with pytest.raises(ConfigurationError):
        Guarded(asker, realm=realm)


@pytest.mark.parametrize("audience", ["", None, 7, ["api://orders"], "a\nb"])
def test_audience_that_is_none(asker: Asker, audience: Any) -> None:
    with pytest.raises(ConfigurationError):
        Guarded(asker, audience=audience, realm=None)


@pytest.mark.parametrize(
    "scope", ["", "a b", 'a"', "a\\", "a\r\nX-Injected: 1", "é", None, 7, ("a",)], ids=ascii
)
def test_scope_that_is_none(guarded: Guarded, scope: Any) -> None:
    """A mistake in the program, which must not become a header."""
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="not a scope"):
            guarded.check(GOOD, scope)


# What a guard may be made of


def test_wrong_kinds_of_authority(kind: Kind, script: Script) -> None:
    with Asker(kind, script, None) as asker:
        wrong: Any = AsyncBearerGuard if kind == "sync" else BearerGuard
        with pytest.raises(ConfigurationError, match="authority must be"):
            wrong(asker.client, audience=AUDIENCE)
    verifier = Verifier(claims())
    cls: Any
    for cls, authority in (
        (AsyncBearerGuard, verifier),
        (BearerGuard, AsyncVerifier(verifier)),
        (BearerGuard, object()),
        (BearerGuard, None),
        (AsyncBearerGuard, "https://dev-000000.okta.com"),
    ):
        with pytest.raises(ConfigurationError, match="authority must be"):
            cls(authority, audience=AUDIENCE)


# Silence


def frames_of(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if re.match(r"okta_oidc\b", frame.f_globals["__name__"]):
                yield repr(frame.f_locals)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "said",
    [
        {"active": False},
        active(scope="other"),
        httpx.Response(503),
        httpx.Response(401, json={"error": "invalid_client"}),
    ],
    ids=range(4),
)
def test_no_frame_of_a_refusal_holds_the_token(guarded: Guarded, script: Script, said: Any) -> None:
    script.says[TOKEN] = said
    for _ in range(2):
        refusal = guarded.refusal(GOOD, "orders:read")
        frames = list(frames_of(refusal))
        assert not [frame for frame in frames if "planted" in frame]
        text = "".join(traceback.format_exception(refusal))
        assert "planted" not in text.replace(__file__, "")
        assert "planted" not in repr(refusal.headers)


def test_refusals_survive_pickling() -> None:
    refusal = BearerRefusal(401, {"WWW-Authenticate": "Bearer"}, "invalid_token", "No.")
    again = pickle.loads(pickle.dumps(refusal))
    assert (again.status, again.headers, again.error, str(again)) == (
        401, {"WWW-Authenticate": "Bearer"}, "invalid_token", "No.",
    )  # fmt: skip
    assert str(BearerRefusal(401, {}, None)) == "An access token is needed."


def test_what_is_returned_is_the_introspection(guarded: Guarded) -> None:
    info = guarded.check(GOOD)
    assert isinstance(info, Introspection)
    assert info.raw["sub"] == "ada@example.com"


def test_credentials_of_ours_are_told_by_the_cause(guarded: Guarded, script: Script) -> None:
    script.says[TOKEN] = httpx.Response(401, json={"error": "invalid_client"})
    assert isinstance(guarded.refusal(GOOD).__cause__, InvalidClientError)


# The package's own verifier


@pytest.mark.parametrize(
    ("token", "scopes", "status"),
    [
        (access_token(), ("orders:read",), 200),
        (access_token(), ("orders:delete",), 403),
        (access_token(aud="api://elsewhere"), (), 401),
        (access_token(exp=NOW - 1000), (), 401),
        (access_token(cnf={"jkt": "x"}), (), 401),
        ("made.up.token", (), 401),
    ],
    ids=range(6),
)
def test_own_verifier(kind: Kind, token: str, scopes: tuple[str, ...], status: int) -> None:
    keys = httpx.MockTransport(lambda _: httpx.Response(200, content=key_set(published("key-1"))))
    http: Any = (httpx.Client if kind == "sync" else httpx.AsyncClient)(transport=keys)
    cls: Any = AccessTokenVerifier if kind == "sync" else AsyncAccessTokenVerifier
    with Asker(kind, Script(), None) as asker:
        verifier = cls(ISSUER, audience=JWT_AUDIENCE, http_client=http)
        vars(verifier)["_flow"].runtime = Runtime(now=lambda: float(NOW), limits=RateLimits())
        guarded = Guarded(asker, verifier, audience=JWT_AUDIENCE)
        if status == 200:
            claims = guarded.check(f"Bearer {token}", *scopes)
            assert isinstance(claims, AccessClaims)
            assert "orders:read" in claims.scopes
        else:
            assert guarded.refusal(f"Bearer {token}", *scopes).status == status
        asker.run(http.close if kind == "sync" else http.aclose)


def test_own_verifier_without_keys(kind: Kind) -> None:
    away = httpx.MockTransport(lambda _: httpx.Response(503))
    http: Any = (httpx.Client if kind == "sync" else httpx.AsyncClient)(transport=away)
    cls: Any = AccessTokenVerifier if kind == "sync" else AsyncAccessTokenVerifier
    with Asker(kind, Script(), None) as asker:
        verifier = cls(ISSUER, audience=JWT_AUDIENCE, http_client=http)
        vars(verifier)["_flow"].runtime = Clock().runtime()
        guarded = Guarded(asker, verifier, audience=JWT_AUDIENCE)
        assert_is(guarded.refusal(f"Bearer {access_token()}"), 503, None)
        asker.run(http.close if kind == "sync" else http.aclose)

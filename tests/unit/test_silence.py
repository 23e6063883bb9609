"""Secrets in frame locals: what an error tracker keeps of a failure holds nothing of ours."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import anyio.to_thread
import httpx
import pytest
from okta_oidc import (
    AccessTokenVerifier,
    AsyncOktaOIDC,
    AuthorizationRequest,
    ClientAuth,
    ConfigurationError,
    DeviceLogin,
    DPoP,
    MalformedResponseError,
    MemoryTokenStore,
    OktaError,
    OktaOIDC,
    PrivateKeyJwt,
    SignInRequiredError,
    TokenAuth,
    Tokens,
    TransportError,
)
from okta_oidc._silence import quiet, silent
from okta_oidc_api.api.token import custom_token
from okta_oidc_api.models import RefreshTokenGrant

from tests.support.faces import Face
from tests.support.keys import Vault
from tests.support.samples import BASIC, CALLBACK, CLIENT_SECRET, ORG_URL, answer, oauth_error
from tests.support.servers import Recorder

from .conftest import OpenOkta, on_every_loop

PLANTED = "planted-in-a-local"
CALLERS = ("/tests/", "/_pytest/", "/anyio/from_thread.py", "/concurrent/futures/", "/asyncio/")
HEADER = str(BASIC.sign(b"", "")[0])

CALLS: dict[str, Callable[[Face], object]] = {
    "code": lambda okta: okta.token_for_code(
        hidden("code"), CALLBACK, code_verifier=hidden("verifier")
    ),
    "refresh": lambda okta: okta.token_for_refresh_token(hidden("refresh")),
    "password": lambda okta: okta.token(
        {"grant_type": "password", "username": "u", "password": hidden("p"), "scope": "s"}
    ),
    "introspect": lambda okta: okta.introspect(hidden("token")),
    "revoke": lambda okta: okta.revoke(hidden("token")),
}
FAILURES: dict[str, Any] = {
    "refused": answer(400, oauth_error("invalid_grant")),
    "gateway": answer(502, b"<html>"),
    "malformed": answer(200, b"<html>"),
    "broken": httpx.ReadError("reset"),
    "not connected": httpx.ConnectError("refused"),
    "garbage": httpx.RemoteProtocolError(f"illegal {PLANTED}"),
    "their bug": ValueError("a bug in a transport of the caller's own"),
}


def hidden(name: str) -> str:
    """A secret that no frame of a test holds: it is put together where it is passed."""
    return f"{PLANTED}-{name}"


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """The error, and all its causes and contexts, suppressed ones too."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [e for e in (each.__cause__, each.__context__) if e is not None]


def kept_of(error: BaseException) -> str:
    """All that a tracker keeps: the text and the locals of every frame but the tests'."""
    found: list[str] = []
    for each in chain_of(error):
        found.append(f"{each} {each!r}")
        frames = traceback.TracebackException.from_exception(each, capture_locals=True).stack
        # The portal that a test calls an asynchronous face through is the caller's.
        found += [
            json.dumps(frame.locals)
            for frame in frames
            if not any(part in frame.filename for part in CALLERS)
        ]
    return "\n".join(found)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("call", CALLS)
@on_every_loop
def test_no_frame_holds_a_secret(open_okta: OpenOkta, call: str, failure: str) -> None:
    okta = open_okta(handler=Recorder(FAILURES[failure]), retry=None)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever it is
        CALLS[call](okta)
    kept = kept_of(caught.value)
    for secret in (PLANTED, CLIENT_SECRET, HEADER, HEADER.partition(" ")[2]):
        assert secret not in kept
    # Where it failed is still to be seen, and every cause has a place.
    assert len(list(traceback.walk_tb(caught.value.__traceback__))) > 1
    assert all(each.__traceback__ is not None for each in chain_of(caught.value))


@pytest.mark.parametrize("call", CALLS)
def test_nor_where_nothing_was_sent(open_okta: OpenOkta, call: str) -> None:
    okta = open_okta(handler=Recorder(answer(200)), auth_server_id="default")
    okta.run(okta.client.close if isinstance(okta.client, OktaOIDC) else okta.client.aclose)
    with pytest.raises(ConfigurationError) as caught:
        CALLS[call](okta)
    assert PLANTED not in kept_of(caught.value)


def test_a_generated_function_leaves_what_is_the_callers(open_okta: OpenOkta) -> None:
    """Its frames are generated: they hold the caller's own request model, and nothing of ours."""
    okta = open_okta(handler=Recorder(FAILURES["refused"]), retry=None)
    with pytest.raises(OktaError) as caught:
        okta.generated(custom_token, body=RefreshTokenGrant(refresh_token=PLANTED))
    kept = kept_of(caught.value)
    for secret in (CLIENT_SECRET, HEADER):
        assert secret not in kept


def test_the_callers_own_frames_are_left_alone() -> None:
    def hook() -> None:
        local_of_the_hook = "kept"
        raise ValueError(local_of_the_hook)

    @silent
    def method(secret: str) -> None:
        hook()

    with pytest.raises(ValueError, match="kept") as caught:
        method(hidden("x"))
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert frames[-1].f_code.co_name == "hook"
    assert frames[-1].f_locals["local_of_the_hook"] == "kept"
    # The wrapper's own frame is ours.
    wrapper = next(frame for frame in frames if frame.f_code.co_name == "call")
    assert PLANTED not in repr(wrapper.f_locals)


def test_what_is_raised_is_the_same_object_with_its_cause() -> None:
    cause = OSError("below")

    @silent
    def method() -> None:
        raise TransportError("above") from cause

    with pytest.raises(TransportError) as caught:
        method()
    assert caught.value.__cause__ is cause


def test_a_suppressed_context_is_gone() -> None:
    """Its text may quote what a peer sent."""
    error = TransportError("above")
    error.__context__ = ValueError(PLANTED)
    assert PLANTED in kept_of(error)
    error.__suppress_context__ = True
    quiet(error)
    assert PLANTED not in kept_of(error)


def test_names_signature_and_hints_are_the_methods() -> None:
    @silent
    def method(a: int, *, b: str = "c") -> float:
        """Says what it does."""
        return a

    assert (method.__name__, method.__doc__) == ("method", "Says what it does.")
    assert method(1) == 1


REFUSED_DATA: dict[str, Any] = {
    "access_token": PLANTED,
    "token_type": "Bearer",
    "expires_in": "soon",
    "expires_at": None,
    "scopes": [],
    "refresh_token": f"{PLANTED}-refresh",
    "id_token": None,
    "raw": {},
}


def held(access_token: str) -> TokenAuth:
    """Tokens that cannot be sent, as an answer of Okta's brought them."""
    okta = OktaOIDC(ORG_URL, BASIC)
    tokens = okta.user_tokens("user:ada", MemoryTokenStore())
    tokens.save(Tokens.from_dict({**REFUSED_DATA, "access_token": access_token, "expires_in": 60}))
    return TokenAuth(tokens)


def bare(auth: ClientAuth, **content: Any) -> None:
    """A request of somebody's own, whose frames are out of our hands above the signing."""
    request = httpx.Request("POST", "https://dev-000000.okta.com/oauth2/v1/token", **content)
    next(auth.sync_auth_flow(request))


REFUSALS: dict[str, Callable[[], object]] = {
    "a URL with a password": lambda: OktaOIDC(f"https://u:{hidden('x')}@dev-0.okta.com", BASIC),
    "a verifier's": lambda: AccessTokenVerifier(f"https://u:{hidden('x')}@a.b", audience="a"),
    "a grant": lambda: OktaOIDC(ORG_URL, BASIC).token_source(
        {"grant_type": "password", "password": hidden("x")}, early=-1
    ),
    "tokens of another form": lambda: Tokens.from_dict(REFUSED_DATA),
    "a request of another form": lambda: AuthorizationRequest.from_dict({"state": hidden("x")}),
    "a login of another form": lambda: DeviceLogin.from_dict(
        {"user_code": "u", "verification_uri": hidden("x")}
    ),
    "a form that is signed": lambda: bare(BASIC, data={"client_id": "c", "code": hidden("x")}),
    "no form": lambda: bare(BASIC, json={"code": hidden("x")}),
    "a token that no header holds": lambda: httpx.get("https://a.b", auth=held(hidden("é"))),
    "nor any encoding": lambda: httpx.get("https://a.b", auth=held(hidden("\ud800"))),
    "a token for userinfo": lambda: OktaOIDC(ORG_URL, BASIC).userinfo(hidden("é")),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_nor_does_what_is_refused_at_once(refusal: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        REFUSALS[refusal]()
    assert PLANTED not in kept_of(caught.value)


def test_nor_does_a_model_that_cannot_be_made() -> None:
    tokens = Tokens.from_dict({**REFUSED_DATA, "expires_in": None, "raw": {"scope": [PLANTED, 1]}})
    with pytest.raises(MalformedResponseError) as caught:
        _ = tokens.model
    assert PLANTED not in kept_of(caught.value)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("call", ["a code", "userinfo", "a client of somebody's own"])
def test_nor_does_a_worker_thread_that_a_kms_fails_in(
    backend: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its frame goes on, and cannot be emptied: what it is handed shows nothing."""
    handed: list[str] = []
    run_sync = anyio.to_thread.run_sync

    async def seen(*args: Any, **options: Any) -> Any:
        handed.append(repr(args))
        return await run_sync(*args, **options)

    def fail() -> None:
        raise OSError("the vault is shut")

    monkeypatch.setattr("anyio.to_thread.run_sync", seen)

    async def main() -> None:
        auth = PrivateKeyJwt("0oa1client", Vault(fail).ec())
        if call == "a client of somebody's own":
            request = httpx.Request("POST", "https://a.b", data={"code": hidden("x")})
            await anext(auth.async_auth_flow(request))
        async with AsyncOktaOIDC(ORG_URL, auth, dpop=DPoP(Vault(fail).ec())) as okta:
            if call == "a code":
                await okta.token_for_code(hidden("x"), CALLBACK)
            await okta.userinfo(hidden("x"))

    with pytest.raises(OSError, match="shut") as caught:
        anyio.run(main, backend=backend)
    assert handed
    assert PLANTED not in kept_of(caught.value) + "".join(handed)


def test_nor_does_a_token_that_an_api_refused() -> None:
    okta = OktaOIDC(ORG_URL, BASIC)
    users = okta.user_tokens("user:ada", MemoryTokenStore())
    data = {**REFUSED_DATA, "expires_in": 60, "refresh_token": None}
    users.save(Tokens.from_dict(data))
    refused = httpx.Response(401, headers={"WWW-Authenticate": "Bearer"})
    http = httpx.Client(transport=httpx.MockTransport(Recorder(refused)), auth=TokenAuth(users))
    with pytest.raises(SignInRequiredError) as caught:
        http.get("https://a.b")
    assert PLANTED not in kept_of(caught.value)

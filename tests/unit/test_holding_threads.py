"""Held tokens and the threads, and processes, that share them."""

from __future__ import annotations

import copy
import inspect
import json
import logging
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from base64 import urlsafe_b64decode
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import httpx
import pytest
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    ClientSecretJwt,
    ConfigurationError,
    IntrospectionCache,
    InvalidClientError,
    OktaOIDC,
    ServerError,
    SignInRequiredError,
    TokenAuth,
    Tokens,
    TransportError,
)
from okta_oidc._holding import (
    AsyncMemoryTokenStore,
    MemoryTokenStore,
    Renewal,
    TokenStore,
    UserTokens,
)
from okta_oidc._runtime import Runtime
from okta_oidc.testing import FakeOkta
from okta_oidc_api.models import ClientCredentialsGrant

T = TypeVar("T")

_CALLBACK: Final = "https://localhost/callback"
_THREADS: Final = 8
_GRANT: Final = ClientCredentialsGrant(scope="api:read")


def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.001)


class Gate(httpx.BaseTransport):
    """Lets requests for tokens through once it is open, and counts them."""

    def __init__(self, fake: FakeOkta) -> None:
        self.fake: Final = fake
        self.waiting = 0
        self.passed = 0
        self.opened: Final = threading.Event()
        self.opened.set()
        self.failure: BaseException | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.waiting += 1
            assert self.opened.wait(10.0)
            self.passed += 1
            if self.failure is not None:
                raise self.failure
        return self.fake.transport.handle_request(request)


@contextmanager
def opened(fake: FakeOkta, gate: Gate, **options: Any) -> Generator[OktaOIDC]:
    """A client by the clocks of this machine."""
    auth = ClientSecretBasic(fake.client_id, fake.client_secret)
    with (
        httpx.Client(transport=gate) as http,
        OktaOIDC(fake.url, auth, http_client=http, **options) as client,
    ):
        yield client


@pytest.fixture
def fake() -> FakeOkta:
    return FakeOkta(leeway=0, ticking=True, rate_limit=None)


@pytest.fixture
def gate(fake: FakeOkta) -> Gate:
    return Gate(fake)


@pytest.fixture
def okta(fake: FakeOkta, gate: Gate) -> Generator[OktaOIDC]:
    with opened(fake, gate) as client:
        yield client


def signed_in(okta: OktaOIDC, fake: FakeOkta, *, left: float = 3600) -> Tokens:
    """Tokens whose access token ends in so many seconds."""
    tokens = okta.token_for_code(fake.authorize(_CALLBACK), _CALLBACK)
    return replace(tokens, expires_at=datetime.now(UTC) + timedelta(seconds=left))


@contextmanager
def crowd(call: Callable[[], T], size: int = _THREADS) -> Generator[list[Any]]:
    """So many threads in the same call; their results, or errors, when the block has ended."""
    outcomes: list[Any] = []

    def run() -> None:
        try:
            outcomes.append(call())
        except Exception as error:  # noqa: BLE001  # looked at by the test
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(size)]
    for thread in threads:
        thread.start()
    idents = {thread.ident for thread in threads}

    def all_wait() -> bool:
        frames = vars(sys)["_current_frames"]()
        return all(
            ident not in frames or frames[ident].f_code.co_name == "wait" for ident in idents
        )

    until(all_wait)
    yield outcomes
    for thread in threads:
        thread.join(10.0)
        assert not thread.is_alive()


# One flight


def test_threads_share_one_renewal(okta: OktaOIDC, fake: FakeOkta, gate: Gate) -> None:
    users = okta.user_tokens("ada", MemoryTokenStore())
    users.save(signed_in(okta, fake, left=-1))
    gate.passed = 0
    gate.opened.clear()
    with crowd(users.token) as outcomes:
        gate.opened.set()
    assert gate.passed == 1
    assert len(outcomes) == _THREADS
    assert len(set(outcomes)) == 1


def test_sources_of_one_key_share_one_renewal(okta: OktaOIDC, fake: FakeOkta, gate: Gate) -> None:
    store = MemoryTokenStore()
    okta.user_tokens("ada", store).save(signed_in(okta, fake, left=-1))
    gate.passed = 0
    sources = [okta.user_tokens("ada", store) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(UserTokens.token, sources))
    assert gate.passed == 1
    assert len(found) == 1
    assert fake.families_ended == 0


def test_a_service_shares_one_request(okta: OktaOIDC, gate: Gate) -> None:
    source = okta.token_source(_GRANT)
    gate.opened.clear()
    with crowd(source.token) as outcomes:
        gate.opened.set()
    assert gate.passed == 1
    assert len(set(outcomes)) == 1
    assert source.tokens().scopes == ("api:read",)


def test_all_who_wait_are_told_by_errors_of_their_own(
    okta: OktaOIDC, fake: FakeOkta, gate: Gate
) -> None:
    store = MemoryTokenStore()
    users = okta.user_tokens("ada", store)
    tokens = signed_in(okta, fake, left=-1)
    users.save(tokens)
    assert tokens.refresh_token is not None
    okta.revoke(tokens.refresh_token)
    gate.passed = 0
    gate.opened.clear()
    with crowd(users.token) as errors:
        gate.opened.set()
    assert gate.passed == 1
    assert [error.reason for error in errors] == ["refused"] * _THREADS
    assert len({id(error) for error in errors}) == _THREADS
    assert len({id(error.__traceback__) for error in errors}) == _THREADS
    stored = store.load("ada")
    assert stored is not None
    assert tokens.refresh_token.encode() not in stored.value
    for source in (users, okta.user_tokens("ada", store)):
        with pytest.raises(SignInRequiredError):
            source.token()
    assert gate.passed == 1
    users.save(signed_in(okta, fake))
    assert okta.user_tokens("ada", store).token() == users.token()


def test_nobody_waits_while_the_old_token_is_good(
    okta: OktaOIDC, fake: FakeOkta, gate: Gate
) -> None:
    users = okta.user_tokens("ada", MemoryTokenStore())
    users.save(signed_in(okta, fake, left=100))
    old = renewal_of(users).era.held
    gate.opened.clear()
    waiting = gate.waiting
    with ThreadPoolExecutor(1) as threads:
        leader = threads.submit(users.token)
        until(lambda: gate.waiting > waiting)
        # The request is held at the gate, and is not waited for.
        assert users.token() == okta_token(old)
        gate.opened.set()
        assert leader.result(10.0) != okta_token(old)
    assert users.token() != okta_token(old)


def test_without_early_renewals_a_token_is_good_for_the_leeway(
    okta: OktaOIDC, fake: FakeOkta
) -> None:
    users = okta.user_tokens("ada", MemoryTokenStore(), early=0, leeway=10)
    tokens = signed_in(okta, fake, left=5)
    users.save(tokens)
    assert users.token() != tokens.access_token


def okta_token(held: Any) -> str:
    token: str = held.tokens.access_token
    return token


def renewal_of(users: UserTokens) -> Renewal:
    found: Renewal = vars(users)["_renewal"]
    return found


def test_threads_that_met_a_refusal_share_one_renewal(
    okta: OktaOIDC, fake: FakeOkta, gate: Gate
) -> None:
    users = okta.user_tokens("ada", MemoryTokenStore())
    users.save(signed_in(okta, fake))
    rejected = users.token()
    gate.passed = 0
    gate.opened.clear()
    with crowd(lambda: users.token(rejected=rejected)) as outcomes:
        gate.opened.set()
    assert gate.passed == 1
    assert len(set(outcomes)) == 1
    assert rejected not in outcomes


def test_an_interrupt_frees_those_who_wait(
    okta: OktaOIDC, fake: FakeOkta, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it left open, the claim tells: Okta is asked when that has outlived its lease."""
    monkeypatch.setattr("okta_oidc._holding._renewal.LEASE_MARGIN", -9.9)
    users = okta.user_tokens("ada", MemoryTokenStore())
    users.save(signed_in(okta, fake, left=-1))
    gate.opened.clear()
    gate.failure = KeyboardInterrupt()
    interrupted = threading.Event()

    def token() -> str:
        try:
            return users.token()
        except KeyboardInterrupt:
            gate.failure = None
            interrupted.set()
            return "interrupted"

    with crowd(token) as outcomes:
        gate.opened.set()
    assert interrupted.is_set()
    assert "interrupted" in outcomes
    assert len(set(outcomes)) == 2
    assert any(request.endpoint == "introspect" for request in fake.requests)
    assert fake.families_ended == 0


def test_a_fork_inherits_no_flight(okta: OktaOIDC, gate: Gate) -> None:
    source = okta.token_source(_GRANT)
    gate.opened.clear()
    with ThreadPoolExecutor(1) as threads:
        leader = threads.submit(source.token)
        until(lambda: gate.waiting > 0)
        child = os.fork()
        if not child:
            status = 1
            try:
                signal.alarm(10)
                gate.opened.set()
                status = 0 if source.token() else 2
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        gate.opened.set()
        assert leader.result(10.0)
    assert status == 0


# A service's grants


def test_a_function_makes_each_grant(okta: OktaOIDC) -> None:
    scopes = iter(["api:read", "api:write"])
    source = okta.token_source(lambda: ClientCredentialsGrant(scope=next(scopes)))
    first = source.tokens()
    assert first.scopes == ("api:read",)
    assert source.tokens(rejected=first.access_token).scopes == ("api:write",)
    with pytest.raises(StopIteration):
        next(scopes)


def test_what_the_function_raises_reaches_the_caller(okta: OktaOIDC, gate: Gate) -> None:
    def grant() -> ClientCredentialsGrant:
        raise LookupError("no subject")

    with pytest.raises(LookupError, match="no subject"):
        okta.token_source(grant).token()
    assert gate.passed == 0


def test_a_grant_is_repeated_after_any_failure(okta: OktaOIDC, fake: FakeOkta) -> None:
    source = okta.token_source(_GRANT)
    fake.faults.disconnect(endpoint="token", processed=True)
    with pytest.raises(TransportError):
        source.token()
    fake.faults.oauth_error(401, "invalid_client", endpoint="token")
    with pytest.raises(InvalidClientError):
        source.token()
    assert source.token()


def test_a_service_shares_its_tokens_by_a_store(okta: OktaOIDC, gate: Gate) -> None:
    store = MemoryTokenStore()
    sources = [okta.token_source(_GRANT, store=store, key="reports") for _ in range(3)]
    assert len({source.token() for source in sources}) == 1
    assert gate.passed == 1


def test_a_mapping_is_a_grant(okta: OktaOIDC) -> None:
    assert okta.token_source({"grant_type": "client_credentials", "scope": "api:read"}).token()


def test_a_grant_that_is_none(okta: OktaOIDC) -> None:
    nothing: Any = None
    with pytest.raises(ConfigurationError):
        okta.token_source(nothing).token()


def test_a_store_needs_a_key(okta: OktaOIDC) -> None:
    with pytest.raises(ConfigurationError, match="key"):
        okta.token_source(_GRANT, store=MemoryTokenStore())


def test_a_store_that_is_awaited_is_for_the_other_face(okta: OktaOIDC) -> None:
    awaited: Any = AsyncMemoryTokenStore()
    with pytest.raises(ConfigurationError, match="AsyncTokenStore"):
        okta.token_source(_GRANT, store=awaited, key="reports")
    with pytest.raises(ConfigurationError, match="AsyncTokenStore"):
        okta.user_tokens("ada", awaited)


def test_another_server_is_asked(okta: OktaOIDC, fake: FakeOkta) -> None:
    fake.add_authorization_server("other", scopes=["api:read"])
    okta.token_source(_GRANT, auth_server_id="other").token()
    assert fake.requests[-1].auth_server_id == "other"
    with pytest.raises(ConfigurationError):
        okta.user_tokens("ada", MemoryTokenStore(), auth_server_id="../x")


def test_a_scope_is_asked_for(okta: OktaOIDC, fake: FakeOkta) -> None:
    users = okta.user_tokens("ada", MemoryTokenStore(), scope="openid offline_access")
    users.save(signed_in(okta, fake, left=-1))
    assert set(users.tokens().scopes) == {"openid", "offline_access"}
    assert dict(fake.requests[-1].form)["scope"] == "openid offline_access"


def test_what_never_left_is_sent_again_under_the_same_claim() -> None:
    fake = FakeOkta()
    okta = fake.client(retry=None)
    tokens = signed_in(okta, fake)
    users = okta.user_tokens("ada", MemoryTokenStore(clock=fake.clock.now))
    users.save(replace(tokens, expires_at=None))
    fake.faults.exception(httpx.ConnectError, endpoint="token", times=2)
    assert users.token(rejected=tokens.access_token) != tokens.access_token
    fake.faults.exception(httpx.ConnectError, endpoint="token", times=3)
    with pytest.raises(TransportError):
        okta.token_source(_GRANT).token()


# Silence


def _texts(value: object) -> Generator[str]:
    yield repr(value)
    yield str(value)
    yield f"{value}"


def test_nothing_shows_a_token(
    okta: OktaOIDC, fake: FakeOkta, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = MemoryTokenStore()
    users = okta.user_tokens("session-of-ada", store)
    tokens = signed_in(okta, fake, left=-1)
    users.save(tokens)
    held = users.tokens()
    stored = store.load("session-of-ada")
    assert stored is not None
    secrets = {tokens.access_token, tokens.refresh_token, held.access_token, "session-of-ada"}
    shown = [stored, held, users, store, TokenAuth(users), okta.token_source(_GRANT)]
    shown += [renewal_of(users).era.held, renewal_of(users)]
    fake.faults.html(502, endpoint="token", times=9)
    with pytest.raises(Exception, match="502") as caught:
        users.token(rejected=held.access_token)
    texts = [text for value in shown for text in _texts(value)]
    texts += [record.getMessage() for record in caplog.records]
    texts.append(str(caught.value))
    for secret in secrets:
        assert secret is not None
        assert not [text for text in texts if secret in text]


def _locals_of(error: BaseException) -> str:
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    waiting: list[Any] = [found]
    frames: list[Any] = []
    while waiting:
        each = waiting.pop()
        frames += [frame for frame in each.stack if "okta_oidc" in frame.filename]
        waiting += [other for other in (each.__cause__, each.__context__) if other is not None]
    return repr([frame.locals for frame in frames])


class _BrokenStore:
    """A store that fails when it is written, or read."""

    def __init__(self, inner: TokenStore) -> None:
        self.inner: Final = inner
        self.fails = False

    def load(self, key: str, /) -> Any:
        return self.inner.load(key)

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        if self.fails:
            raise RuntimeError("the store is away")
        return self.inner.replace(key, value, expected=expected, version=version)


def test_no_frame_of_a_traceback_holds_a_token(okta: OktaOIDC, fake: FakeOkta) -> None:
    store = _BrokenStore(MemoryTokenStore())
    users = okta.user_tokens("ada", store)
    tokens = signed_in(okta, fake)
    users.save(tokens)
    rejected = users.token()
    errors: list[BaseException] = []

    def keep(call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  # looked at below
            errors.append(error)

    store.fails = True
    keep(lambda: users.token(rejected=rejected))
    keep(users.sign_out)
    keep(lambda: users.save(tokens))
    store.fails = False
    vars(renewal_of(users)).update(_forced_at=float("-inf"))
    fake.faults.html(502, endpoint="token")
    keep(lambda: users.token(rejected=rejected))
    assert [type(error).__name__ for error in errors] == ["RuntimeError"] * 3 + ["ServerError"]
    for error in errors:
        shown = _locals_of(error)
        for secret in (rejected, tokens.refresh_token):
            assert secret is not None
            assert secret not in shown


def test_what_was_held_up_while_it_was_signed_is_not_sent(fake: FakeOkta, gate: Gate) -> None:
    seconds = [4.0, 0.0]
    ahead = 0.0

    class Slow(ClientSecretBasic):
        def sign(self, form: bytes, url: str, lifetime: float = 300.0) -> tuple[str | None, bytes]:
            nonlocal ahead
            ahead += seconds.pop(0)
            return super().sign(form, url, lifetime)

    with opened(fake, gate) as okta:
        tokens = signed_in(okta, fake, left=0)
    gate.passed = 0
    auth = Slow(fake.client_id, fake.client_secret)
    with httpx.Client(transport=gate) as http, OktaOIDC(fake.url, auth, http_client=http) as okta:
        runtime = Runtime(monotonic=lambda: time.monotonic() + ahead)
        vars(okta)["_flow"].runtime = runtime
        users = okta.user_tokens("ada", MemoryTokenStore(clock=runtime.monotonic))
        users.save(tokens)
        assert users.token() != tokens.access_token
    # Signed twice, as the first came too late, and sent once.
    assert not seconds
    assert gate.passed == 1


def test_after_a_sign_out_no_answer_of_before_is_kept(fake: FakeOkta, gate: Gate) -> None:
    cache = IntrospectionCache(ttl=600)
    with opened(fake, gate, introspection_cache=cache) as okta:
        tokens = signed_in(okta, fake)
        users = okta.user_tokens("ada", MemoryTokenStore())
        users.save(tokens)
        held = (tokens.access_token, str(tokens.refresh_token))
        assert all(okta.introspect(token).active for token in held)
        assert cache.stats.calls == len(held)

        users.sign_out()

        assert not any(okta.introspect(token).active for token in held)


def test_after_a_sign_out_that_failed_no_answer_of_before_is_kept(
    fake: FakeOkta, gate: Gate
) -> None:
    cache = IntrospectionCache(ttl=600)
    with opened(fake, gate, introspection_cache=cache, retry=None) as okta:
        tokens = signed_in(okta, fake)
        users = okta.user_tokens("ada", MemoryTokenStore())
        users.save(tokens)
        assert okta.introspect(tokens.access_token).active
        fake.faults.html(502, endpoint="revoke")
        with pytest.raises(ServerError):
            users.sign_out()
        # It may have been processed.
        okta.introspect(tokens.access_token)
        assert cache.stats.calls == 2

        users.sign_out()

        assert not okta.introspect(tokens.access_token).active


def test_what_holds_tokens_is_not_pickled_and_not_doubled(okta: OktaOIDC) -> None:
    source = okta.token_source(_GRANT)
    users = okta.user_tokens("ada", MemoryTokenStore())
    for value in (source, users, TokenAuth(source), MemoryTokenStore(), AsyncMemoryTokenStore()):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(value)
        assert copy.copy(value) is value
        assert copy.deepcopy(value) is value


def test_only_tokens_are_saved(okta: OktaOIDC) -> None:
    nothing: Any = {"access_token": "a"}
    with pytest.raises(ConfigurationError):
        okta.user_tokens("ada", MemoryTokenStore()).save(nothing)


def test_the_faces_take_the_same(okta: OktaOIDC) -> None:
    for name in ("token_source", "user_tokens"):
        mine, other = (
            inspect.signature(getattr(face, name)).parameters.values()
            for face in (OktaOIDC, AsyncOktaOIDC)
        )
        assert [(each.name, each.kind, each.default) for each in mine] == [
            (each.name, each.kind, each.default) for each in other
        ]


# Clients that prove themselves by keys


def test_an_assertion_ends_with_its_claim() -> None:
    """Sent by a process that was stopped on the way, it is refused when others may be at it."""
    fake = FakeOkta(ticking=True)
    client = fake.add_client(auth_method="client_secret_jwt")
    assert client.client_secret is not None
    ends: list[float] = []

    class Look(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            form = dict(parse_qsl(request.read().decode()))
            payload = form["client_assertion"].split(".")[1]
            claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            ends.append(claims["exp"] - time.time())
            return fake.transport.handle_request(request)

    auth = ClientSecretJwt(client.client_id, client.client_secret)
    with httpx.Client(transport=Look()) as http, OktaOIDC(fake.url, auth, http_client=http) as okta:
        code = fake.authorize(_CALLBACK, client_id=client.client_id)
        tokens = okta.token_for_code(code, _CALLBACK)
        users = okta.user_tokens("ada", MemoryTokenStore())
        users.save(tokens)
        renewed = users.token(rejected=tokens.access_token)
        okta.token_source(_GRANT).token()
    assert renewed != tokens.access_token
    usual, refresh, grant = ends
    assert 290 < usual <= 300
    # The time limit of 10 seconds, and 5.
    assert 9 < refresh <= 15
    assert 9 < grant <= 15


def test_bound_tokens_are_renewed_by_their_key() -> None:
    fake = FakeOkta(ticking=True)
    client = fake.add_client(dpop_bound_access_tokens=True)
    okta = fake.client(client_id=client.client_id)
    code = fake.authorize(_CALLBACK, client_id=client.client_id)
    tokens = okta.token_for_code(code, _CALLBACK)
    users = okta.user_tokens("ada", MemoryTokenStore())
    users.save(tokens)
    held = users.tokens(rejected=tokens.access_token)
    assert held.token_type == "DPoP"
    assert held.access_token != tokens.access_token
    assert users.dpop is not None

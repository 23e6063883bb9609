"""The keys of an issuer: one question for all who wait, and no question too many."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, cast

import anyio
import anyio.lowlevel
import httpx
import pytest
import trio
from anyio import to_thread
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, RSAKey
from okta_oidc import MalformedResponseError, TransportError, TransportTimeoutError
from okta_oidc._http import Reply

from ._jwts import (
    NOW,
    AsyncKeyCache,
    Clock,
    KeyCache,
    key_set,
    keys_reply,
    published,
    signed,
    signing_key,
)

DAY: Final = 86_400.0
PATIENT: Final = 20.0


class Endpoint:
    """Answers for keys. ``reply`` is what it answers, or raises; ``limits`` what it was given."""

    def __init__(self, *names: str) -> None:
        self.reply: Reply | Exception = keys_reply(*map(published, names or ("key-1",)))
        self.limits: Final[list[float]] = []
        self.opened: Final = threading.Event()
        self.opened.set()
        self.entered: Final = threading.Event()

    @property
    def fetches(self) -> int:
        return len(self.limits)

    def fetch(self, limit: float) -> Reply:
        self.limits.append(limit)
        self.entered.set()
        assert self.opened.wait(PATIENT)
        return self._answer()

    async def fetch_async(self, limit: float) -> Reply:
        self.limits.append(limit)
        self.entered.set()
        if not self.opened.is_set():
            await to_thread.run_sync(self.opened.wait, PATIENT, abandon_on_cancel=True)
        return self._answer()

    def _answer(self) -> Reply:
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    def publish(self, *names: str, **options: Any) -> None:
        self.reply = keys_reply(*map(published, names), **options)

    def fail(self) -> None:
        self.reply = TransportTimeoutError("no answer", request_sent=None)

    @contextmanager
    def hung(self) -> Generator[None]:
        self.opened.clear()
        try:
            yield
        finally:
            self.opened.set()


class Cache:
    """A cache of either face, asked as if it were synchronous."""

    def __init__(self, kind: str, endpoint: Endpoint) -> None:
        self.kind: Final = kind
        self.clock: Final = Clock()
        self.endpoint: Final = endpoint
        self._sync: Final = KeyCache(endpoint.fetch, self.clock)
        self._async: Final = AsyncKeyCache(endpoint.fetch_async, self.clock)

    def kid(self, kid: str | None) -> str | None:
        """The name of the key that is found."""
        key = self._sync.key(kid) if self.kind == "sync" else self.all(kid)[0]
        return None if key is None else key.kid

    def all(self, *kids: str | None) -> list[Any]:
        """What each of as many threads or tasks gets, a key or an error."""
        if self.kind == "sync":

            def one(kid: str | None) -> Any:
                start.wait(PATIENT)
                try:
                    return self._sync.key(kid)
                except Exception as error:  # noqa: BLE001  # looked at by the test
                    return error

            start = threading.Barrier(len(kids))
            with ThreadPoolExecutor(len(kids)) as pool:
                return list(pool.map(one, kids))
        found: list[Any] = [None] * len(kids)

        async def one_async(index: int, kid: str | None) -> None:
            try:
                found[index] = await self._async.key(kid)
            except Exception as error:  # noqa: BLE001  # looked at by the test
                found[index] = error

        async def main() -> None:
            async with anyio.create_task_group() as group:
                for index, kid in enumerate(kids):
                    group.start_soon(one_async, index, kid)
            await settled()

        anyio.run(main, backend=self.kind)
        if len(kids) == 1 and isinstance(found[0], Exception):
            raise found[0]
        return found


async def settled() -> None:
    """Let what goes on behind go on."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


@pytest.fixture(params=["sync", "asyncio", "trio"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def cache(kind: str, endpoint: Endpoint) -> Cache:
    return Cache(kind, endpoint)


# How long keys are good


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("max-age=1200", 1200),
        ("public, max-age=1200, must-revalidate", 1200),
        ("Max-Age = 1200", 1200),
        ('max-age="1200"', 1200),
        ("max-age=3832304", 3600),
        ("max-age=3600", 3600),
        ("max-age=10", 300),
        ("max-age=0", 300),
        ("no-store", 300),
        ("", 300),
        ("max-age=-5", 300),
        ("max-age=soon", 300),
        ("s-maxage=1200", 300),
        ("xmax-age=1200", 300),
        ("max-age=99999999999999999999", 3600),
    ],
)
def test_keys_are_fresh_for_as_long_as_okta_says_within_bounds(
    cache: Cache, endpoint: Endpoint, cache_control: str, seconds: int
) -> None:
    headers = httpx.Headers({"cache-control": cache_control})
    endpoint.reply = Reply(200, headers, key_set(published("key-1")))
    assert cache.kid("key-1") == "key-1"

    cache.clock.at = NOW + seconds - 1
    assert cache.kid("key-1") == "key-1"
    assert endpoint.fetches == 1

    cache.clock.at = NOW + seconds
    assert cache.kid("key-1") == "key-1"
    assert endpoint.fetches == 2


def test_a_key_that_is_withdrawn_is_gone_with_the_renewal(cache: Cache, endpoint: Endpoint) -> None:
    assert cache.kid("key-1") == "key-1"
    endpoint.publish("key-2")

    cache.clock.at = NOW + 3600
    assert cache.kid("key-1") == "key-1"  # the one that it is renewed behind
    assert cache.kid("key-1") is None
    assert cache.kid("key-2") == "key-2"
    assert endpoint.fetches == 2


def test_keys_that_sign_no_tokens_are_an_answer(cache: Cache, endpoint: Endpoint) -> None:
    assert cache.kid("key-1") == "key-1"
    curve = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "key-2"}
    endpoint.reply = keys_reply(curve, published("key-3", use="enc"))

    cache.clock.at = NOW + 3600
    assert cache.kid("key-1") == "key-1"
    for kid in ("key-1", "key-2", "key-3"):
        assert cache.kid(kid) is None
    assert endpoint.fetches == 2

    assert Cache(cache.kind, endpoint).kid("key-2") is None


# One question for all


def test_all_who_wait_for_the_first_keys_ask_once(cache: Cache, endpoint: Endpoint) -> None:
    found = cache.all(*["key-1"] * (32 if cache.kind == "sync" else 500))

    assert {key.kid for key in found} == {"key-1"}
    assert endpoint.fetches == 1


def test_all_who_meet_a_new_key_ask_once(cache: Cache, endpoint: Endpoint) -> None:
    cache.kid("key-1")
    endpoint.publish("key-1", "key-2")
    cache.clock.at = NOW + 60

    found = cache.all(*["key-2"] * (32 if cache.kind == "sync" else 500))

    assert {key.kid for key in found} == {"key-2"}
    assert endpoint.fetches == 2


def test_made_up_key_ids_ask_once_in_thirty_seconds(cache: Cache, endpoint: Endpoint) -> None:
    cache.kid("key-1")
    cache.clock.at = NOW + 60
    for start in range(0, 10_000, 500):
        cache.clock.at += 1.4
        assert cache.all(*(f"made-up-{start + n}" for n in range(10))) == [None] * 10
    assert endpoint.fetches == 2

    # And not before it, when the keys have just come.
    cache.clock.at = NOW + 60 + 1.4 + 29.9
    assert cache.kid("made-up") is None
    assert endpoint.fetches == 2
    cache.clock.at = NOW + 60 + 1.4 + 30
    assert cache.kid("made-up") is None
    assert endpoint.fetches == 3


def test_a_key_that_comes_in_the_pause_is_found_after_it(cache: Cache, endpoint: Endpoint) -> None:
    cache.kid("key-1")
    endpoint.publish("key-1", "key-2")
    cache.clock.at = NOW + 29
    assert cache.kid("key-2") is None
    cache.clock.at = NOW + 30
    assert cache.kid("key-2") == "key-2"


# Okta is away


def test_keys_serve_a_day_after_their_time(cache: Cache, endpoint: Endpoint) -> None:
    cache.kid("key-1")
    endpoint.fail()

    for hour in range(1, 25):
        cache.clock.at = NOW + 3600 * hour
        assert cache.kid("key-1") == "key-1"
    cache.clock.at = NOW + 3600 + DAY
    # Then they are none, and are asked for as seldom as any.
    fetches = endpoint.fetches
    for _ in range(3):
        with pytest.raises(TransportTimeoutError):
            cache.kid("key-1")
    assert endpoint.fetches == fetches + 1

    endpoint.publish("key-1")
    cache.clock.at += 30
    assert cache.kid("key-1") == "key-1"


def test_an_outage_is_asked_about_seldom(cache: Cache, endpoint: Endpoint) -> None:
    cache.kid("key-1")
    endpoint.fail()
    for second in range(600):
        cache.clock.at = NOW + 3600 + second
        assert cache.kid("key-1") == "key-1"

    assert 3 <= endpoint.fetches - 1 <= 600 / 5


def test_one_failure_is_every_waiters_own(cache: Cache, endpoint: Endpoint) -> None:
    endpoint.fail()
    with endpoint.hung():
        release = threading.Timer(0.05, endpoint.opened.set)
        release.start()
        errors = cache.all(*["key-1"] * 8)
        release.join()

    assert endpoint.fetches == 1
    assert {type(error) for error in errors} == {TransportTimeoutError}
    assert len({id(error) for error in errors}) == 8
    assert {str(error) for error in errors} == {"no answer"}
    assert {error.request_sent for error in errors} == {None}


def test_a_first_failure_is_kept_for_five_seconds(cache: Cache, endpoint: Endpoint) -> None:
    endpoint.fail()
    errors: list[Exception] = []
    for made_up in range(5):
        with pytest.raises(TransportTimeoutError) as caught:
            cache.kid(f"made-up-{made_up}")
        errors.append(caught.value)
    assert endpoint.fetches == 1
    assert len({id(error) for error in errors}) == 5

    endpoint.publish("key-1")
    cache.clock.at = NOW + 4.9
    with pytest.raises(TransportTimeoutError):
        cache.kid("key-1")
    cache.clock.at = NOW + 5
    assert cache.kid("key-1") == "key-1"
    assert endpoint.fetches == 2


def test_made_up_key_ids_ask_seldom_while_there_are_no_keys(
    cache: Cache, endpoint: Endpoint
) -> None:
    endpoint.fail()
    asked: list[float] = []
    for second in range(126):
        cache.clock.at = NOW + second
        with pytest.raises(TransportTimeoutError):
            cache.kid(f"made-up-{second}")
        if endpoint.fetches > len(asked):
            asked.append(second)
    assert asked == [0, 5, 15, 35, 65, 95, 125]

    # However long it was away: nobody waits for more than thirty seconds to let users in again.
    endpoint.publish("key-1")
    cache.clock.at += 30
    assert cache.kid("key-1") == "key-1"


def test_a_key_that_could_not_be_asked_for_is_not_called_unknown(
    cache: Cache, endpoint: Endpoint
) -> None:
    # "Unknown" would tell an API that the token is wrong, which nobody has found out.
    cache.kid("key-1")
    endpoint.fail()
    cache.clock.at = NOW + 60
    for _ in range(3):
        with pytest.raises(TransportTimeoutError):
            cache.kid("key-2")
    assert endpoint.fetches == 2
    assert cache.kid("key-1") == "key-1"


def test_a_renewal_that_raises_anything_is_nobodys(cache: Cache, endpoint: Endpoint) -> None:
    cache.kid("key-1")
    endpoint.reply = RuntimeError("a hook's own")
    cache.clock.at = NOW + 3600

    assert cache.kid("key-1") == "key-1"
    cache.clock.at = NOW + 3600 + 60
    with pytest.raises(RuntimeError, match="a hook's own"):
        cache.kid("key-2")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html><title>Sign in</title>",
        b'{"keys":null}',
        b'{"keys":[]}',
        b'{"keys":{}}',
        b'{"keys":"x"}',
        b'{"keys":[null,5,"x",[],{}]}',
        b"[]",
        b"null",
        b'{"error":"x"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_an_answer_without_keys_leaves_those_at_hand(
    cache: Cache, endpoint: Endpoint, body: bytes
) -> None:
    cache.kid("key-1")
    endpoint.reply = Reply(200, httpx.Headers(), body)
    cache.clock.at = NOW + 3600

    assert cache.kid("key-1") == "key-1"
    assert endpoint.fetches == 2
    assert cache.kid("key-1") == "key-1"

    with pytest.raises(MalformedResponseError):
        Cache(cache.kind, endpoint).kid("key-1")


def test_an_answer_that_was_cut_short_leaves_those_at_hand(
    cache: Cache, endpoint: Endpoint
) -> None:
    cache.kid("key-1")
    endpoint.reply = Reply(200, httpx.Headers(), key_set(published("key-2"))[:-1])
    cache.clock.at = NOW + 3600

    assert cache.kid("key-1") == "key-1"
    assert cache.kid("key-1") == "key-1"


# Nobody waits for what is there


def test_a_hung_endpoint_holds_no_task_that_has_a_key(endpoint: Endpoint) -> None:
    for kind in ("asyncio", "trio"):
        cache = Cache(kind, endpoint)
        cache.kid("key-1")
        cache.clock.at = NOW + 3600
        with endpoint.hung():
            assert [key.kid for key in cache.all(*["key-1"] * 8)] == ["key-1"] * 8


def test_a_hung_endpoint_holds_one_thread_for_a_second_and_no_other(endpoint: Endpoint) -> None:
    cache = Cache("sync", endpoint)
    cache.kid("key-1")
    cache.clock.at = NOW + 3600
    endpoint.entered.clear()
    with endpoint.hung(), ThreadPoolExecutor(1) as pool:
        held = pool.submit(cache.kid, "key-1")
        assert endpoint.entered.wait(PATIENT)
        for _ in range(8):
            assert cache.kid("key-1") == "key-1"
        assert not held.done()
        endpoint.opened.set()
        assert held.result(PATIENT) == "key-1"
    assert endpoint.limits == pytest.approx([10.0, 1.0], abs=0.1)


def test_who_needs_a_new_key_gets_it_from_a_renewal_under_way(endpoint: Endpoint) -> None:
    cache = Cache("sync", endpoint)
    cache.kid("key-1")
    cache.clock.at = NOW + 3600
    endpoint.publish("key-1", "key-2")
    endpoint.entered.clear()
    with endpoint.hung(), ThreadPoolExecutor(2) as pool:
        renewing = pool.submit(cache.kid, "key-1")
        assert endpoint.entered.wait(PATIENT)
        asking = pool.submit(cache.kid, "key-2")
        endpoint.opened.set()
        assert (renewing.result(PATIENT), asking.result(PATIENT)) == ("key-1", "key-2")


def test_who_joins_a_renewal_that_fails_is_told_so(endpoint: Endpoint) -> None:
    cache = Cache("sync", endpoint)
    cache.kid("key-1")
    cache.clock.at = NOW + 3600
    endpoint.fail()
    endpoint.entered.clear()
    with endpoint.hung(), ThreadPoolExecutor(2) as pool:
        renewing = pool.submit(cache.kid, "key-1")
        assert endpoint.entered.wait(PATIENT)
        asking = pool.submit(cache.kid, "key-2")
        endpoint.opened.set()
        assert renewing.result(PATIENT) == "key-1"
        assert isinstance(asking.exception(PATIENT), TransportError)


# Whoever goes away


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_first_task_that_is_cancelled_spoils_none(backend: str, endpoint: Endpoint) -> None:
    cache = AsyncKeyCache(endpoint.fetch_async, Clock())
    found: list[str | None] = []

    async def first(scope: anyio.CancelScope) -> None:
        with scope:
            await cache.key("key-1")
            raise AssertionError

    async def other() -> None:
        key = await cache.key("key-1")
        found.append(None if key is None else key.kid)

    async def main() -> None:
        scope = anyio.CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(first, scope)
            await settled()
            for _ in range(20):
                group.start_soon(other)
            await settled()
            scope.cancel()
            await settled()
            endpoint.opened.set()

    with endpoint.hung():
        anyio.run(main, backend=backend)

    assert found == ["key-1"] * 20
    assert endpoint.fetches == 1


def test_tasks_of_several_loops_ask_once(endpoint: Endpoint) -> None:
    cache = AsyncKeyCache(endpoint.fetch_async, Clock())
    ready = threading.Barrier(4 + 1)

    async def one() -> str | None:
        ready.wait(PATIENT)
        key = await cache.key("key-1")
        return None if key is None else key.kid

    def on_trio() -> str | None:
        return trio.run(one)

    def on_asyncio() -> str | None:
        return asyncio.run(one())

    with endpoint.hung(), ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(run) for run in (on_asyncio, on_trio, on_asyncio, on_trio)]
        ready.wait(PATIENT)
        assert endpoint.entered.wait(PATIENT)
        endpoint.opened.set()
        assert [each.result(PATIENT) for each in asked] == ["key-1"] * 4
    assert endpoint.fetches == 1


def ignore(*_: object) -> None:
    pass


@pytest.mark.parametrize("end", ["cancelled", "closed"])
def test_a_loop_that_ends_in_the_middle_leaves_the_question_to_others(
    end: str, endpoint: Endpoint
) -> None:
    cache = AsyncKeyCache(endpoint.fetch_async, Clock())

    async def leave() -> None:
        asking = asyncio.ensure_future(cache.key("key-1"))
        await settled()
        asking.cancel()

    with endpoint.hung():
        if end == "cancelled":
            asyncio.run(leave())
        else:
            loop = asyncio.new_event_loop()
            loop.run_until_complete(leave())
            # What is left of it complains to the loop's own handler when it is collected.
            loop.set_exception_handler(ignore)
            loop.close()
        assert endpoint.entered.is_set()

    async def stay() -> str | None:
        key = await cache.key("key-1")
        return None if key is None else key.kid

    assert asyncio.run(stay()) == "key-1"
    assert endpoint.fetches == 2


def test_an_interrupt_leaves_the_question_to_others(endpoint: Endpoint) -> None:
    def interrupted(limit: float) -> Reply:
        if endpoint.fetches == 0:
            endpoint.limits.append(limit)
            raise KeyboardInterrupt
        return endpoint.fetch(limit)

    cache = KeyCache(interrupted, Clock())
    with pytest.raises(KeyboardInterrupt):
        cache.key("key-1")

    assert cache.key("key-1") is not None


def test_who_waits_for_one_that_is_interrupted_asks_again(endpoint: Endpoint) -> None:
    def interrupted(limit: float) -> Reply:
        if endpoint.fetches:
            return endpoint.fetch(limit)
        endpoint.fetch(limit)
        raise KeyboardInterrupt

    def asking() -> object:
        started.set()
        return cache.key("key-1")

    started = threading.Event()
    cache = KeyCache(interrupted, Clock())
    with endpoint.hung(), ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.key, "key-1")
        assert endpoint.entered.wait(PATIENT)
        second = pool.submit(asking)
        assert started.wait(PATIENT)
        endpoint.opened.set()
        assert isinstance(first.exception(PATIENT), KeyboardInterrupt)
        assert second.result(PATIENT) is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_question_asks_its_own(endpoint: Endpoint) -> None:
    cache = Cache("sync", endpoint)
    with endpoint.hung(), ThreadPoolExecutor(1) as pool:
        asking = pool.submit(cache.kid, "key-1")
        assert endpoint.entered.wait(PATIENT)
        child = os.fork()
        if child == 0:
            endpoint.opened.set()
            os._exit(0 if cache.kid("key-1") == "key-1" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        endpoint.opened.set()
        assert asking.result(PATIENT) == "key-1"


# Junk


def junk() -> dict[str, object]:
    good = published("key-9")
    n = str(good["n"])
    return {
        "null": None,
        "a number": 5,
        "a list": [good],
        "no kty": {k: v for k, v in good.items() if k != "kty"},
        "another kty": {**good, "kty": "EC"},
        "kty in lower case": {**good, "kty": "rsa"},
        "no n": {k: v for k, v in good.items() if k != "n"},
        "n a number": {**good, "n": 5},
        "n null": {**good, "n": None},
        "n empty": {**good, "n": ""},
        "n no base64": {**good, "n": "***"},
        "n padded": {**good, "n": n + "=="},
        "n endless": {**good, "n": n * 1000},
        "no e": {k: v for k, v in good.items() if k != "e"},
        "e one": {**good, "e": "AQ"},
        "e even": {**good, "e": "Ag"},
        "e zero": {**good, "e": "AA"},
        "e endless": {**good, "e": n},
        "no kid": {k: v for k, v in good.items() if k != "kid"},
        "kid a number": {**good, "kid": 5},
        "kid null": {**good, "kid": None},
        "to encrypt": {**good, "use": "enc"},
        "use null": {**good, "use": None},
        "use a list": {**good, "use": ["sig"]},
        "RS512": {**good, "alg": "RS512"},
        "RSA-OAEP": {**good, "alg": "RSA-OAEP"},
        "alg null": {**good, "alg": None},
        "to sign": {**good, "key_ops": ["sign"]},
        "key_ops empty": {**good, "key_ops": []},
        "key_ops text": {**good, "key_ops": "verify"},
        "key_ops odd": {**good, "key_ops": ["verify", {}]},
        "key_ops mixed": {**good, "key_ops": ["verify", "encrypt"]},
        "private": {**signing_key("key-9").as_dict(private=True), "kid": "key-9"},
        "oct": {**OctKey.generate_key(256).as_dict(private=True), "kid": "key-9"},
        "EC": {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "key-9"},
        "a curve that is none": {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "kid": "key-9"},
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", list(junk()))
@pytest.mark.parametrize("first", [True, False])
def test_junk_stops_no_other_key_and_is_none(name: str, first: bool) -> None:
    good = published("key-1")
    keys = [junk()[name], good] if first else [good, junk()[name]]
    cache = KeyCache(lambda limit: keys_reply(*keys), Clock())

    found = cache.key("key-1")
    assert found is not None
    assert found.kid == "key-1"
    assert cache.key("key-9") is None
    # Nor does it make the one that is meant without a name a question.
    assert cache.key(None) is found


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_key_under_2048_bits_is_none() -> None:
    weak = signing_key("weak", 1024).as_dict(private=False, kid="key-9")
    cache = KeyCache(lambda limit: keys_reply(weak, published("key-1")), Clock())

    assert cache.key("key-9") is None
    assert cache.key("key-1") is not None


def test_junk_of_a_good_keys_name_is_no_second_key() -> None:
    keys = [published("key-1", use="enc"), published("key-1"), published("key-1", n="***")]
    cache = KeyCache(lambda limit: keys_reply(*keys), Clock())

    assert cache.key("key-1") is not None


def test_members_that_do_not_make_a_key_are_not_looked_at() -> None:
    odd = published("key-1", x5c=5, x5t=[], x5u="nowhere", status="EXPIRED", exp="soon")
    cache = KeyCache(lambda limit: keys_reply(odd), Clock())

    assert cache.key("key-1") is not None


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["RSA", "e"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kty", "n", "e", "kid", "use", "alg", "key_ops", "keys", "d"]), inner
        )
    ),
    max_leaves=8,
)


def answered(jwks: list[object], limit: float) -> Reply:
    return keys_reply(*jwks)


@settings(deadline=None)
@given(st.lists(JSON, max_size=4), JSON)
def test_no_key_set_brings_another_error(keys: list[object], members: object) -> None:
    half = (
        {**published("key-9"), **cast("dict[str, object]", members)}
        if isinstance(members, dict)
        else members
    )
    for jwks in (keys, [half], [*keys, half, published("key-1")]):
        cache = KeyCache(partial(answered, jwks), Clock())
        try:
            cache.key("key-1")
        except MalformedResponseError:
            assert published("key-1") not in jwks


def test_what_was_published_verifies_what_was_signed() -> None:
    key = KeyCache(lambda limit: keys_reply(published("key-1")), Clock()).key("key-1")
    assert isinstance(key, RSAKey)
    assert key.is_private is False
    assert signed({}, key="key-1")

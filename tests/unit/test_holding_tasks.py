"""Held tokens and the tasks, and event loops, that share them."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import anyio
import anyio.lowlevel
import httpx
import pytest
import trio
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    IntrospectionCache,
    OktaOIDC,
    SignInRequiredError,
    Tokens,
)
from okta_oidc._holding import AsyncMemoryTokenStore, AsyncUserTokens
from okta_oidc._holding._rows import Row
from okta_oidc.testing import FakeOkta
from okta_oidc_api.models import ClientCredentialsGrant

_CALLBACK: Final = "https://localhost/callback"
_TASKS: Final = 1000

both_loops = pytest.mark.parametrize("backend", ["asyncio", "trio"])


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    with anyio.fail_after(10):
        while not condition():  # noqa: ASYNC110  # nobody tells
            await anyio.sleep(0.001)


class Gate(httpx.AsyncBaseTransport):
    """Lets requests for tokens through once it is open, and counts them.

    A request that is ``lost`` is processed, and its answer never comes.
    """

    def __init__(self, fake: FakeOkta) -> None:
        self.fake: Final = fake
        self.waiting = 0
        self.passed = 0
        self.is_open = True
        self.is_lost = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.waiting += 1
            if self.is_lost:
                await self.fake.transport.handle_async_request(request)
                await anyio.sleep_forever()
            await until(lambda: self.is_open)
            self.passed += 1
        return await self.fake.transport.handle_async_request(request)


class World:
    """An Okta behind a gate, a store, and clients by this machine's clocks."""

    def __init__(self) -> None:
        self.fake: Final = FakeOkta(leeway=0, ticking=True, rate_limit=None)
        self.gate: Final = Gate(self.fake)
        self.store: Final = AsyncMemoryTokenStore()
        self.auth: Final = ClientSecretBasic(self.fake.client_id, self.fake.client_secret)

    def tokens(self, *, left: float = 3600) -> Tokens:
        """Tokens whose access token ends in so many seconds."""
        with OktaOIDC(
            self.fake.url, self.auth, http_client=httpx.Client(transport=self.fake.transport)
        ) as okta:
            tokens = okta.token_for_code(self.fake.authorize(_CALLBACK), _CALLBACK)
        return replace(tokens, expires_at=datetime.now(UTC) + timedelta(seconds=left))

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncGenerator[AsyncOktaOIDC]:
        async with (
            httpx.AsyncClient(transport=self.gate) as http,
            AsyncOktaOIDC(self.fake.url, self.auth, http_client=http, **options) as okta,
        ):
            yield okta

    async def refresh_token(self) -> str:
        """What is stored."""
        stored = await self.store.load("ada")
        assert stored is not None
        token = Row.decoded(stored.value).refresh_token
        assert token is not None
        return token


async def gathered(call: Callable[[], Awaitable[Any]], size: int) -> list[Any]:
    """The outcomes of so many tasks, errors included."""
    outcomes: list[Any] = []

    async def run() -> None:
        try:
            outcomes.append(await call())
        except Exception as error:  # noqa: BLE001  # looked at by the test
            outcomes.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(size):
            tasks.start_soon(run)
    return outcomes


@both_loops
def test_tasks_share_one_renewal(backend: str) -> None:
    async def main() -> None:
        world = World()
        async with world.client() as okta:
            users = okta.user_tokens("ada", world.store)
            await users.save(world.tokens(left=-1))
            outcomes = await gathered(users.token, _TASKS)
        assert world.gate.passed == 1
        assert len(outcomes) == _TASKS
        assert len(set(outcomes)) == 1

    anyio.run(main, backend=backend)


@both_loops
def test_all_who_wait_are_told_by_errors_of_their_own(backend: str) -> None:
    async def main() -> None:
        world = World()
        async with world.client() as okta:
            users = okta.user_tokens("ada", world.store)
            tokens = world.tokens(left=-1)
            assert tokens.refresh_token is not None
            await users.save(tokens)
            await okta.revoke(tokens.refresh_token)
            errors = await gathered(users.token, 8)
            assert [error.reason for error in errors] == ["refused"] * 8
            assert len({id(error) for error in errors}) == 8
            assert world.gate.passed == 1
            await users.save(world.tokens())
            assert await okta.user_tokens("ada", world.store).token() == await users.token()

    anyio.run(main, backend=backend)


@both_loops
def test_no_task_waits_while_the_old_token_is_good(backend: str) -> None:
    async def main() -> None:
        world = World()
        async with world.client() as okta:
            users = okta.user_tokens("ada", world.store)
            tokens = world.tokens(left=100)
            await users.save(tokens)
            world.gate.is_open = False
            # Whoever begins the renewal does not wait for it either.
            for _ in range(5):
                assert await users.token() == tokens.access_token
            await until(lambda: world.gate.waiting == 1)
            assert await users.token() == tokens.access_token
            world.gate.is_open = True
            await until(lambda: world.gate.passed == 1)
            await users.token(rejected=tokens.access_token)
        assert world.gate.passed == 1

    anyio.run(main, backend=backend)


@both_loops
def test_a_cancelled_leader_leaves_its_flight_to_the_others(backend: str) -> None:
    async def main() -> None:
        world = World()
        found: list[str] = []
        async with world.client() as okta:
            users = okta.user_tokens("ada", world.store)
            await users.save(world.tokens(left=-1))
            world.gate.is_open = False

            async def follow() -> None:
                found.append(await users.token())

            async with anyio.create_task_group() as others:
                async with anyio.create_task_group() as leader:
                    leader.start_soon(users.token)
                    await until(lambda: world.gate.waiting == 1)
                    others.start_soon(follow)
                    others.start_soon(follow)
                    await anyio.lowlevel.checkpoint()
                    leader.cancel_scope.cancel()
                world.gate.is_open = True
        assert len(found) == 2
        assert world.gate.passed == world.gate.waiting == 1

    anyio.run(main, backend=backend)


@both_loops
def test_what_all_have_cancelled_is_stored_all_the_same(backend: str) -> None:
    async def main() -> None:
        world = World()
        async with world.client() as okta:
            users = okta.user_tokens("ada", world.store)
            tokens = world.tokens(left=-1)
            await users.save(tokens)
            world.gate.is_open = False
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(users.token)
                await until(lambda: world.gate.waiting == 1)
                tasks.cancel_scope.cancel()
            world.gate.is_open = True
            await until(lambda: world.gate.passed == 1)
            await users.token()
        assert world.gate.passed == 1

    anyio.run(main, backend=backend)


def test_trio_ends_after_what_was_presented_is_stored() -> None:
    """Its system tasks are cancelled when the main task ends: this one is shielded."""
    world = World()
    tokens = world.tokens(left=-1)
    http = httpx.AsyncClient(transport=world.gate)
    okta = AsyncOktaOIDC(world.fake.url, world.auth, http_client=http)
    users = okta.user_tokens("ada", world.store)

    async def main() -> None:
        await users.save(tokens)
        world.gate.is_open = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(users.token)
            await until(lambda: world.gate.waiting == 1)
            nursery.cancel_scope.cancel()
        threading.Timer(0.05, lambda: setattr(world.gate, "is_open", True)).start()

    trio.run(main)
    assert world.gate.passed == 1
    assert trio.run(world.refresh_token) != tokens.refresh_token
    trio.run(http.aclose)


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_loop_that_is_closed_in_mid_flight(
    is_lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next loop asks Okta what became of it."""
    monkeypatch.setattr("okta_oidc._holding._renewal.LEASE_MARGIN", -0.9)
    world = World()
    tokens = world.tokens(left=-1)
    http = httpx.AsyncClient(transport=world.gate)
    okta = AsyncOktaOIDC(world.fake.url, world.auth, http_client=http, timeout=1.0)
    users = okta.user_tokens("ada", world.store)
    asyncio.run(users.save(tokens))

    world.gate.is_open = False
    world.gate.is_lost = is_lost
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        task = asyncio.ensure_future(users.token())
        await until(lambda: world.gate.waiting == 1)
        del task

    loop.run_until_complete(begin())
    loop.close()
    with warnings.catch_warnings():
        # Whoever closes a loop over its tasks is told so when they are collected.
        warnings.simplefilter("ignore")
        gc.collect()

    world.gate.is_open, world.gate.is_lost = True, False
    if is_lost:
        with pytest.raises(SignInRequiredError) as caught:
            asyncio.run(users.token())
        assert caught.value.reason == "lost"
    else:
        assert asyncio.run(users.token())
    assert world.fake.families_ended == 0
    asyncio.run(http.aclose())


def test_two_loops_share_one_renewal() -> None:
    world = World()
    tokens = world.tokens(left=-1)
    found: list[str] = []
    http = httpx.AsyncClient(transport=world.gate)
    okta = AsyncOktaOIDC(world.fake.url, world.auth, http_client=http)
    users = okta.user_tokens("ada", world.store)
    asyncio.run(users.save(tokens))

    async def take() -> None:
        found.append(await users.token())

    threads = [threading.Thread(target=asyncio.run, args=(take(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert world.gate.passed == 1


@both_loops
def test_after_a_sign_out_no_answer_of_before_is_kept(backend: str) -> None:
    async def main() -> None:
        world = World()
        async with world.client(introspection_cache=IntrospectionCache(ttl=600)) as okta:
            tokens = world.tokens()
            users = okta.user_tokens("ada", world.store)
            await users.save(tokens)
            for token in (tokens.access_token, str(tokens.refresh_token)):
                assert (await okta.introspect(token)).active

            await users.sign_out()

            for token in (tokens.access_token, str(tokens.refresh_token)):
                assert not (await okta.introspect(token)).active

    anyio.run(main, backend=backend)


@both_loops
def test_the_rest_of_the_face(backend: str) -> None:
    async def main() -> None:
        world = World()
        async with world.client() as okta:
            users = okta.user_tokens("ada", world.store)
            await users.save(world.tokens())
            first = await users.tokens()
            second = await users.tokens(rejected=first.access_token)
            assert second.access_token != first.access_token
            assert await users.token(rejected=second.access_token) == second.access_token
            await users.close()
            await users.sign_out()
            assert world.fake.requests[-1].endpoint == "revoke"
            with pytest.raises(SignInRequiredError) as caught:
                await users.token()
            assert caught.value.reason == "signed out"

            async def grant() -> ClientCredentialsGrant:
                await anyio.lowlevel.checkpoint()
                return ClientCredentialsGrant(scope="api:read")

            source = okta.token_source(grant)
            assert (await source.tokens()).scopes == ("api:read",)
            shared = okta.token_source(
                {"grant_type": "client_credentials"}, store=world.store, key="k"
            )
            assert isinstance(users, AsyncUserTokens)
            with pytest.raises(Exception, match="scope"):
                await shared.token()

    anyio.run(main, backend=backend)

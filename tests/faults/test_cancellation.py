"""A task that is cancelled, wherever it is, leaves no connection behind and the client whole."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, Retry
from okta_oidc.testing import FakeOkta

from tests.support.proxy import Exchange, FaultProxy, Strike
from tests.support.samples import CALLBACK, CLIENT_ID, CLIENT_SECRET, TOKEN

from .test_faults import (
    read_nothing,
    stop_within_the_body,
    stop_within_the_headers,
    swallow_the_answer,
)

_LIMIT = 30.0


async def hang_before_the_handshake(exchange: Exchange) -> None:
    await exchange.hang()


STAGES: list[tuple[Strike, str]] = [
    (hang_before_the_handshake, "https"),
    (read_nothing, "http"),
    (swallow_the_answer, "http"),
    (stop_within_the_headers, "http"),
    (stop_within_the_body, "http"),
]

stages = pytest.mark.parametrize(
    ("strike", "scheme"), STAGES, ids=[strike.__name__ for strike, _ in STAGES]
)
backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def _client(url: str, **options: Any) -> AsyncOktaOIDC:
    auth = ClientSecretBasic(CLIENT_ID, CLIENT_SECRET)
    return AsyncOktaOIDC(url, auth, timeout=_LIMIT, **options)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def _has_at_most(most: int) -> bool:
    """Whether no more are open when proxy and server, in this process too, have let go."""
    for _ in range(3000):
        if descriptors() <= most:
            return True
        await asyncio.sleep(0.01)
    return False


def _plan(proxy: FaultProxy, strike: Strike, act: Callable[[], object]) -> None:
    """Plan ``strike``, and to ``act`` in the running loop once it has done all but hang."""
    token = anyio.lowlevel.current_token()

    async def struck(exchange: Exchange) -> None:
        async def tell() -> None:
            anyio.from_thread.run_sync(act, token=token)
            await type(exchange).hang(exchange)

        exchange.hang = tell  # type: ignore[method-assign]
        await strike(exchange)

    proxy.plan(struck)


async def _works(client: AsyncOktaOIDC, okta: FakeOkta) -> None:
    code = okta.authorize(CALLBACK, client_id=CLIENT_ID)
    tokens = await client.token_for_code(code, CALLBACK)
    assert (await client.introspect(tokens.access_token)).active


@stages
@backends
def test_cancelled_scope(
    okta: FakeOkta, proxy: FaultProxy, strike: Strike, scheme: str, backend: str
) -> None:
    async def main() -> None:
        async with _client(proxy.url(scheme)) as client:
            async with anyio.create_task_group() as tasks:
                _plan(proxy, strike, tasks.cancel_scope.cancel)
                tasks.start_soon(client.introspect, TOKEN)
            await anyio.to_thread.run_sync(proxy.wait_until_quiet)
            if scheme == "http":
                await _works(client, okta)

    anyio.run(main, backend=backend)


@stages
@backends
def test_time_limit_of_the_caller(
    okta: FakeOkta, proxy: FaultProxy, strike: Strike, scheme: str, backend: str
) -> None:
    """It is the caller's own ``TimeoutError``: ours is for our own limit."""

    async def main() -> None:
        def expire(scope: anyio.CancelScope) -> None:
            scope.deadline = anyio.current_time()

        async def fail(client: AsyncOktaOIDC) -> None:
            with anyio.fail_after(_LIMIT) as scope:
                _plan(proxy, strike, partial(expire, scope))
                await client.token_for_code("hush-code", CALLBACK)

        async with _client(proxy.url(scheme)) as client:
            with pytest.raises(TimeoutError) as raised:
                await fail(client)
            assert type(raised.value) is TimeoutError
            await anyio.to_thread.run_sync(proxy.wait_until_quiet)
            with anyio.move_on_after(_LIMIT) as scope:
                _plan(proxy, strike, partial(expire, scope))
                await client.introspect(TOKEN)
            assert scope.cancelled_caught
            await anyio.to_thread.run_sync(proxy.wait_until_quiet)
            if scheme == "http":
                await _works(client, okta)

    anyio.run(main, backend=backend)


@stages
def test_asyncio_timeout_and_cancel(
    okta: FakeOkta, proxy: FaultProxy, strike: Strike, scheme: str
) -> None:
    async def fail(client: AsyncOktaOIDC) -> None:
        async with asyncio.timeout(_LIMIT) as limit:
            _plan(proxy, strike, lambda: limit.reschedule(0))
            await client.introspect(TOKEN)

    async def main() -> None:
        async with _client(proxy.url(scheme)) as client:
            with pytest.raises(TimeoutError) as raised:
                await fail(client)
            assert type(raised.value) is TimeoutError
            proxy.plan(strike)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.introspect(TOKEN), 0.3)
            # A busy machine may not have got as far.
            proxy.forget()
            task = asyncio.create_task(client.introspect(TOKEN))
            _plan(proxy, strike, partial(task.cancel, "no longer wanted"))
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(proxy.wait_until_quiet)
            if scheme == "http":
                await _works(client, okta)

    asyncio.run(main())


def test_cancelled_while_it_waits_to_try_again(okta: FakeOkta) -> None:
    async def main() -> None:
        waiting = asyncio.Event()

        async def sleep(seconds: float) -> None:
            waiting.set()
            await asyncio.sleep(3600)

        async with okta.async_client() as client:
            client._flow.runtime.sleep_async = sleep
            okta.faults.disconnect()
            task = asyncio.create_task(client.introspect(TOKEN))
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not (await client.introspect(TOKEN)).active

    asyncio.run(main())


Call = Callable[[AsyncOktaOIDC], Awaitable[Any]]


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_cancelled_at_every_step(
    okta: FakeOkta,
    certified: Any,
    secure: bool,
    own_tls: None,
) -> None:
    """At each turn of the loop that a call takes, from the first to the last."""
    del own_tls
    upstream = ("127.0.0.1", int(okta.url.rpartition(":")[2]))
    unharmed = 0

    async def cancelled_after(client: AsyncOktaOIDC, turns: int) -> bool:
        task = asyncio.create_task(client.introspect(TOKEN))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        try:
            assert not (await task).active
        except asyncio.CancelledError:
            return True
        return False

    async def main(url: str) -> None:
        nonlocal unharmed
        async with _client(url, retry=None) as client:
            assert not (await client.introspect(TOKEN)).active
        await asyncio.to_thread(proxy.wait_until_quiet)
        before = descriptors()
        for fresh in (True, False):
            turns = 0
            unharmed = 0
            async with _client(url, retry=None) as client:
                while unharmed < 3:
                    if fresh:
                        async with _client(url, retry=None) as new:
                            cancelled = await cancelled_after(new, turns)
                    else:
                        cancelled = await cancelled_after(client, turns)
                        assert not (await client.introspect(TOKEN)).active
                    unharmed += not cancelled
                    # Loopback answers come in their own time: most turns pass in waiting.
                    turns += 1 if turns < 40 else 1 + turns // 10
                # All connections can be had.
                answers = await asyncio.gather(*(client.introspect(TOKEN) for _ in range(120)))
                assert not any(answers)
        await asyncio.to_thread(proxy.wait_until_quiet)
        assert await _has_at_most(before)

    with FaultProxy(upstream, certified if secure else None).running() as proxy:
        asyncio.run(main(proxy.url()))
        assert unharmed == 3


@backends
def test_half_of_a_crowd_cancelled(okta: FakeOkta, backend: str) -> None:
    """The other half get their own answers."""
    answers: dict[int, str | None] = {}

    async def main() -> None:
        okta_client = okta.async_client(retry=Retry(attempts=1))
        async with okta_client as client:
            tokens = [await _access_token(client, okta) for _ in range(4)]

            async def ask(index: int, scope: anyio.CancelScope) -> None:
                with scope:
                    info = await client.introspect(tokens[index % 4])
                    answers[index] = info.jti

            scopes = [anyio.CancelScope() for _ in range(200)]
            async with anyio.create_task_group() as tasks:
                for index, scope in enumerate(scopes):
                    tasks.start_soon(ask, index, scope)
                    if index % 2:
                        await anyio.lowlevel.checkpoint()
                        scope.cancel()
            expected = [(await client.introspect(token)).jti for token in tokens]
            assert all(answers[index] == expected[index % 4] for index in range(0, 200, 2))
            assert all(answer == expected[index % 4] for index, answer in answers.items())
            assert len(set(expected)) == 4

    anyio.run(main, backend=backend)


async def _access_token(client: AsyncOktaOIDC, okta: FakeOkta) -> str:
    code = okta.authorize(CALLBACK)
    return (await client.token_for_code(code, CALLBACK)).access_token

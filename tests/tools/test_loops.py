"""Other event loops: uvloop, and loops that nest_asyncio has patched."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

import httpx
import pytest
import uvloop
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    TransportTimeoutError,
    aiohttp_client,
)
from okta_oidc.testing import FakeOkta

from tests.support.samples import CLIENT_ID, CLIENT_SECRET

AUTH: Final = ClientSecretBasic(CLIENT_ID, CLIENT_SECRET)
CLIENTS: Final[dict[str, Callable[[], Any]]] = {
    "own": lambda: None,
    "lent": lambda: httpx.AsyncClient(trust_env=False),
    "aiohttp": aiohttp_client,
}
on_every_client = pytest.mark.parametrize("client", CLIENTS)


def on_uvloop(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


@on_every_client
def test_uvloop(okta: FakeOkta, client: str) -> None:
    async def main() -> None:
        http = CLIENTS[client]()
        async with AsyncOktaOIDC(okta.url, AUTH, timeout=20, http_client=http) as ours:
            assert not (await ours.introspect("token")).active
            answers = await asyncio.gather(*(ours.introspect("token") for _ in range(50)))
            assert not any(answers)
        if http is not None:
            await http.aclose()

    on_uvloop(main())
    assert len(okta.requests) == 51


@on_every_client
def test_uvloop_in_time_and_cancelled(okta: FakeOkta, client: str) -> None:
    okta.faults.drip(0.2, times=2)

    async def main() -> None:
        http = CLIENTS[client]()
        ours = AsyncOktaOIDC(okta.url, AUTH, timeout=1.0, retry=None, http_client=http)
        async with ours:
            with pytest.raises(TransportTimeoutError):
                await ours.introspect("token")
            task = asyncio.ensure_future(ours.introspect("token"))
            while len(okta.requests) < 2:  # noqa: ASYNC110  # the server is in a thread
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # The connections are as good as new.
            assert not (await ours.introspect("token")).active
        if http is not None:
            await http.aclose()

    on_uvloop(main())


# Whoever ends a loop without closing its clients is told so by uvloop, for each connection.
@pytest.mark.filterwarnings("ignore:unclosed resource:ResourceWarning")
@pytest.mark.parametrize("client", ["own", "aiohttp"])
def test_loops_one_after_another_share_a_client(okta: FakeOkta, client: str) -> None:
    """As with asyncio's own: each loop has connections of its own. httpx's client is of one."""
    ours: list[AsyncOktaOIDC] = []

    async def main() -> None:
        if not ours:
            http = CLIENTS[client]()
            ours.append(AsyncOktaOIDC(okta.url, AUTH, timeout=20, http_client=http))
        assert not (await ours[0].introspect("token")).active

    for _ in range(3):
        on_uvloop(main())

    async def end() -> None:
        await main()
        await ours[0].aclose()

    on_uvloop(end())


def test_nest_asyncio(okta: FakeOkta) -> None:
    """A notebook's cell that runs a loop within a loop. The patch is for good, so a process."""
    program = """
import asyncio, sys
import nest_asyncio
nest_asyncio.apply()
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, aiohttp_client
url, client_id, secret, kind = sys.argv[1:]
auth = ClientSecretBasic(client_id, secret)
async def cell(okta):
    answers = await asyncio.gather(*(okta.introspect("token") for _ in range(10)))
    assert not any(answers)
async def notebook():
    http = aiohttp_client() if kind == "aiohttp" else None
    okta = AsyncOktaOIDC(url, auth, timeout=20, http_client=http)
    asyncio.get_running_loop().run_until_complete(cell(okta))
    await cell(okta)
    asyncio.run(cell(okta))
    await okta.aclose()
asyncio.run(notebook())
"""
    for kind in ("own", "aiohttp"):
        done = subprocess.run(
            [sys.executable, "-c", program, okta.url, CLIENT_ID, CLIENT_SECRET, kind],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, (kind, done.stderr)
    assert len(okta.requests) == 60

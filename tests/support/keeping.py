"""Clients with an introspection cache, an Okta by script, and a clock that is moved by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

import anyio.lowlevel
import httpx
from anyio import sleep
from okta_oidc import (
    ClientSecretBasic,
    Introspection,
    IntrospectionCache,
    Retry,
)
from okta_oidc._ratelimit import RateLimits
from okta_oidc._runtime import Runtime

from .faces import Face, Kind
from .runtimes import set_runtime
from .samples import BASIC, ORG_URL

START: Final = 1_767_607_200.0
AUDIENCE: Final = "api://orders"


class Clock:
    """Both kinds of time: ``wall`` in epoch seconds, and ``monotonic``."""

    def __init__(self) -> None:
        self.wall = START
        self.monotonic = 1000.0

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def runtime(self) -> Runtime:
        """A client's runtime on this clock, in which waiting takes no time."""
        return Runtime(
            now=lambda: self.wall,
            monotonic=lambda: self.monotonic,
            sleep=self.advance,
            limits=RateLimits(),
        )


def active(**members: object) -> dict[str, object]:
    """The members of an active access token."""
    return {
        "active": True,
        "token_type": "Bearer",
        "scope": "orders:read openid",
        "client_id": "0oa1caller",
        "sub": "ada@example.com",
        "aud": AUDIENCE,
        "exp": int(START) + 3600,
        **members,
    }


Said: TypeAlias = "dict[str, object] | httpx.Response | Exception | Callable[[], Exception]"


class Script:
    """Okta as a test has it: what it says of every token, and what it was asked.

    ``says`` maps a token to its members, a response, an exception or what makes one; others are
    inactive. While
    it is held, questions are counted, and answered when it is released.
    """

    def __init__(self) -> None:
        self.says: dict[str, Said] = {}
        self.headers: dict[str, str] = {}
        self.introspected: list[tuple[str, str]] = []
        self.revoked: list[str] = []
        self.revocation: httpx.Response | Exception | None = None
        self.held: threading.Event | None = None
        self._held_endpoint = ""
        self._lock = threading.Lock()

    @property
    def calls(self) -> int:
        """How often a token was introspected."""
        return len(self.introspected)

    def hold(self, endpoint: str = "/introspect") -> None:
        """Answer nothing to ``endpoint`` from now on."""
        self._held_endpoint = endpoint
        self.held = threading.Event()

    def release(self) -> None:
        """Answer what was held back, and all that comes."""
        held, self.held = self.held, None
        if held is not None:
            held.set()

    def _record(self, request: httpx.Request) -> dict[str, str]:
        form = dict(parse_qsl(request.read().decode()))
        with self._lock:
            if request.url.path.endswith("/revoke"):
                self.revoked.append(form["token"])
            else:
                self.introspected.append((request.url.path, form["token"]))
        return form

    def answer(self, request: httpx.Request, said: Any) -> httpx.Response:
        if request.url.path.endswith("/revoke"):
            said = self.revocation or httpx.Response(200)
        if callable(said):
            said = said()
        if isinstance(said, Exception):
            raise said
        if isinstance(said, httpx.Response):
            return httpx.Response(said.status_code, headers=said.headers, content=said.content)
        return httpx.Response(200, json=said, headers=self.headers)

    def _said(self, form: dict[str, str]) -> object:
        return self.says.get(form["token"], {"active": False})

    def handle(self, request: httpx.Request) -> httpx.Response:
        form = self._record(request)
        # Decided before it is held back: an answer on its way does not change.
        said = self._said(form)
        if self.held is not None and request.url.path.endswith(self._held_endpoint):
            assert self.held.wait(10)
        return self.answer(request, said)

    async def handle_async(self, request: httpx.Request) -> httpx.Response:
        form = self._record(request)
        said = self._said(form)
        held = self.held if request.url.path.endswith(self._held_endpoint) else None
        while held is not None and not held.is_set():  # noqa: ASYNC110  # another thread's event
            await sleep(0.001)
        return self.answer(request, said)


class Asker(Face):
    """A client of either kind with a cache."""

    def __init__(
        self,
        kind: Kind,
        script: Script,
        cache: IntrospectionCache | None,
        clock: Clock | None = None,
        *,
        url: str = ORG_URL,
        auth: ClientSecretBasic = BASIC,
        retry: Retry | None = None,
    ) -> None:
        http: Any = (
            httpx.Client(transport=httpx.MockTransport(script.handle))
            if kind == "sync"
            else httpx.AsyncClient(transport=httpx.MockTransport(script.handle_async))
        )
        super().__init__(kind, url, auth, retry=retry, http_client=http, introspection_cache=cache)
        self.clock: Final = clock or Clock()
        on_clock(self.client, self.clock)

    def begin_to_revoke(self, token: str) -> Pending:
        """Revoke in a thread, or a task, of its own."""
        return Pending(self, partial(self.client.revoke, token))

    def begin(self, token: str, **options: Any) -> Pending:
        """Introspect in a thread, or a task, of its own."""
        return Pending(self, partial(self.client.introspect, token, **options))


class Pending:
    """A call under way."""

    def __init__(self, asker: Asker, call: Callable[[], Any]) -> None:
        self._outcome: Introspection | None = None
        self.failure: BaseException | None = None
        self._call = call
        self._future: Any = None
        self._thread: threading.Thread | None = None
        if asker.portal is None:
            self._thread = threading.Thread(target=self._in_thread)
            self._thread.start()
        else:
            self._future = asker.portal.start_task_soon(call)

    def _in_thread(self) -> None:
        try:
            self._outcome = self._call()
        except BaseException as error:  # noqa: BLE001  # looked at by the test
            self.failure = error

    def cancel(self) -> None:
        """Cancel the task."""
        assert self._future.cancel()

    def wait(self) -> Introspection | None:
        """The answer; ``None`` after a failure, which ``failure`` holds."""
        if self._thread is not None:
            self._thread.join(10)
            assert not self._thread.is_alive()
            return self._outcome
        try:
            info: Introspection = self._future.result(10)
        except BaseException as error:  # noqa: BLE001  # looked at by the test
            self.failure = error
            return None
        return info


def on_clock(client: Any, clock: Clock) -> None:
    """Let ``client`` take its time from ``clock``."""
    set_runtime(client, clock.runtime())


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do: ten seconds at most."""
    waiting = threading.Event()
    for _ in range(10_000):
        if condition():
            return
        waiting.wait(0.001)
    raise AssertionError("it never came to pass")


class MemoryTier:
    """A shared tier in memory, that tells what it was asked."""

    def __init__(self, clock: Clock, local_ttl: float = 5.0) -> None:
        self.local_ttl = local_ttl
        self.clock: Final = clock
        self.rows: dict[bytes, tuple[dict[str, Any], float]] = {}
        self.loads = 0
        self.threads: set[int] = set()

    def load(self, key: bytes, /) -> tuple[dict[str, Any], float] | None:
        self.loads += 1
        self.threads.add(threading.get_ident())
        members, until = self.rows.get(key, ({}, 0.0))
        left = until - self.clock.monotonic
        return None if left <= 0 else (members, left)

    def store(self, key: bytes, members: dict[str, Any], seconds: float, replace: bool, /) -> None:
        if replace or self.load(key) is None:
            self.rows[key] = members, self.clock.monotonic + seconds

    def bar(self, keys: list[bytes], seconds: float, /) -> None:
        for key in keys:
            self.rows[key] = {}, self.clock.monotonic + seconds


class AwaitedTier:
    """A tier, awaited."""

    def __init__(self, tier: MemoryTier) -> None:
        self.local_ttl = tier.local_ttl
        self._tier: Final = tier

    async def load(self, key: bytes, /) -> tuple[dict[str, Any], float] | None:
        await anyio.lowlevel.checkpoint()
        return self._tier.load(key)

    async def store(
        self, key: bytes, members: dict[str, Any], seconds: float, replace: bool, /
    ) -> None:
        await anyio.lowlevel.checkpoint()
        self._tier.store(key, members, seconds, replace)

    async def bar(self, keys: list[bytes], seconds: float, /) -> None:
        await anyio.lowlevel.checkpoint()
        self._tier.bar(keys, seconds)


def entries(cache: IntrospectionCache) -> int:
    """How many answers a cache holds."""
    return len(vars(cache)["_active"]) + len(vars(cache)["_inactive"])

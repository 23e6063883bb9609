"""A process of the fleet: threads, or tasks, that take tokens all the time.

``python -m tests.faults._fleet_worker SETTINGS`` loads everything once and forks a process for each
line that it reads, so that one that is killed is replaced at once. What they have to tell goes to
the standard output, a line at a time: ``started PID``, ``signin KEY REASON``, and every half second
``did CALLS SLOWEST ERRORS``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import httpx
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    OktaOIDC,
    SignInRequiredError,
)
from okta_oidc import _operations as operations
from okta_oidc._holding import Renewal
from okta_oidc.redis import AsyncRedisTokenStore, RedisTokenStore

from tests.support.stores import redis_client

_TELL_EVERY: Final = 0.5
_BETWEEN_CALLS: Final = 0.004
_BETWEEN_SIGN_INS: Final = 0.2


@dataclass(frozen=True)
class Settings:
    """What a process needs to know."""

    okta_url: str
    client_id: str
    client_secret: str
    store_url: str
    keys: tuple[str, ...]
    face: str
    workers: int
    grace: float
    timeout: float = 1.0
    # In place of what fits a time limit of ten seconds and tokens of an hour.
    lease_margin: float = 0.6
    send_within: float = 0.5
    backoff: float = 0.3
    early: float = 0.4
    leeway: float = 0.2

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        members: dict[str, Any] = json.loads(text)
        members["keys"] = tuple(members["keys"])
        return cls(**members)

    def apply(self) -> None:
        """Let the protocol of this process go by them."""
        module: Any = sys.modules[Renewal.__module__]
        module.LEASE_MARGIN = self.lease_margin
        module.SEND_WITHIN = self.send_within
        module.BACKOFF = self.backoff

    def store(self) -> Any:
        """A store of the kind that its URL is of."""
        if self.store_url.startswith("postgresql"):
            import sqlalchemy

            from examples.sql_token_store import SqlTokenStore

            engine = sqlalchemy.create_engine(
                self.store_url,
                poolclass=sqlalchemy.NullPool,
                connect_args={"connect_timeout": 2, "options": "-c statement_timeout=1000"},
            )
            return SqlTokenStore(engine)
        if self.face == "async":
            import redis.asyncio

            kind: Any = redis.asyncio.Redis
            return AsyncRedisTokenStore(
                kind.from_url(self.store_url, socket_timeout=1.0, socket_connect_timeout=1.0)
            )
        return RedisTokenStore(redis_client(self.store_url))

    @property
    def options(self) -> dict[str, Any]:
        return {"rotation_grace": self.grace, "early": self.early, "leeway": self.leeway}


@dataclass
class _Told:
    """What a process has seen since it last told."""

    calls: int = 0
    slowest: float = 0.0
    errors: Counter[str] = field(default_factory=Counter[str])

    def error(self, key: str, error: Exception) -> None:
        if isinstance(error, SignInRequiredError):
            _say(f"signin {key} {error.reason.replace(' ', '-')}")
        else:
            self.errors[type(error).__name__] += 1

    def tell(self) -> None:
        errors = ",".join(f"{name}={count}" for name, count in self.errors.items()) or "-"
        _say(f"did {self.calls} {self.slowest:.3f} {errors}")
        self.calls = 0
        self.slowest = 0.0
        self.errors.clear()


def _say(line: str) -> None:
    # One write, which no other process's comes between.
    os.write(1, f"{line}\n".encode())


class _Named(httpx.HTTPTransport):
    """Tells the server which process sends."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-Worker"] = str(os.getpid())
        return super().handle_request(request)


class _AsyncNamed(httpx.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-Worker"] = str(os.getpid())
        return await super().handle_async_request(request)


def _threads(settings: Settings) -> None:
    auth = ClientSecretBasic(settings.client_id, settings.client_secret)
    http = httpx.Client(transport=_Named(verify=False))
    okta = OktaOIDC(settings.okta_url, auth, timeout=settings.timeout, http_client=http)
    store = settings.store()
    users = {key: okta.user_tokens(key, store, **settings.options) for key in settings.keys}
    told, lock = _Told(), threading.Lock()

    def work(seed: int) -> None:
        chance = random.Random(seed)
        while True:
            key = chance.choice(settings.keys)
            began = time.monotonic()
            failure: Exception | None = None
            try:
                users[key].token()
            except Exception as error:  # noqa: BLE001  # told
                failure = error
            with lock:
                told.calls += 1
                told.slowest = max(told.slowest, time.monotonic() - began)
                if failure is not None:
                    told.error(key, failure)
            time.sleep(_BETWEEN_CALLS if failure is None else _BETWEEN_SIGN_INS)

    for _ in range(settings.workers):
        seed = random.SystemRandom().randrange(1 << 30)
        threading.Thread(target=work, args=(seed,), daemon=True).start()
    while True:
        time.sleep(_TELL_EVERY)
        with lock:
            told.tell()


async def _tasks(settings: Settings) -> None:
    auth = ClientSecretBasic(settings.client_id, settings.client_secret)
    http = httpx.AsyncClient(transport=_AsyncNamed(verify=False))
    okta = AsyncOktaOIDC(settings.okta_url, auth, timeout=settings.timeout, http_client=http)
    store = settings.store()
    users = {key: okta.user_tokens(key, store, **settings.options) for key in settings.keys}
    told = _Told()

    async def work(seed: int) -> None:
        chance = random.Random(seed)
        while True:
            key = chance.choice(settings.keys)
            began = time.monotonic()
            pause = _BETWEEN_CALLS
            try:
                if chance.random() < 0.02:
                    # A caller that gives up in mid-flight.
                    await asyncio.wait_for(users[key].token(), 0.03)
                else:
                    await users[key].token()
                told.slowest = max(told.slowest, time.monotonic() - began)
            except TimeoutError:
                pass
            except Exception as error:  # noqa: BLE001  # told
                told.error(key, error)
                pause = _BETWEEN_SIGN_INS
            told.calls += 1
            await asyncio.sleep(pause)

    async def tell() -> None:
        while True:
            await asyncio.sleep(_TELL_EVERY)
            told.tell()

    await asyncio.gather(
        tell(), *(work(random.randrange(1 << 30)) for _ in range(settings.workers))
    )


def _run(settings: Settings) -> None:
    _say(f"started {os.getpid()}")
    if settings.face == "async":
        asyncio.run(_tasks(settings))
    else:
        _threads(settings)


def _load(settings: Settings) -> None:
    """Load what a process needs, so that it need not when it is forked. Connect nowhere."""
    auth = ClientSecretBasic(settings.client_id, settings.client_secret)
    face: Any = AsyncOktaOIDC if settings.face == "async" else OktaOIDC
    face(settings.okta_url, auth).user_tokens("nobody", settings.store())
    operations.refresh("default", "token", None, None)
    operations.introspect("default", "token", None)


def main() -> None:
    settings = Settings.from_json(sys.argv[1])
    settings.apply()
    logging.disable()
    _load(settings)
    # Whoever has ended is not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    children: list[int] = []
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            random.seed()
            try:
                _run(settings)
            finally:
                os._exit(1)
        children.append(child)
    # The fleet's master has ended.
    for child in children:
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()

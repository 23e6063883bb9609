"""A world in which tokens are held: an Okta, a store, processes, and one clock that tests move.

The protocol is a generator, so a process can be stopped, killed or left behind after any step of
it, and others go on. Nothing here sends, waits or sleeps.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

import httpx
from okta_oidc import (
    APIError,
    Introspection,
    InvalidGrantError,
    PublicClient,
    RateLimitError,
    ServerError,
    Tokens,
    TransportError,
)
from okta_oidc import _operations as operations
from okta_oidc._config import Server
from okta_oidc._flow import Flow
from okta_oidc._holding import MemoryTokenStore, Renewal, Stored
from okta_oidc._http import Headers, HttpInfo
from okta_oidc._operations import Operation, Request
from okta_oidc._ratelimit import RateLimits
from okta_oidc._retry import Retry
from okta_oidc._runtime import Runtime
from okta_oidc._steps import Ask, Steps

T = TypeVar("T")

_URL: Final = "https://model.example"
KEY: Final = "user:ada"
TIMEOUT: Final = 10.0
LEASE: Final = 15.0
LIFETIME: Final = 3600
SHORTEST_LIFETIME: Final = 300


class Clock:
    """The time of day, and the time since some start, which tests move together or apart."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.monotonic = 500.0

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.monotonic += seconds


class Family:
    """All generations of refresh tokens of one sign-in, as the authorization server sees them."""

    def __init__(self, name: str) -> None:
        self.name: Final = name
        self.current = f"{name}.1"
        self.spent: dict[str, float] = {}
        self.is_revoked = False
        self.is_killed = False


class Okta:
    """An authorization server that rotates refresh tokens, and ends a family at their reuse."""

    def __init__(self, clock: Clock, leeway: float = 0.0) -> None:
        self.clock: Final = clock
        self.leeway: Final = leeway
        self.families: Final[dict[str, Family]] = {}
        self.presented: Final[list[str]] = []
        self.introspected: Final[list[str]] = []
        self.revoked: Final[list[str]] = []
        self.granted = 0
        self.lifetime: int | None = LIFETIME
        self.failures: list[Exception] = []

    @property
    def killed(self) -> int:
        return sum(family.is_killed for family in self.families.values())

    def sign_in(self) -> Tokens:
        family = Family(f"family-{len(self.families) + 1}")
        self.families[family.name] = family
        return self.tokens(family.current)

    def tokens(self, refresh_token: str | None) -> Tokens:
        self.granted += 1
        at = None
        if self.lifetime is not None:
            at = datetime.fromtimestamp(self.clock.now + self.lifetime, UTC)
        return Tokens(
            access_token=f"access-{self.granted}",
            token_type="Bearer",
            expires_in=self.lifetime,
            expires_at=at,
            scopes=("openid",),
            refresh_token=refresh_token,
            id_token=None,
            raw={},
            http=HttpInfo(200, Headers()),
        )

    def answer(self, request: Request) -> Tokens | Introspection | None:
        """What comes back for a request, or the error that it means."""
        if self.failures:
            raise self.failures.pop(0)
        path, token = request.target, request.value("token") or ""
        if path.endswith("/introspect"):
            self.introspected.append(token)
            return self._introspect(token)
        if path.endswith("/revoke"):
            self.revoked.append(token)
            with suppress(KeyError):
                self.families[token.partition(".")[0]].is_revoked = True
            return None
        if request.grant_type != "refresh_token":
            return self.tokens(None)
        return self.refresh(request.value("refresh_token") or "")

    def refresh(self, token: str) -> Tokens:
        """Take a refresh token, and hand out its successor."""
        self.presented.append(token)
        family = self.families[token.partition(".")[0]]
        if family.is_revoked or family.is_killed:
            raise refused()
        if token in family.spent:
            if self.clock.monotonic >= family.spent[token] + self.leeway:
                family.is_killed = True
                raise refused()
            return self.tokens(family.current)
        family.spent[token] = self.clock.monotonic
        family.current = f"{family.name}.{len(family.spent) + 1}"
        return self.tokens(family.current)

    def _introspect(self, token: str) -> Introspection:
        family = self.families[token.partition(".")[0]]
        spent_at = family.spent.get(token)
        is_active = not (family.is_revoked or family.is_killed) and (
            spent_at is None or self.clock.monotonic < spent_at + self.leeway
        )
        nothing = dict.fromkeys(("sub", "username", "client_id", "uid", "iss", "jti", "token_type"))
        times = dict.fromkeys(("expires_at", "issued_at", "not_before"))
        return Introspection(
            active=is_active,
            scopes=(),
            aud=(),
            **cast("Any", nothing | times),
            raw={},
            http=HttpInfo(200, Headers()),
        )


class World:
    """One Okta, one store, one key, and as many processes as a test makes."""

    def __init__(self, *, leeway: float = 0.0, grace: float | None = None, seed: int = 1) -> None:
        self.clock: Final = Clock()
        self.okta: Final = Okta(self.clock, leeway)
        self.store: Final = MemoryTokenStore(clock=lambda: self.clock.monotonic)
        self.grace: Final = leeway if grace is None else grace
        self._random: Final = random.Random(seed)

    def process(self, **settings: Any) -> Process:
        return Process(self, **settings)

    def sign_in(self) -> Tokens:
        """Sign the user in, at some process that holds nothing else."""
        tokens = self.okta.sign_in()
        process = self.process()
        process.finish(process.renewal.save(tokens))
        return tokens

    def stored(self) -> Stored:
        stored = self.store.load(KEY)
        assert stored is not None
        return stored

    def runtime(self) -> Runtime:
        return Runtime(
            now=lambda: self.clock.now,
            monotonic=lambda: self.clock.monotonic,
            sleep=self.clock.advance,
            uniform=self._random.uniform,
            limits=RateLimits(lambda: self.clock.monotonic),
        )


class ModelFlow(Flow):
    """A client's flow, whose requests are asked of the model of Okta."""

    def __init__(self, world: World) -> None:
        super().__init__(Server(_URL, "default"), PublicClient("client"), TIMEOUT, None)
        self.runtime = world.runtime()
        self.lifetimes: Final[list[float]] = []

    def steps(self, operation: Operation[T], *, retry: Retry | None = None) -> Steps[T]:
        """What is sent again, and when, is as the client has it."""
        request, attempt, waited = operation.request, 1, 0.0
        while True:
            self.lifetimes.append(request.lifetime)
            if request.check is not None:
                request.check()
            try:
                return cast("T", (yield Sent(request)))
            except (TransportError, APIError) as error:
                again = self._wait(error, request, retry or self.retry, attempt, waited)
                if again is None:
                    raise
            yield again
            waited += again
            attempt += 1


class Sent(httpx.Request):
    """A request, and what is asked by it."""

    def __init__(self, asked: Request) -> None:
        super().__init__("POST", _URL + asked.target)
        self.asked: Final = asked


Point: TypeAlias = Literal["load", "replace", "request", "wait"]


class Process:
    """A process that holds the user's tokens, and one call in it."""

    def __init__(self, world: World, **settings: Any) -> None:
        self.world: Final = world
        self.flow: Final = ModelFlow(world)
        options: dict[str, Any] = {"store": world.store, "grace": world.grace}
        options |= {"early": 300.0, "leeway": 10.0, "revoke": self._revoke} | settings
        self.renewal: Final = Renewal(
            self.flow,
            key=KEY,
            server="default",
            **options,
        )
        self._steps: Steps[Any] | None = None
        self.pending: Any = None
        self.result: Any = None

    def _revoke(self, token: str, hint: None, server: str, *ended: str) -> Steps[None]:
        return self.flow.steps(operations.revoke(server, token, hint))

    # All at once

    def token(self, rejected: str | None = None) -> str:
        """The access token, as a face hands it out when nobody else is at it."""
        held = self.renewal.good(rejected)
        if held is not None and self.renewal.now() < held.look_at:
            assert held.tokens is not None
            return held.tokens.access_token
        self.start(rejected)
        return cast("str", self.go_on().access_token)

    def finish(self, steps: Steps[Any]) -> Any:
        """Drive ``steps`` to their end, however long they wait."""
        self._begin(steps)
        return self.go_on()

    def go_on(self) -> Any:
        """To the end of what is under way."""
        while self.is_under_way:
            self.step()
        return self.result

    # Step by step

    def start(self, rejected: str | None = None) -> None:
        self._begin(self.renewal.current(rejected))

    def _begin(self, steps: Steps[Any]) -> None:
        self._steps, self.result = steps, None
        self._resume(lambda: next(steps))

    @property
    def is_under_way(self) -> bool:
        return self._steps is not None

    @property
    def point(self) -> Point:
        """What it is about to do."""
        step = self.pending
        if isinstance(step, Sent):
            return "request"
        if not isinstance(step, Ask):
            return "wait"
        function = getattr(step.function, "func", step.function)
        return cast("Point", function.__name__)

    def until(self, point: Point, times: int = 1) -> None:
        """Go on until it is about to do this, for the nth time."""
        while True:
            if self.point == point:
                times -= 1
                if not times:
                    return
            self.step()

    def perform(self) -> Callable[[], None]:
        """Let happen what it is about to do, and return what tells it of the outcome."""
        steps, step = self._steps, self.pending
        assert steps is not None
        if isinstance(step, float):
            self.world.clock.advance(step)
            return lambda: self._resume(lambda: next(steps))
        try:
            outcome: Any
            if isinstance(step, Sent):
                outcome = self.world.okta.answer(step.asked)
            else:
                outcome = step.function(*step.args)
        except Exception as error:  # noqa: BLE001  # handed to the protocol
            failure = error
            return lambda: self._resume(lambda: steps.throw(failure))
        return lambda: self._resume(lambda: steps.send(outcome))

    def step(self) -> None:
        self.perform()()

    def resume(self, outcome: object) -> None:
        """Let it go on, with what it waited for."""
        steps = self._steps
        assert steps is not None
        self._resume(lambda: steps.send(outcome))

    def fail(self, error: Exception) -> None:
        """Let it fail instead."""
        steps = self._steps
        assert steps is not None
        self._resume(lambda: steps.throw(error))

    def kill(self) -> None:
        """It will not do anything any more, and nobody is told."""
        # Not closed: a process that is killed runs nothing.
        _GRAVEYARD.append(self._steps)
        self._steps = None

    def _resume(self, go_on: Callable[[], Any]) -> None:
        try:
            self.pending = go_on()
        except StopIteration as done:
            self._steps, self.result = None, done.value
        except BaseException:
            self._steps = None
            raise


# What a killed process held stays as it is until the tests end.
_GRAVEYARD: Final[list[Any]] = []


def refused() -> InvalidGrantError:
    return InvalidGrantError("refused", http=HttpInfo(400, Headers()), code="invalid_grant")


def unavailable() -> ServerError:
    return ServerError("unavailable", http=HttpInfo(503, Headers()))


def limited(retry_after: float) -> RateLimitError:
    error = RateLimitError("limited", http=HttpInfo(429, Headers(httpx.Headers())))
    error.retry_after = retry_after
    return error


def broken() -> TransportError:
    """The request may have been processed."""
    return TransportError("broken", request_sent=None)


def never_sent() -> TransportError:
    return TransportError("never sent", request_sent=False)

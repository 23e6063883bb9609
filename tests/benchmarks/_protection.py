"""An API protected: what an answer costs that is kept, and how many calls a fleet has to make.

``python -m tests.benchmarks._protection URL TTL SECONDS TOKENS AT`` is one process of such a fleet.
"""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from ._processes import ROOT
from ._series import Party, Series, Timed

if TYPE_CHECKING:
    import httpx
    from okta_oidc import AsyncOktaOIDC, IntrospectionCache, OktaOIDC

INTROSPECT: Final = "`introspect()`"
INTROSPECT_ASYNC: Final = "`await introspect()`"
GUARD: Final = "`BearerGuard.check()`"
GUARD_ASYNC: Final = "`await AsyncBearerGuard.check()`"
REDIS_DOWN: Final = "`introspect()`, its Redis down"
FASTMCP: Final = "fastmcp, its cache on"
AUTHLIB: Final = "Authlib, which keeps nothing"

_ORG_URL: Final = "https://dev-000000.okta.com"
_URL: Final = f"{_ORG_URL}/oauth2/default/v1/introspect"
_AUDIENCE: Final = "api://orders"
_SCOPE: Final = "orders:read"
# About as long as Okta's are, and as the figures of others were taken with.
_TOKEN: Final = "e" * 459
_HEADER: Final = f"Bearer {_TOKEN}"
_CLIENT: Final = "0oa1f9kq2xNbcAAAA0h8"
# Longer than a run: nothing is asked anew.
_LONG: Final = 3600.0

_ENTRIES: Final = 2_000
_PROCESSES: Final = 4
# Until all of a fleet are there.
_STARTING: Final = 3.0


def members(form: str = "") -> dict[str, object]:
    """What Okta says of an access token."""
    now = int(time.time())
    return {
        "active": True,
        "token_type": "Bearer",
        "scope": "orders:read orders:write openid profile",
        "client_id": _CLIENT,
        "username": "ada.lovelace@example.com",
        "exp": now + int(_LONG),
        "iat": now,
        "sub": "ada.lovelace@example.com",
        "aud": _AUDIENCE,
        "iss": f"{_ORG_URL}/oauth2/default",
        "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE.oar" + form[-12:],
        "uid": "00uid4BxXw6I6TV4m0g3",
        "groups": ["orders", "Everyone"],
    }


def answer(request: httpx.Request, seconds: float = 0.0) -> httpx.Response:
    """Okta's answer, after so many seconds."""
    import httpx

    time.sleep(seconds)
    headers = {"x-okta-request-id": "a" * 32, "x-rate-limit-limit": "1200", "cache-control": "no"}
    return httpx.Response(200, json=members(request.read().decode()), headers=headers)


def _client(cache: IntrospectionCache, seconds: float = 0.0) -> OktaOIDC:
    import httpx
    from okta_oidc import ClientSecretBasic, OktaOIDC

    http = httpx.Client(transport=httpx.MockTransport(partial(answer, seconds=seconds)))
    auth = ClientSecretBasic("0oa1api", "secret")
    return OktaOIDC(_ORG_URL, auth, http_client=http, introspection_cache=cache)


def _async_client(cache: IntrospectionCache) -> AsyncOktaOIDC:
    import httpx
    from okta_oidc import AsyncOktaOIDC, ClientSecretBasic

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    auth = ClientSecretBasic("0oa1api", "secret")
    return AsyncOktaOIDC(_ORG_URL, auth, http_client=http, introspection_cache=cache)


def _is_answer(found: Any) -> bool:
    return found.client_id == _CLIENT and _SCOPE in found.scopes


def _ours(base_url: str) -> dict[str, Timed]:
    import redis
    from okta_oidc import AsyncBearerGuard, BearerGuard, IntrospectionCache
    from okta_oidc.redis import RedisIntrospectionTier

    del base_url
    okta = _client(IntrospectionCache(ttl=_LONG))
    okta_async = _async_client(IntrospectionCache(ttl=_LONG))
    guard = BearerGuard(okta, audience=_AUDIENCE)
    guard_async = AsyncBearerGuard(okta_async, audience=_AUDIENCE)
    down = RedisIntrospectionTier(redis.Redis(port=1), local_ttl=_LONG)
    without = _client(IntrospectionCache(ttl=_LONG, shared=down))

    async def introspect() -> object:
        return await okta_async.introspect(_TOKEN)

    async def check() -> object:
        return await guard_async.check(_HEADER, _SCOPE)

    return {
        INTROSPECT: Timed(lambda: okta.introspect(_TOKEN), _is_answer),
        INTROSPECT_ASYNC: Timed(introspect, _is_answer),
        GUARD: Timed(lambda: guard.check(_HEADER, _SCOPE), _is_answer),
        GUARD_ASYNC: Timed(check, _is_answer),
        REDIS_DOWN: Timed(lambda: without.introspect(_TOKEN), _is_answer),
    }


def _authlib(base_url: str) -> dict[str, Timed]:
    """Its validator with its own client. Each answer takes a call to Okta, in memory here."""
    del base_url
    # It takes httpx2 where there is one.
    library: Any = import_module("httpx2" if find_spec("httpx2") else "httpx")
    session: Any = import_module("authlib.integrations.httpx_client").OAuth2Client(
        "0oa1api", "secret", transport=_mock(library)
    )
    validator: Any = import_module("authlib.oauth2.rfc7662").IntrospectTokenValidator

    class Validator(validator):  # type: ignore[misc]
        def introspect_token(self, token_string: str) -> object:
            answer = session.introspect_token(_URL, token_string, "access_token")
            answer.raise_for_status()
            return answer.json()

    validating: Any = Validator()

    def check() -> object:
        token = validating.authenticate_token(_TOKEN)
        validating.validate_token(token, [_SCOPE], None)
        return token["client_id"]

    return {AUTHLIB: Timed(check, lambda found: found == _CLIENT)}


def _fastmcp(base_url: str) -> dict[str, Timed]:
    del base_url
    httpx2: Any = import_module("httpx2")
    introspection: Any = import_module("fastmcp.server.auth.providers.introspection")
    verifier = introspection.IntrospectionTokenVerifier(
        introspection_url=_URL,
        client_id="0oa1api",
        client_secret="secret",
        audience=_AUDIENCE,
        required_scopes=[_SCOPE],
        cache_ttl_seconds=int(_LONG),
        http_client=httpx2.AsyncClient(transport=_mock(httpx2)),
    )

    async def verify() -> object:
        return await verifier.verify_token(_TOKEN)

    return {FASTMCP: Timed(verify, _is_answer)}


def _mock(library: Any) -> Any:
    def respond(request: object) -> Any:
        del request
        return library.Response(200, json=members())

    return library.MockTransport(respond)


KEPT: Final = Series(
    INTROSPECT,
    GUARD_ASYNC,
    (
        Party(
            dict.fromkeys((INTROSPECT, INTROSPECT_ASYNC, GUARD, GUARD_ASYNC, REDIS_DOWN), "ours"),
            _ours,
        ),
        Party({AUTHLIB: "peer"}, _authlib),
        Party({FASTMCP: "peer"}, _fastmcp, apart=True),
    ),
)


def entry_bytes() -> float:
    """How much memory a kept answer takes."""
    from okta_oidc import IntrospectionCache

    okta = _client(IntrospectionCache(max_entries=_ENTRIES))
    okta.introspect("warm")
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(_ENTRIES - 1):
            okta.introspect(f"{_TOKEN}{number:09d}")
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / (_ENTRIES - 1)


def fleet(url: str, ttl: float = 2.0, seconds: float = 8.0, tokens: int = 500) -> dict[str, float]:
    """Four processes that ask about the same tokens, and share answers by the Redis at ``url``.

    What they did: answers, calls to Okta, and the least calls that could have been.
    """
    at = time.time() + _STARTING
    command = [sys.executable, "-m", "tests.benchmarks._protection"]
    told = [
        subprocess.Popen(
            [*command, *map(str, (url, ttl, seconds, tokens, at))],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(_PROCESSES)
    ]
    done = [json.loads(process.communicate()[0]) for process in told]
    asked = [each["asked"] for each in done]
    return {
        "answers": sum(len(times) for each in asked for times in each),
        "calls": sum(each["calls"] for each in done),
        "least": least_calls(asked, ttl),
    }


def least_calls(asked: list[list[list[float]]], ttl: float) -> int:
    """Calls that answer everyone, if each answer serves all who ask within ``ttl`` seconds.

    ``asked`` are the times, by process and token.
    """
    calls = 0
    for times in zip(*asked, strict=True):
        good_until = 0.0
        for at in sorted(chain.from_iterable(times)):
            if at >= good_until:
                calls, good_until = calls + 1, at + ttl
    return calls


def one_of_a_fleet(
    url: str, ttl: float, seconds: float, tokens: float, at: float
) -> dict[str, object]:
    """Ask until the time is over; each call to Okta takes half a millisecond."""
    import redis
    from okta_oidc import IntrospectionCache
    from okta_oidc.redis import RedisIntrospectionTier

    kind: Any = redis.Redis
    tier = RedisIntrospectionTier(kind.from_url(url), local_ttl=ttl / 2, timeout=1.0)
    cache = IntrospectionCache(ttl=ttl, shared=tier)
    okta = _client(cache, seconds=0.0005)
    rng = random.Random()
    asked: list[list[float]] = [[] for _ in range(int(tokens))]
    time.sleep(max(0.0, at - time.time()))
    until = time.time() + seconds
    while (now := time.time()) < until:
        number = rng.randrange(len(asked))
        asked[number].append(round(now, 4))
        okta.introspect(f"{_TOKEN}{number}")
    return {"asked": asked, "calls": cache.stats.calls}


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    print(json.dumps(one_of_a_fleet(where, *map(float, numbers))))

"""Signed tokens of every kind, right ones and wrong ones, and the keys that they are checked by."""

from __future__ import annotations

import functools
import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import RSAKey
from okta_oidc import InvalidTokenError, PublicClient
from okta_oidc._config import Server
from okta_oidc._flow import Flow
from okta_oidc._http import Reply
from okta_oidc._runtime import Runtime
from okta_oidc._senders import AsyncSender, Sender
from okta_oidc._verifying._checks import Checks
from okta_oidc._verifying._claims import Claims
from okta_oidc._verifying._keys import Keys

ISSUER: Final = "https://dev-000000.okta.com/oauth2/default"
AUDIENCE: Final = "api://default"
CLIENT_ID: Final = "0oa1client"
NONCE: Final = "nonce-43ZhXJ2JoWNVi0YcSQ"
NOW: Final = 1_800_000_000.0
ACCESS_TOKEN: Final = "AT-planted-access-token"

ID_CLAIMS: Final[Mapping[str, Any]] = {
    "sub": "00uid4BxXw6I6TV4m0g3",
    "name": "John Doe",
    "email": "john.doe@example.com",
    "ver": 1,
    "iss": ISSUER,
    "aud": CLIENT_ID,
    "iat": int(NOW) - 60,
    "exp": int(NOW) + 3540,
    "jti": "ID.4eAWJOCMB3SX8XewDfVR",
    "amr": ["pwd", "mfa"],
    "idp": "00o5rbt6b6IVNBHOxB4w",
    "nonce": NONCE,
    "preferred_username": "john.doe@example.com",
    "auth_time": int(NOW) - 300,
    "at_hash": urlsafe_b64encode(sha256(ACCESS_TOKEN.encode()).digest()[:16]).decode().rstrip("="),
    "groups": ["Everyone", "Orders"],
}
ACCESS_CLAIMS: Final[Mapping[str, Any]] = {
    "ver": 1,
    "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
    "iss": ISSUER,
    "aud": AUDIENCE,
    "iat": int(NOW) - 60,
    "exp": int(NOW) + 3540,
    "cid": CLIENT_ID,
    "uid": "00uid4BxXw6I6TV4m0g3",
    "scp": ["openid", "orders:read"],
    "auth_time": int(NOW) - 300,
    "sub": "john.doe@example.com",
}


class Clock(Runtime):
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = NOW
        self.waits: Final[list[float]] = []
        super().__init__(
            now=lambda: self.at,
            monotonic=lambda: self.at - NOW,
            sleep=self._wait,
            sleep_async=self._wait_async,
            uniform=lambda low, high: low,
        )

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += seconds

    async def _wait_async(self, seconds: float) -> None:
        self._wait(seconds)


@functools.cache
def signing_key(name: str, bits: int = 2048) -> RSAKey:
    """A key of this name, made once: it takes a while."""
    return RSAKey.generate_key(bits, {"kid": name})


def published(name: str, **members: Any) -> dict[str, Any]:
    """A key as Okta publishes it."""
    jwk: dict[str, Any] = signing_key(name).as_dict(
        private=False, kid=name, use="sig", alg="RS256", status="ACTIVE"
    )
    return {**jwk, **members}


def key_set(*keys: object) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def keys_reply(*keys: object, max_age: int | None = 3600, status: int = 200) -> Reply:
    headers = {"content-type": "application/json"}
    if max_age is not None:
        headers["cache-control"] = f"max-age={max_age}, must-revalidate"
    return Reply(status, httpx.Headers(headers), key_set(*keys))


def encoded(value: object) -> str:
    """A part of a token: JSON, or bytes as they are."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).decode().rstrip("=")


def signed(
    claims: object,
    *,
    key: str = "key-1",
    header: Mapping[str, Any] | bytes | None = None,
    **members: Any,
) -> str:
    """A compact JWS. ``header`` replaces the whole header; ``members`` go into it."""
    head = {"alg": "RS256", "kid": key, **members} if header is None else header
    message = f"{encoded(head)}.{encoded(claims)}"
    signature = jws.JWSRegistry.algorithms["RS256"].sign(message.encode(), signing_key(key))
    return f"{message}.{encoded(signature)}"


def id_token(*without: str, **claims: Any) -> str:
    return signed({k: v for k, v in {**ID_CLAIMS, **claims}.items() if k not in without})


def access_token(*without: str, **claims: Any) -> str:
    return signed({k: v for k, v in {**ACCESS_CLAIMS, **claims}.items() if k not in without})


def _flow(clock: Clock) -> Flow:
    flow = Flow(Server(ISSUER, None), PublicClient(CLIENT_ID), 10.0, None)
    flow.runtime = clock
    return flow


class _Fetching(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers by ``fetch``, which is told the time limit of its request."""

    def __init__(self, fetch: Callable[[float], Any]) -> None:
        self._fetch: Final = fetch

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return _response(self._fetch(request.extensions["timeout"]["read"]))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return _response(await self._fetch(request.extensions["timeout"]["read"]))


def _response(reply: Reply) -> httpx.Response:
    return httpx.Response(reply.status, headers=reply.headers, content=reply.body)


def asked(fetch: Callable[[float], Reply], clock: Clock) -> Sender:
    """A sender whose requests are answered by ``fetch``."""
    return Sender(_flow(clock), httpx.Client(transport=_Fetching(fetch)))


def asked_async(fetch: Callable[[float], Awaitable[Reply]], clock: Clock) -> AsyncSender:
    return AsyncSender(_flow(clock), httpx.AsyncClient(transport=_Fetching(fetch)))


class KeyCache:
    """Keys for threads."""

    def __init__(self, fetch: Callable[[float], Reply], clock: Clock) -> None:
        self._sender: Final = asked(fetch, clock)
        self._keys: Final = Keys(self._sender, "default")

    def key(self, kid: str | None) -> RSAKey | None:
        return self._sender.run(self._keys.key(kid))


class AsyncKeyCache:
    """Keys for tasks."""

    def __init__(self, fetch: Callable[[float], Awaitable[Reply]], clock: Clock) -> None:
        self._sender: Final = asked_async(fetch, clock)
        self._keys: Final = Keys(self._sender, "default")

    async def key(self, kid: str | None) -> RSAKey | None:
        return await self._sender.run(self._keys.key(kid))


class Bench:
    """One issuer, its keys and a clock: what a check needs. ``fetches`` counts its questions."""

    def __init__(self, *keys: object, leeway: float = 120.0) -> None:
        self.clock: Final = Clock()
        self.keys: Sequence[object] = keys or (published("key-1"),)
        self.fetches = 0
        self._sender: Final = asked(self._answer, self.clock)
        self._checks: Final = Checks(self._sender, "default", leeway)

    def _answer(self, limit: float) -> Reply:
        self.fetches += 1
        return keys_reply(*self.keys)

    def id_token(self, token: str, **options: Any) -> Claims:
        options = {"nonce": NONCE, "access_token": ACCESS_TOKEN, **options}
        return self._sender.run(self._checks.id_token(token, **options))

    def access_token(self, token: str, *scopes: str, audience: str = AUDIENCE) -> Claims:
        return self._sender.run(self._checks.access_token(token, audience, scopes))


def reason_of(check: Callable[[], object]) -> str:
    """Why the token was refused. What it said is nowhere in the error."""
    with pytest.raises(InvalidTokenError) as refused:
        check()
    return refused.value.reason

"""A program under sentry-sdk's default settings that meets every fault of the table.

``python -m tests.tools._tracked FACE OWNER`` prints the events that would be sent, a JSON list.
Nothing secret is in this file, whose lines are in the events, nor in a local of its own:
``planted`` makes each where it is passed on.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import sentry_sdk
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    ClientSecretPost,
    OktaError,
    OktaOIDC,
    TransportTimeoutError,
    aiohttp_client,
)
from okta_oidc._runtime import RUNTIME
from okta_oidc.testing import FakeOkta
from okta_oidc_api.api.introspection import custom_introspect
from okta_oidc_api.models import IntrospectRequest
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from tests.faults.test_faults import CASES, NO_END, Case
from tests.support.proxy import FaultProxy

CLIENT_ID: Final = "0oa1client"
SLOW: Final = {
    case.strike.strike.__name__ for case in CASES if case.outcome is TransportTimeoutError
}
# Long enough for a loaded machine to come to the fault.
LIMIT: Final = 0.25


def planted(name: str) -> str:
    """A secret that is nowhere else."""
    return f"{os.environ['PLANTED']}-{name}-of-some-length"


def bug(request: httpx.Request) -> None:
    """A hook of the caller's own, which fails."""
    raise ValueError("a bug in a hook")


async def async_bug(request: httpx.Request) -> None:
    bug(request)


events: list[Any] = []


class Keep(Transport):
    """Keeps what would be sent."""

    def capture_envelope(self, envelope: Envelope) -> None:
        events.extend(item.payload.json for item in envelope.items if item.payload.json)


CALLS: Final[dict[str, Callable[[Any], Any]]] = {
    "code": lambda okta: okta.token_for_code(
        planted("code"), "https://app.example/callback", code_verifier=planted("verifier")
    ),
    "refresh": lambda okta: okta.token_for_refresh_token(planted("refresh")),
    "password": lambda okta: okta.token(
        {
            "grant_type": "password",
            "username": "ada",
            "password": planted("password"),
            "scope": "openid",
        }
    ),
    "introspect": lambda okta: okta.introspect(planted("token")),
    "revoke": lambda okta: okta.revoke(planted("token")),
}


def strike(case: Case, _: FakeOkta, proxy: FaultProxy) -> None:
    """Plan a fault of the table."""
    proxy.plan(case.strike)


def failures(
    way: tuple[str, str],
) -> Iterator[tuple[str, Callable[[FakeOkta, FaultProxy], object]]]:
    """Every failure by its name, and how it is planned."""
    for case in CASES:
        if way == ("sync", "borrowed") and case.strike.strike in NO_END:
            continue
        yield case.strike.strike.__name__, functools.partial(strike, case)
    yield "refused", lambda fake, _: fake.faults.oauth_error(400, "invalid_grant")
    yield "refused client", lambda fake, _: fake.faults.oauth_error(401, "invalid_client")
    yield "rate limit", lambda fake, _: fake.faults.rate_limited(reset_in=1)
    yield "gateway", lambda fake, _: fake.faults.html(502)
    yield "page", lambda fake, _: fake.faults.html(200)
    yield "half an answer", lambda fake, _: fake.faults.truncated_json()


def clients(url: str, face: str, owner: str) -> Iterator[tuple[str, Any]]:
    """Clients to lose connections with; to one that is not there; and with a hook that fails."""
    new: Any = OktaOIDC if face == "sync" else AsyncOktaOIDC
    http: Any = httpx.Client if face == "sync" else httpx.AsyncClient
    lent: dict[str, Callable[[], Any]] = {
        "own": lambda: None,
        "borrowed": http,
        "aiohttp": aiohttp_client,
    }

    def client(url: str, method: Any = ClientSecretBasic, theirs: Any = None) -> Any:
        return new(
            url,
            method(CLIENT_ID, planted("secret")),
            timeout=LIMIT,
            retry=None,
            http_client=theirs or lent[owner](),
        )

    yield "faults", client(url)
    yield "faults", client(url, ClientSecretPost)
    yield "nobody there", client("http://127.0.0.1:9")
    if owner == "borrowed":
        hook = bug if face == "sync" else async_bug
        yield "hook", client(url, theirs=http(event_hooks={"request": [hook]}))


async def meet(failure: str, make: Callable[[], Any]) -> None:
    """Make a call, and have its failure captured."""
    sentry_sdk.set_tag("failure", failure)
    try:
        result = make()
        if inspect.isawaitable(result):
            await result
    except (OktaError, ValueError) as error:
        sentry_sdk.capture_exception(error)


async def main(face: str, owner: str) -> None:
    fake = FakeOkta(rate_limit=None)
    fake.add_client(CLIENT_ID, planted("secret"), redirect_uris=["https://app.example/callback"])
    with (
        fake.serve(),
        FaultProxy(("127.0.0.1", int(fake.url.rpartition(":")[2]))).running() as proxy,
    ):
        for kind, okta in clients(proxy.url(), face, owner):
            if kind != "faults":
                for call in CALLS.values():
                    await meet(kind, functools.partial(call, okta))
                continue
            for index, (failure, plan) in enumerate(failures((face, owner))):
                # A call of each kind in turn; where nothing but time ends it, one is enough.
                turn = list(CALLS)[index % len(CALLS)]
                for name in {"code"} if failure in SLOW else {"code", turn}:
                    plan(fake, proxy)
                    await meet(failure, functools.partial(CALLS[name], okta))
                    proxy.forget()
                    fake.faults.clear()
                    RUNTIME.limits.forget()
            await meet("generated", functools.partial(generated, okta))
            closing = okta.close() if face == "sync" else okta.aclose()
            if inspect.isawaitable(closing):
                await closing


def generated(okta: Any) -> Any:
    """A generated function, which finds no such authorization server."""
    function: Any = custom_introspect.sync
    if isinstance(okta, AsyncOktaOIDC):
        function = custom_introspect.asyncio
    return function("absent", client=okta.api, body=IntrospectRequest(token=planted("token")))


if __name__ == "__main__":
    sentry_sdk.init("http://key@127.0.0.1:9/1", transport=Keep)
    _, face, owner = sys.argv
    if face == "trio":
        import trio

        trio.run(main, face, owner)
    else:
        asyncio.run(main(face, owner))
    json.dump(events, sys.stdout)

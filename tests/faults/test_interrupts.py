"""Ctrl-C in the synchronous face, wherever it strikes: no connection left, and the client whole."""

from __future__ import annotations

import gc
import signal
import ssl
import sys
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import Any

import httpx
import pytest
from okta_oidc import ClientSecretBasic, OktaOIDC
from okta_oidc._wire import lanes
from okta_oidc.testing import FakeOkta

from tests.support.proxy import Exchange, FaultProxy, Strike
from tests.support.runtimes import runtime_of
from tests.support.samples import CALLBACK, CLIENT_ID, CLIENT_SECRET, TOKEN

from .test_cancellation import STAGES, descriptors

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
    code = okta.authorize(CALLBACK, client_id=CLIENT_ID)
    assert client.introspect(client.token_for_code(code, CALLBACK).access_token).active


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


class _Bomb(BaseException):
    """What a job runner's signal handler raises."""


@contextmanager
def _after(steps: int) -> Generator[list[int]]:
    """Raise in this thread at the ``steps``-th line that runs in the room or in httpcore.

    A signal strikes wherever it likes; a line is as near as a test that repeats itself can get.
    """
    left = [steps]

    def trace(frame: FrameType, event: str, _: object) -> Any:
        file = frame.f_code.co_filename
        if frame.f_code.co_name == "__del__" or not ("_wire" in file or "httpcore" in file):
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                raise _Bomb
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield left
    finally:
        sys.settrace(before)


# An exception in the middle of connecting leaves the socket to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.usefixtures("own_tls")
@pytest.mark.parametrize("is_fresh", [True, False], ids=["a new connection", "one that is there"])
@pytest.mark.parametrize("secure", [False, True], ids=["in the clear", "TLS"])
def test_exception_of_a_signal_handler_at_every_step(
    okta: FakeOkta,
    certified: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    secure: bool,
    is_fresh: bool,
) -> None:
    """It costs the call it hits: no room is left taken, and the next call has its own answer."""
    # One that is lost for good would be missed at once.
    monkeypatch.setattr(lanes, "MAX_CONNECTIONS", 1)
    port = int(okta.url.rpartition(":")[2])
    struck = steps = 0
    with FaultProxy(("127.0.0.1", port), certified if secure else None).running() as proxy:

        def new() -> OktaOIDC:
            return _client(proxy.url(), retry=None)

        with new() as client:
            _works(client, okta)
        proxy.wait_until_quiet()
        before = descriptors()
        client = new()
        while True:
            steps += 1
            if is_fresh:
                client.close()
                client = new()
            else:
                client.introspect(TOKEN)
            try:
                with _after(steps) as left:
                    client.introspect(TOKEN)
            except _Bomb:
                struck += 1
            else:
                assert left[0] > 0
                break
            with ThreadPoolExecutor(1) as other:
                # A lock that this thread holds for ever is held against the others.
                assert not other.submit(client.introspect, TOKEN).result(timeout=60).active
        _works(client, okta)
        client.close()
        assert struck > 100
        gc.collect()
        proxy.wait_until_quiet()
        for _ in range(3000):
            if descriptors() <= before:
                break
            time.sleep(0.01)
        assert descriptors() <= before

"""Connections that are used again, and what is done to them meanwhile."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import re
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Final, cast

import anyio
import httpx
import pytest
from okta_oidc import (
    APIError,
    AsyncOktaOIDC,
    ClientSecretBasic,
    MalformedResponseError,
    OktaError,
    OktaOIDC,
    TransportError,
    TransportTimeoutError,
)
from okta_oidc._wire import async_lanes, lanes
from okta_oidc.testing import FakeOkta

from tests.support.faces import EVERY_KIND, KINDS, Face, Kind, Owner
from tests.support.proxy import PASS, Exchange, FaultProxy
from tests.support.samples import CLIENT_ID, CLIENT_SECRET, TOKEN
from tests.support.servers import Answer, RawServer

from ._outcomes import assert_works, raised_within, send
from .test_faults import AIOHTTP, WAYS, close_after_the_request, reset_after_the_request

_AMPLE = 8.0
# As many connections as a client opens at most.
_MOST = 100

ways = pytest.mark.parametrize(("face", "owner"), WAYS, ids=lambda value: str(value))
faces = pytest.mark.parametrize("face", EVERY_KIND)
# A client of the caller's has the connections that httpx gives it.
own_ways = pytest.mark.parametrize(
    ("face", "owner"), [*((face, "own") for face in KINDS), AIOHTTP], ids=lambda value: str(value)
)


async def answer_and_close(exchange: Exchange) -> None:
    await exchange.send(await exchange.answer())
    await exchange.close()


async def reset_when_it_comes_back(exchange: Exchange) -> None:
    await exchange.reset()


async def close_when_it_comes_back(exchange: Exchange) -> None:
    await exchange.close()


@ways
def test_connection_closed_while_it_was_idle(
    okta: FakeOkta, proxy: FaultProxy, face: Kind, owner: Owner
) -> None:
    """Nobody notices: a new one is opened, and the code is sent once."""
    proxy.plan(answer_and_close)
    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        send(caller, okta, "introspect")
        proxy.wait_until_quiet()
        assert_works(caller, okta)
    assert proxy.connections == 2
    assert len(proxy.requests) == 3


@ways
@pytest.mark.parametrize(
    "strike",
    [
        reset_when_it_comes_back,
        close_when_it_comes_back,
        reset_after_the_request,
        close_after_the_request,
    ],
    ids=lambda strike: strike.__name__,
)
def test_connection_lost_as_it_is_used_again(
    okta: FakeOkta, proxy: FaultProxy, strike: Any, face: Kind, owner: Owner
) -> None:
    """The code may have got through: it is not sent again. What may be repeated, is."""
    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE) as caller:
        waits = caller.waits
        proxy.plan(PASS, strike)
        send(caller, okta, "introspect")
        with raised_within(_AMPLE) as caught:
            send(caller, okta, "code")
        assert type(caught[0]) is TransportError
        assert caught[0].request_sent is None
        assert waits == []
        assert sum(b"authorization_code" in request for request in proxy.requests) <= 1
        proxy.plan(PASS, strike)
        send(caller, okta, "introspect")
        send(caller, okta, "introspect")
        assert len(waits) == 1
        assert_works(caller, okta)
    proxy.wait_until_quiet()


@own_ways
def test_answer_before_the_question(
    okta: FakeOkta, proxy: FaultProxy, face: Kind, owner: Owner
) -> None:
    """A gateway that says why it closes an idle connection says it to nobody."""
    idle = threading.Event()
    said = threading.Event()

    async def say_goodbye(exchange: Exchange) -> None:
        await exchange.send(await exchange.answer())
        await asyncio.to_thread(idle.wait, 5)
        await exchange.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        said.set()
        await exchange.hang()

    proxy.plan(say_goodbye)
    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        send(caller, okta, "introspect")
        idle.set()
        assert said.wait(5)
        assert_works(caller, okta)
    assert proxy.connections == 2


_FORGED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n"
    b'{"active": true, "sub": "somebody" }'
)


# What is sent when one answer is asked for, in how many pieces.
_BEYOND_THE_ANSWER: dict[str, Callable[[bytes], list[bytes]]] = {
    "in one go": lambda answer: [answer + _FORGED],
    # Of two segments or one, and over TLS of two records.
    "in two pieces": lambda answer: [answer, _FORGED],
    "a beginning": lambda answer: [answer + _FORGED[:40]],
    "in another version": lambda answer: [answer + _FORGED.replace(b"HTTP/1.1", b"HTTP/2.0")],
    # What is read at once is handed out in pieces of this size.
    "after a large one": lambda answer: [_inactive(64 * 1024) + _FORGED],
}


def _inactive(size: int) -> bytes:
    """An answer of ``size`` bytes in all."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    rest = size - len(head % size)
    return head % rest + b'{"active": false}'.ljust(rest)


@own_ways
@pytest.mark.usefixtures("own_tls")
@pytest.mark.parametrize("secure", [False, True], ids=["in the clear", "TLS"])
@pytest.mark.parametrize("kind", _BEYOND_THE_ANSWER)
def test_answer_that_nobody_asked_for(
    okta: FakeOkta,
    certified: ssl.SSLContext,
    kind: str,
    secure: bool,
    face: Kind,
    owner: Owner,
) -> None:
    """What comes after an answer is never taken for the answer to the next question."""
    sent = threading.Event()

    async def say_more(exchange: Exchange) -> None:
        for piece in _BEYOND_THE_ANSWER[kind](await exchange.answer()):
            exchange.writer.write(piece)
        await exchange.writer.drain()
        sent.set()

    port = int(okta.url.rpartition(":")[2])
    with FaultProxy(("127.0.0.1", port), certified if secure else None).running() as proxy:
        proxy.plan(say_more)
        with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
            assert not send(caller, okta, "introspect").active
            assert sent.wait(5)
            assert not send(caller, okta, "introspect").active
            assert_works(caller, okta)
        # aiohttp forgets what has only begun.
        is_forgotten = owner == "aiohttp" and kind == "a beginning"
        assert proxy.connections == (1 if is_forgotten else 2)
        assert len(proxy.requests) == 4


@pytest.mark.parametrize(
    ("face", "owner"),
    [("asyncio", "own"), ("trio", "own"), AIOHTTP],
    ids=lambda value: str(value),
)
def test_answer_that_comes_while_the_loop_is_busy(
    okta: FakeOkta, proxy: FaultProxy, face: Kind, owner: Owner
) -> None:
    """It waits in the kernel, where nobody has seen it yet, when the connection is used again."""
    answered, sent = threading.Event(), threading.Event()

    async def say_more_later(exchange: Exchange) -> None:
        await exchange.send(await exchange.answer())
        await asyncio.to_thread(answered.wait, 5)
        await exchange.send(_FORGED)
        sent.set()

    proxy.plan(say_more_later)
    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        client = cast("AsyncOktaOIDC", caller.client)

        async def work() -> list[bool]:
            first = await client.introspect(TOKEN)
            answered.set()
            assert sent.wait(5)
            return [first.active, (await client.introspect(TOKEN)).active]

        assert caller.run(work) == [False, False]
    assert proxy.connections == 2


_NO_CONTENT: dict[str, list[bytes]] = {
    f"{status}, {name}": [piece.replace(b"STATUS", status.encode()) for piece in pieces]
    for status in ("204 No Content", "205 Reset Content", "304 Not Modified")
    for name, pieces in {
        "announced": [b"HTTP/1.1 STATUS\r\nContent-Length: 2\r\n\r\n{}"],
        "announced, and later": [b"HTTP/1.1 STATUS\r\nContent-Length: 2\r\n\r\n", b"{}"],
        "in chunks": [b"HTTP/1.1 STATUS\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
        "of nothing, and later": [b"HTTP/1.1 STATUS\r\nContent-Length: 0\r\n\r\n", b"{}"],
    }.items()
}


@own_ways
@pytest.mark.parametrize("case", _NO_CONTENT)
def test_body_where_http_has_none(
    okta: FakeOkta, proxy: FaultProxy, case: str, face: Kind, owner: Owner
) -> None:
    """As by a gateway: whenever it comes, it is no part of the next answer."""

    async def answer_with_less(exchange: Exchange) -> None:
        await exchange.read()
        first, *rest = _NO_CONTENT[case]
        await exchange.send(first)
        # At the worst of times: when the connection is used again. Or never: a 205 that announces
        # a body may be waited for.
        with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
            await asyncio.wait_for(exchange.reader.read(1), 0.3)
        with contextlib.suppress(OSError):
            for piece in rest:
                await exchange.send(piece)

    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        for _ in range(3):
            proxy.plan(answer_with_less)
            with contextlib.suppress(APIError):
                caller.call("revoke")
            assert send(caller, okta, "code").access_token
            assert_works(caller, okta)


@own_ways
def test_body_of_an_announcement(
    okta: FakeOkta, proxy: FaultProxy, face: Kind, owner: Owner
) -> None:
    """An answer that begins in the middle is none, and the next call is sound."""

    async def announce_too_much(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await exchange.send(b"HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\n\r\n{}" + answer)

    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        for _ in range(2):
            proxy.plan(announce_too_much)
            with raised_within(_AMPLE) as caught:
                send(caller, okta, "code")
            assert type(caught[0]) is TransportError
            assert_works(caller, okta)


_CODING: dict[str, list[bytes]] = {
    "size": [b"", b"zz\r\n{}\r\n0\r\n\r\n"],
    "size of the second": [b'f\r\n{"active":true}\r\n', b"zz\r\n"],
    "end of a chunk": [b"2\r\n{}", b"XX0\r\n\r\n"],
    "trailer": [b"2\r\n{}\r\n0\r\n", b"bad trailer\x00\r\n\r\n"],
}


@ways
@pytest.mark.parametrize("segments", [1, 2, 3])
@pytest.mark.parametrize("broken", _CODING)
def test_broken_transfer_coding(
    okta: FakeOkta, proxy: FaultProxy, broken: str, segments: int, face: Kind, owner: Owner
) -> None:
    """An error at once, with what had come; in one segment with the head, or in more."""
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    good, bad = _CODING[broken]
    pieces = {1: [head + good + bad], 2: [head + good, bad], 3: [head, good, bad]}[segments]

    async def answer_badly(exchange: Exchange) -> None:
        await exchange.read()
        for piece in filter(None, pieces):
            await exchange.send(piece)
            # In a segment of its own, which the client reads by itself.
            await asyncio.sleep(0.02)
        await exchange.hang()

    proxy.plan(answer_badly)
    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        with raised_within(_AMPLE / 2) as caught:
            send(caller, okta, "code")
        error = caught[0]
        assert type(error) is TransportError
        assert isinstance(error, TransportError)
        assert error.request_sent is None
        assert error.http is not None
        assert error.http.status == 200
        assert error.body == (b'{"active":true}' if "second" in broken else good[3:5])
        assert_works(caller, okta)
    proxy.wait_until_quiet()


@own_ways
@pytest.mark.parametrize("closing", [b"", b"Connection: close\r\n"], ids=["open", "closing"])
def test_answer_with_garbage_in_one_go(
    okta: FakeOkta, proxy: FaultProxy, closing: bytes, face: Kind, owner: Owner
) -> None:
    """The answer is whole, and its tokens are not lost to what follows it."""

    async def add_garbage(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await exchange.send(answer.replace(b"\r\n", b"\r\n" + closing, 1) + b"\x00garbage\r\n\r\n")

    proxy.plan(add_garbage)
    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        assert send(caller, okta, "code").access_token
        assert_works(caller, okta)


@own_ways
def test_answer_whose_end_comes_with_garbage(
    okta: FakeOkta, proxy: FaultProxy, face: Kind, owner: Owner
) -> None:
    """Nor where its beginning had come before."""
    sent = threading.Event()

    async def add_garbage_later(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await exchange.send(answer[:-5])
        # In a segment of its own, which the client reads by itself.
        await asyncio.sleep(0.02)
        await exchange.send(answer[-5:] + b"\x00garbage\r\n\r\n")
        sent.set()

    proxy.plan(add_garbage_later)
    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        assert send(caller, okta, "code").access_token
        assert sent.wait(5)
        assert_works(caller, okta)


@own_ways
def test_large_answer_in_one_go(
    okta: FakeOkta, proxy: FaultProxy, face: Kind, owner: Owner
) -> None:
    """Larger than any head may be, and read together with its own."""

    async def answer_at_length(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(_inactive(900 * 1024))

    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        for _ in range(3):
            proxy.plan(answer_at_length)
            assert not send(caller, okta, "introspect").active
        assert_works(caller, okta)


@own_ways
def test_answer_that_is_longer_than_it_says(
    okta: FakeOkta, proxy: FaultProxy, face: Kind, owner: Owner
) -> None:
    """As by a server that counts characters for bytes: what came is kept."""

    async def say_less(exchange: Exchange) -> None:
        head, end, body = (await exchange.answer()).partition(b"\r\n\r\n")
        length = re.compile(rb"(?i)content-length: \d+")
        await exchange.send(length.sub(b"Content-Length: %d" % (len(body) - 3), head) + end + body)

    proxy.plan(say_less)
    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        with raised_within(_AMPLE) as caught:
            send(caller, okta, "code")
        assert isinstance(caught[0], MalformedResponseError)
        assert b"access_token" in caught[0].body
        assert_works(caller, okta)


@own_ways
def test_answer_of_no_known_status(
    okta: FakeOkta, proxy: FaultProxy, face: Kind, owner: Owner
) -> None:
    async def answer_strangely(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n" + _FORGED)

    proxy.plan(answer_strangely)
    with Face(face, proxy.url(), owner=owner, timeout=_AMPLE, retry=None) as caller:
        with raised_within(_AMPLE):
            send(caller, okta, "introspect")
        assert not send(caller, okta, "introspect").active


@pytest.mark.parametrize(
    "header", ["Connection: close", "connection: Close", "Connection: foo, close"]
)
@faces
def test_server_that_wants_a_new_connection_each_time(header: str, face: Kind) -> None:
    body = b'{"active":false}'
    wire = b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (
        header.encode(),
        len(body),
        body,
    )
    with (
        RawServer(Answer(wire, close=True)) as server,
        Face(face, server.url, timeout=_AMPLE, retry=None) as caller,
    ):
        for _ in range(3):
            assert not caller.call("introspect").active
    assert server.connections == 3


@faces
def test_closed_while_a_call_is_under_way(okta: FakeOkta, proxy: FaultProxy, face: Kind) -> None:
    """The call has its answer, of a code that is spent by then, and its connection is closed."""
    asked, closed = threading.Event(), threading.Event()

    async def answer_when_closed(exchange: Exchange) -> None:
        answer = await exchange.answer()
        asked.set()
        await asyncio.to_thread(closed.wait, 5)
        await exchange.send(answer)

    proxy.plan(PASS, answer_when_closed)
    with (
        Face(face, proxy.url(), timeout=_AMPLE, retry=None) as caller,
        concurrent.futures.ThreadPoolExecutor(1) as threads,
    ):
        assert not send(caller, okta, "introspect").active
        call = threads.submit(send, caller, okta, "code")
        assert asked.wait(5)
        caller.run(getattr(caller.client, "close" if face.startswith("sync") else "aclose"))
        closed.set()
        assert call.result(5).access_token
        proxy.wait_until_quiet()


@faces
def test_connection_that_few_need_is_closed(
    okta: FakeOkta, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, face: Kind
) -> None:
    """The last to be free is the next to be used: the others would rest for ever."""
    together = threading.Barrier(2)

    async def answer_together(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await asyncio.to_thread(together.wait, 5)
        await exchange.send(answer)

    proxy.plan(answer_together, answer_together)
    with Face(face, proxy.url(), timeout=_AMPLE, retry=None) as caller:
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            calls = [threads.submit(send, caller, okta, "introspect") for _ in range(2)]
            assert not any(call.result(5).active for call in calls)
        assert proxy.open_connections == 2
        for module in (lanes, async_lanes):
            monkeypatch.setattr(module, "KEEPALIVE_SECONDS", 0.0)
        send(caller, okta, "introspect")
        for _ in range(500):
            if proxy.open_connections < 2:
                break
            time.sleep(0.01)
        assert proxy.open_connections == 1


class Crowd:
    """Swallows requests, and counts how many it holds at a time."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.is_full: Final = threading.Event()

    async def swallow(self, exchange: Exchange) -> None:
        await exchange.read()
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == _MOST:
            self.is_full.set()
        try:
            await exchange.hang()
        finally:
            self.now -= 1

    def check(self, proxy: FaultProxy, errors: list[OktaError]) -> None:
        assert {type(error) for error in errors} == {TransportTimeoutError}
        verdicts = [cast("TransportError", error).request_sent for error in errors]
        # Whoever waited for a connection in vain, or got it too late, has sent nothing.
        assert _MOST <= len(proxy.requests) <= verdicts.count(None)
        assert self.most <= _MOST


def _auth() -> ClientSecretBasic:
    return ClientSecretBasic(CLIENT_ID, CLIENT_SECRET)


@pytest.mark.usefixtures("okta")
def test_all_connections_taken_in_threads(proxy: FaultProxy) -> None:
    crowd = Crowd()
    proxy.plan(*[crowd.swallow] * (2 * _MOST))
    with OktaOIDC(proxy.url(), _auth(), timeout=2.0, retry=None) as client:

        def fail(_: int) -> OktaError:
            with pytest.raises(OktaError) as raised:
                client.introspect(TOKEN)
            return raised.value

        with concurrent.futures.ThreadPoolExecutor(_MOST + 20) as threads:
            errors = list(threads.map(fail, range(_MOST + 20)))
        proxy.wait_until_quiet()
        crowd.check(proxy, errors)
        proxy.forget()
        assert not client.introspect(TOKEN).active


@pytest.mark.usefixtures("okta")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_all_connections_taken_in_tasks(proxy: FaultProxy, backend: str) -> None:
    crowd = Crowd()
    proxy.plan(*[crowd.swallow] * (2 * _MOST))
    errors: list[OktaError] = []

    async def main() -> None:
        async with AsyncOktaOIDC(proxy.url(), _auth(), timeout=3.0, retry=None) as client:

            async def fail() -> None:
                with pytest.raises(OktaError) as raised:
                    await client.introspect(TOKEN)
                errors.append(raised.value)

            async with anyio.create_task_group() as tasks:
                for _ in range(_MOST):
                    tasks.start_soon(fail)
                # Later, so that they connect before their own time is over: anyio before 4.16
                # loses a connection that is made in the moment of its cancellation.
                assert await anyio.to_thread.run_sync(crowd.is_full.wait, 2.0)
                for _ in range(20):
                    tasks.start_soon(fail)
            await anyio.to_thread.run_sync(proxy.wait_until_quiet)
            crowd.check(proxy, errors)
            proxy.forget()
            assert not (await client.introspect(TOKEN)).active

    anyio.run(main, backend=backend)


def test_no_connection_free_in_a_borrowed_client(proxy: FaultProxy) -> None:
    held = threading.Event()

    async def hold(exchange: Exchange) -> None:
        await exchange.read()
        held.set()
        await exchange.hang()

    proxy.plan(hold)
    with httpx.Client(limits=httpx.Limits(max_connections=1), trust_env=False) as one:
        patient = OktaOIDC(proxy.url(), _auth(), timeout=3.0, retry=None, http_client=one)
        hasty = OktaOIDC(proxy.url(), _auth(), timeout=0.3, retry=None, http_client=one)
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            first = threads.submit(patient.introspect, TOKEN)
            assert held.wait(5)
            with raised_within(0.3) as caught:
                hasty.token_for_code("hush-code", "https://app.example/")
            assert isinstance(first.exception(), TransportTimeoutError)
    assert type(caught[0]) is TransportTimeoutError
    assert caught[0].request_sent is False
    assert len(proxy.requests) == 1

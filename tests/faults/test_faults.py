"""Every fault on the way, before a real server: what is raised, how soon, and what was sent."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import pytest
from okta_oidc import Retry, TransportError, TransportTimeoutError
from okta_oidc.testing import FakeOkta

from tests.support.faces import EVERY_KIND, CallName, Face, Kind, Owner
from tests.support.proxy import Exchange, Fault, FaultProxy

from ._outcomes import assert_works, raised_within, send

# Long enough for a loaded machine to answer in, short enough to be waited out a hundred times.
_LIMIT = 0.4
# For faults that end the attempt by themselves: to run into this one is to fail.
_AMPLE = 8.0
_ATTEMPTS = 2

AIOHTTP = pytest.param(
    "asyncio",
    "aiohttp",
    marks=pytest.mark.skipif(
        importlib.util.find_spec("aiohttp") is None, reason="okta-oidc[aiohttp] is not installed"
    ),
)
WAYS = [
    *((face, "own") for face in EVERY_KIND),
    ("sync", "borrowed"),
    ("asyncio", "borrowed"),
    AIOHTTP,
]


async def reset_at_the_first_byte(exchange: Exchange) -> None:
    await exchange.reset()


async def close_at_once(exchange: Exchange) -> None:
    await exchange.close()


async def greet_in_another_protocol(exchange: Exchange) -> None:
    await exchange.send(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    await exchange.hang()


async def greet_in_http_2(exchange: Exchange) -> None:
    await exchange.send(bytes.fromhex("000000040000000000"))
    await exchange.hang()


async def read_nothing(exchange: Exchange) -> None:
    await exchange.hang()


async def reset_within_the_request(exchange: Exchange) -> None:
    await exchange.read_head()
    await exchange.reset()


async def reset_after_the_request(exchange: Exchange) -> None:
    await exchange.read()
    await exchange.reset()


async def close_after_the_request(exchange: Exchange) -> None:
    await exchange.read()
    await exchange.close()


async def half_close_after_the_request(exchange: Exchange) -> None:
    await exchange.read()
    exchange.half_close()
    await exchange.hang()


async def swallow_the_request(exchange: Exchange) -> None:
    await exchange.read()
    await exchange.hang()


async def swallow_the_answer(exchange: Exchange) -> None:
    await exchange.answer()
    await exchange.hang()


async def answer_garbage(exchange: Exchange) -> None:
    await exchange.answer()
    await exchange.send(b"\x16\x03\x01\x02\x00\x01garbage\r\n\r\n")
    await exchange.hang()


def _split(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


async def close_within_the_headers(exchange: Exchange) -> None:
    head, _ = _split(await exchange.answer())
    await exchange.send(head[: len(head) // 2])
    await exchange.close()


async def half_close_within_the_headers(exchange: Exchange) -> None:
    head, _ = _split(await exchange.answer())
    await exchange.send(head[: len(head) // 2])
    exchange.half_close()
    await exchange.hang()


async def reset_within_the_headers(exchange: Exchange) -> None:
    head, _ = _split(await exchange.answer())
    await exchange.send(head[: len(head) // 2])
    await exchange.reset()


async def close_within_the_body(exchange: Exchange) -> None:
    head, body = _split(await exchange.answer())
    await exchange.send(head + body[: len(body) // 2])
    await exchange.close()


async def half_close_within_the_body(exchange: Exchange) -> None:
    head, body = _split(await exchange.answer())
    await exchange.send(head + body[: len(body) // 2])
    exchange.half_close()
    await exchange.hang()


async def reset_within_the_body(exchange: Exchange) -> None:
    head, body = _split(await exchange.answer())
    await exchange.send(head + body[: len(body) // 2])
    await exchange.reset()


async def stop_within_the_headers(exchange: Exchange) -> None:
    head, _ = _split(await exchange.answer())
    await exchange.send(head[: len(head) // 2])
    await exchange.hang()


async def stop_within_the_body(exchange: Exchange) -> None:
    head, body = _split(await exchange.answer())
    await exchange.send(head + body[: len(body) // 2])
    await exchange.hang()


async def drip_the_headers(exchange: Exchange) -> None:
    await exchange.drip(await exchange.answer(), _LIMIT / 8)


async def drip_the_body(exchange: Exchange) -> None:
    head, body = _split(await exchange.answer())
    await exchange.send(head)
    await exchange.drip(body, _LIMIT / 8)


async def drip_chunks(exchange: Exchange) -> None:
    _, body = _split(await exchange.answer())
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for index in range(len(body)):
        await exchange.send(b"1;note=slow\r\n" + body[index : index + 1])
        await exchange.drip(b"\r\n", _LIMIT / 16)


async def promise_for_ever(exchange: Exchange) -> None:
    await exchange.read()
    while True:
        await exchange.drip(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", _LIMIT / 400)


@dataclass(frozen=True)
class Case:
    """``sent``: what the error says of the request; ``arrivals``: how often one attempt's request
    arrives whole; ``partial``: the status of the answer that has begun."""

    strike: Fault
    outcome: type[TransportError] = TransportError
    arrivals: int = 1
    partial: int | None = None


CASES = [
    Case(Fault(reset_at_the_first_byte), arrivals=0),
    Case(Fault(close_at_once, at_once=True), arrivals=0),
    # One line might still be the beginning of an answer.
    Case(Fault(greet_in_another_protocol, at_once=True), TransportTimeoutError, arrivals=0),
    Case(Fault(greet_in_http_2, at_once=True), arrivals=0),
    Case(Fault(read_nothing), TransportTimeoutError, arrivals=0),
    Case(Fault(reset_within_the_request), arrivals=0),
    Case(Fault(reset_after_the_request)),
    Case(Fault(close_after_the_request)),
    Case(Fault(half_close_after_the_request)),
    Case(Fault(swallow_the_request), TransportTimeoutError),
    Case(Fault(swallow_the_answer), TransportTimeoutError),
    Case(Fault(answer_garbage)),
    Case(Fault(close_within_the_headers)),
    Case(Fault(half_close_within_the_headers)),
    Case(Fault(reset_within_the_headers)),
    Case(Fault(close_within_the_body), partial=200),
    Case(Fault(half_close_within_the_body), partial=200),
    Case(Fault(reset_within_the_body), partial=200),
    Case(Fault(stop_within_the_headers), TransportTimeoutError),
    Case(Fault(stop_within_the_body), TransportTimeoutError, partial=200),
    Case(Fault(drip_the_headers), TransportTimeoutError),
    Case(Fault(drip_the_body), TransportTimeoutError, partial=200),
    Case(Fault(drip_chunks), TransportTimeoutError, partial=200),
    Case(Fault(promise_for_ever), TransportTimeoutError),
]


# A client that is lent to the synchronous face limits each read, and the whole from chunk to chunk
# of the body: a head that never ends is its owner's to bear with.
NO_END = (drip_the_headers, promise_for_ever)


@pytest.mark.parametrize(("face", "owner"), WAYS, ids=lambda value: str(value))
@pytest.mark.parametrize("call", ["code", "introspect"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.strike.strike.__name__)
def test_fault(
    okta: FakeOkta, proxy: FaultProxy, case: Case, call: CallName, face: Kind, owner: Owner
) -> None:
    outcome = case.outcome
    if (face, owner) == ("sync", "borrowed") and case.strike.strike in NO_END:
        pytest.skip("httpx limits each read of a head, and there is no thread to limit it in all")
    if owner == "aiohttp" and case.strike.strike is greet_in_another_protocol:
        # It does not wait for the rest.
        outcome = TransportError
    limit = _LIMIT if outcome is TransportTimeoutError else _AMPLE
    # A code may be spent by any of these: it is sent once, whatever Retry would allow.
    attempts = 1 if call == "code" else _ATTEMPTS
    proxy.plan(*[case.strike] * attempts)
    retry = Retry(attempts=_ATTEMPTS)
    with Face(face, proxy.url(), owner=owner, timeout=limit, retry=retry) as caller:
        waits = caller.waits
        with raised_within(attempts * limit) as caught:
            send(caller, okta, call)
        error = caught[0]
        assert type(error) is outcome
        assert isinstance(error, TransportError)
        assert error.request_sent is None
        assert error.retries == len(waits) == attempts - 1
        assert (error.http and error.http.status) == case.partial
        assert proxy.connections == attempts
        assert len(proxy.requests) == attempts * case.arrivals
        # The same client goes on as if nothing had happened.
        assert_works(caller, okta)
    proxy.wait_until_quiet()


@pytest.mark.parametrize("face", EVERY_KIND)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.strike.strike.__name__)
def test_fault_that_ends_before_the_attempts_do(
    okta: FakeOkta, proxy: FaultProxy, case: Case, face: Kind
) -> None:
    """What may be repeated succeeds the second time, and nobody has to know."""
    limit = _LIMIT if case.outcome is TransportTimeoutError else _AMPLE
    with Face(face, proxy.url(), timeout=limit) as caller:
        waits = caller.waits
        proxy.plan(case.strike)
        send(caller, okta, "introspect")
        assert len(waits) == 1
        assert len(proxy.requests) == case.arrivals + 1

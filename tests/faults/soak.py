"""Load and soak: ``python -m tests.faults.soak`` (100,000 calls a face, a few minutes).

32 threads share one client, then 500 tasks another, against a server in a process of its own that
fails one request in a hundred, in eight ways. Each call checks that the answer is to its own
token; the server checks that no code comes again that it may have spent. Descriptors and memory
are read all along, and must be flat. It ends with the figures, or with what was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, OktaError, OktaOIDC, Retry

_THREADS = 32
_TASKS = 500
_FAULTS = 0.01
# One call in ten exchanges a code.
_CODES = 10
_SAMPLES = 20
# What a run may hold at its end beyond what it held when a fifth was done.
_MORE_MEMORY = 12 * 1024 * 1024
_MORE_DESCRIPTORS = 4


# The server


class _Connection(asyncio.Protocol):
    def __init__(self, soaked: _Soaked) -> None:
        self._soaked = soaked
        self._received = bytearray()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(rest) < size:
                return
            form = parse_qs(bytes(rest[:size]).decode())
            self._received = rest[size:]
            self._soaked.answer(self._transport, {name: value[0] for name, value in form.items()})


@dataclass
class _Soaked:
    """What the server does, and what it has seen."""

    rng: random.Random
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    spent: set[str] = field(default_factory=set[str])
    spent_again: int = 0

    def answer(self, transport: Any, form: dict[str, str]) -> None:
        self.requests += 1
        code = form.get("code")
        if code is None:
            body = {"active": True, "jti": form["token"]}
        else:
            self.spent_again += code in self.spent
            body = {"access_token": f"for-{code}", "token_type": "Bearer", "expires_in": 3600}
        whole = _response(200, "application/json", json.dumps(body).encode())
        name = self.rng.choice(list(_WAYS)) if self.rng.random() < _FAULTS else None
        if code is not None and name != "too many at once":
            self.spent.add(code)
        if name is None:
            transport.write(whole)
            return
        self.faults[name] += 1
        _WAYS[name](transport, whole)


def _response(status: int, media_type: str, body: bytes, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Soak", f"Content-Type: {media_type}", *more]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def _close(transport: Any, whole: bytes) -> None:
    transport.close()


def _reset(transport: Any, whole: bytes) -> None:
    transport.abort()


def _cut(transport: Any, whole: bytes) -> None:
    transport.write(whole[:-9])
    transport.close()


def _close_after(transport: Any, whole: bytes) -> None:
    transport.write(whole)
    transport.close()


def _late(transport: Any, whole: bytes) -> None:
    asyncio.get_running_loop().call_later(0.2, transport.write, whole)


def _say_nothing(transport: Any, whole: bytes) -> None:
    """Leave the client to its time limit."""


def _page(transport: Any, whole: bytes) -> None:
    transport.write(_response(503, "text/html", b"<html>soak</html>"))


def _too_many(transport: Any, whole: bytes) -> None:
    now = int(time.time())
    transport.write(
        _response(
            429,
            "application/json",
            b'{"errorCode":"E0000047"}',
            time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT", time.gmtime(now)),
            "X-Rate-Limit-Limit: 0",
            "X-Rate-Limit-Remaining: 0",
            f"X-Rate-Limit-Reset: {now + 1}",
        )
    )


_WAYS = {
    "closed": _close,
    "reset": _reset,
    "cut short": _cut,
    "closed after the answer": _close_after,
    "late": _late,
    "no answer": _say_nothing,
    "gateway page": _page,
    "too many at once": _too_many,
}


async def _serve(number: int) -> None:
    soaked = _Soaked(random.Random(number))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(soaked), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    seen = {
        "requests": soaked.requests,
        "faults": dict(sorted(soaked.faults.items())),
        "codes": len(soaked.spent),
        "spent_again": soaked.spent_again,
    }
    print(json.dumps(seen), flush=True)


@contextmanager
def _serving(number: int) -> Generator[tuple[str, dict[str, Any]]]:
    """The server's URL, and what it has seen, once the block is over."""
    seen: dict[str, Any] = {}
    with subprocess.Popen(
        [sys.executable, "-m", __spec__.name, "--serve", str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", seen
        finally:
            process.stdin.close()
            seen.update(json.loads(process.stdout.readline() or "{}"))


# The callers


@dataclass
class _Tally:
    """What became of the calls, counted by whoever made them."""

    calls: int
    right: int = 0
    wrong: int = 0
    raised: Counter[str] = field(default_factory=Counter[str])
    codes_lost: int = 0
    samples: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    lock: threading.Lock = field(default_factory=threading.Lock)
    begun: int = 0
    seconds: float = 0.0

    def next(self) -> int | None:
        """The number of the next call, or ``None`` when all are made."""
        with self.lock:
            if self.begun == self.calls:
                return None
            self.begun += 1
            if self.begun % max(1, self.calls // _SAMPLES) == 0:
                gc.collect()
                self.samples.append((self.begun, _memory(), _descriptors()))
            return self.begun

    def answered(self, right: bool) -> None:
        with self.lock:
            self.right += right
            self.wrong += not right

    def failed(self, error: OktaError) -> None:
        with self.lock:
            self.raised[type(error).__name__] += 1


def _memory() -> int:
    with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123  # one read, no more
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # names are all that is wanted


def _options() -> dict[str, Any]:
    return {"timeout": 8.0, "retry": Retry(attempts=4)}


_AUTH = ClientSecretBasic("0oa1soak", "soak-client-secret")
_CALLBACK = "https://app.example/callback"


def soak_threads(url: str, tally: _Tally) -> None:
    """All calls in 32 threads."""
    with OktaOIDC(url, _AUTH, **_options()) as client:

        def work() -> None:
            while (index := tally.next()) is not None:
                try:
                    if index % _CODES == 0:
                        tokens = client.token_for_code(f"code-{index}", _CALLBACK)
                        tally.answered(tokens.access_token == f"for-code-{index}")
                    else:
                        info = client.introspect(f"token-{index}")
                        tally.answered(info.jti == f"token-{index}")
                except OktaError as error:
                    tally.failed(error)

        threads = [threading.Thread(target=work) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def soak_tasks(url: str, tally: _Tally) -> None:
    """All calls in 500 tasks of one event loop."""

    async def work(client: AsyncOktaOIDC) -> None:
        while (index := tally.next()) is not None:
            try:
                if index % _CODES == 0:
                    tokens = await client.token_for_code(f"code-{index}", _CALLBACK)
                    tally.answered(tokens.access_token == f"for-code-{index}")
                else:
                    info = await client.introspect(f"token-{index}")
                    tally.answered(info.jti == f"token-{index}")
            except OktaError as error:
                tally.failed(error)

    async def main() -> None:
        async with AsyncOktaOIDC(url, _AUTH, **_options()) as client:
            await asyncio.gather(*(work(client) for _ in range(_TASKS)))

    asyncio.run(main())


def soak(name: str, calls: int, number: int) -> list[str]:
    """One face; prints its figures and returns what was wrong."""
    tally = _Tally(calls)
    with _serving(number) as (url, seen):
        began = time.monotonic()
        (soak_threads if name == "threads" else soak_tasks)(url, tally)
        tally.seconds = time.monotonic() - began
    _print(name, tally, seen)
    return [f"{name}: {what}" for what in _wrongs(tally, seen)]


def _print(name: str, tally: _Tally, seen: dict[str, Any]) -> None:
    rate = tally.calls / tally.seconds
    memory = [sample[1] / 1024**2 for sample in tally.samples]
    descriptors = [sample[2] for sample in tally.samples]
    settled = _SAMPLES // 5
    print(f"{name}: {tally.calls:,} calls in {tally.seconds:.0f} s, {rate:,.0f} a second")
    print(f"  right answers {tally.right:,}, wrong ones {tally.wrong}, errors {dict(tally.raised)}")
    print(f"  server: {seen['requests']:,} requests, of these struck: {seen['faults']}")
    print(f"  codes: {seen['codes']:,}, sent again once spent: {seen['spent_again']}")
    print(
        f"  memory: {memory[settled]:.1f} MiB when settled, {memory[-1]:.1f} MiB at the end, "
        f"at most {max(memory):.1f} MiB"
    )
    print(
        f"  descriptors: {descriptors[settled]} when settled, {descriptors[-1]} at the end, "
        f"at most {max(descriptors)}"
    )


def _wrongs(tally: _Tally, seen: dict[str, Any]) -> list[str]:
    wrongs: list[str] = []
    if tally.wrong:
        wrongs.append(f"{tally.wrong} answers were another's")
    lost = tally.calls - tally.right - tally.wrong - tally.raised.total()
    if lost:
        wrongs.append(f"{lost} calls had no outcome")
    if seen["spent_again"]:
        wrongs.append(f"{seen['spent_again']} spent codes were sent again")
    # Codes are lost to faults; what may be repeated fails with all four attempts, hardly ever.
    if tally.raised.total() > tally.calls * _FAULTS * 1.5 / _CODES + 10:
        wrongs.append(f"{tally.raised.total()} errors are more than the faults account for")
    _, memory, descriptors = tally.samples[_SAMPLES // 5]
    if tally.samples[-1][1] > memory + _MORE_MEMORY:
        wrongs.append("memory grew")
    if tally.samples[-1][2] > descriptors + _MORE_DESCRIPTORS:
        wrongs.append("descriptors grew")
    return wrongs


def main() -> None:
    """Run both faces; exit with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000, help="for each face")
    parser.add_argument("--seed", type=int, default=1, help="of the server's faults")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        asyncio.run(_serve(options.serve))
        return
    wrongs = [
        wrong for name in ("threads", "tasks") for wrong in soak(name, options.calls, options.seed)
    ]
    print("\n".join(wrongs) or "all of it as it should be")
    sys.exit(bool(wrongs))


if __name__ == "__main__":
    main()

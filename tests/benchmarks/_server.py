"""The server of the benchmark, a process of its own: ``python -m tests.benchmarks._server``.

It answers from prepared bytes and checks no more than that a contender did its work: client
authentication, and the parameters that the endpoint needs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
from pathlib import Path
from typing import Final, cast

from . import _answers, _machine

_REFUSAL: Final = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
_NEEDED: Final[dict[bytes, tuple[bytes, ...]]] = {
    b"token": (b"refresh_token=r", b"code=c", b"grant_type=client_credentials"),
    b"introspect": (b"token=a",),
    b"revoke": (b"token=a",),
}


class Counts:
    """Connections that carried calls: accepted in all, open now, open at once at most."""

    def __init__(self) -> None:
        self.accepted = 0
        self.open = 0
        self.peak = 0

    def enter(self) -> None:
        self.accepted += 1
        self.open += 1
        self.peak = max(self.peak, self.open)

    def leave(self) -> None:
        self.open -= 1

    def answer(self) -> bytes:
        content = json.dumps(vars(self)).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)


class Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self, answers: dict[bytes, bytes], counts: Counts) -> None:
        self._answers: Final = answers
        self._counts: Final = counts
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._counted:
            self._counts.leave()

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            start = end + 4
            mark = head.find(b"\r\ncontent-length:")
            length = 0
            if mark >= 0:
                stop = head.find(b"\r\n", mark + 2)
                length = int(head[mark + 17 : stop if stop >= 0 else len(head)])
            if len(self._buffer) < start + length:
                return
            form = self._buffer[start : start + length]
            self._buffer = self._buffer[start + length :]
            self._transport.write(self.answer(head, form))

    def answer(self, head: bytes, form: bytes) -> bytes:
        """The answer to a request, whose ``head`` is in lower case."""
        path = head[: head.find(b"\r\n")].split(b" ", 2)[1]
        if path == b"/counts":
            return self._counts.answer()
        if not self._counted:
            self._counted = True
            self._counts.enter()
        answer = self._answers.get(path)
        if (
            answer is None
            or b"\r\nauthorization: basic " not in head
            or not any(part in form for part in _NEEDED[path.rpartition(b"/")[2]])
        ):
            return _REFUSAL
        return answer


async def serve(certificate: Path | None) -> None:
    """Serve until cancelled; print the port first."""
    counts = Counts()
    answers = _answers.wire()

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(
        lambda: Answering(answers, counts), "127.0.0.1", 0, backlog=2048, ssl=context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", type=Path, help="PEM file: speak TLS with it")
    options = parser.parse_args()
    _machine.pin("server")
    _machine.allow_descriptors()
    asyncio.run(serve(options.certificate))


if __name__ == "__main__":
    main()

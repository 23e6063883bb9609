"""Where a contender sends its calls: the server of the benchmark, or a transport in its place."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from . import _answers
from ._answers import HeaderSet, Operation

# Far beyond what any call takes: at a thousand at a time, a default of five seconds would fail.
TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and which headers it is to answer with; ``in_memory``, nothing is sent to it."""

    base_url: str
    headers: HeaderSet = "okta"
    in_memory: bool = False

    @property
    def server_id(self) -> str:
        return _answers.SERVER_IDS[self.headers]

    def url(self, operation: Operation) -> str:
        return self.base_url + _answers.path(operation, self.headers)

    def sync_transport(self) -> httpx.BaseTransport | None:
        """What an ``httpx.Client`` is to send through; ``None`` means its own."""
        return Answering() if self.in_memory else None

    def async_transport(self) -> httpx.AsyncBaseTransport | None:
        """What an ``httpx.AsyncClient`` is to send through; ``None`` means its own."""
        return AsyncAnswering() if self.in_memory else None


class Answering(httpx.BaseTransport):
    """Answers at once, with what the server would answer."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        stream = request.stream
        assert isinstance(stream, httpx.SyncByteStream)
        return _answer(request, b"".join(stream))


class AsyncAnswering(httpx.AsyncBaseTransport):
    """:class:`Answering` for the asynchronous clients."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        stream = request.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        return _answer(request, b"".join([chunk async for chunk in stream]))


_PREPARED = {
    _answers.path(operation, headers): (
        _answers.head(endpoint, headers),
        _answers.body(endpoint),
    )
    for headers in _answers.SERVER_IDS
    for operation, endpoint in _answers.ENDPOINTS.items()
}


def _answer(request: httpx.Request, form: bytes) -> httpx.Response:
    head, content = _PREPARED[request.url.path]
    assert form
    assert "authorization" in request.headers
    return httpx.Response(200, headers=head, stream=httpx.ByteStream(content))

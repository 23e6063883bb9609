"""The synchronous transport: connections to one origin, and a time limit that is a total.

A stock transport limits each read, so a server that sends a byte now and then is never timed out.
httpcore hands such limits to its network backend untouched, and takes the backend from its caller:
here they are *points in time*, which the backend turns into the seconds that are left.
"""

from __future__ import annotations

import functools
import os
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from ._borrowed import within
from ._config import Server
from ._errors import ConfigurationError
from ._leftovers import Leftovers

MAX_CONNECTIONS: Final = 100
# A server that closes an idle connection just as it is used again leaves it open whether a code was
# spent. Five seconds is a common limit (Node's default), so ours must be shorter.
KEEPALIVE_SECONDS: Final = 4.0


class OriginTransport(httpx.BaseTransport):
    """Connections to one server, shared by all threads."""

    def __init__(self, server: Server) -> None:
        self._new_pool: Final = functools.partial(
            httpcore.ConnectionPool,
            ssl_context=shared_tls() if server.secure else None,
            proxy=proxy_for(server),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=_DeadlineBackend(),
        )
        self._pool = self._new_pool()
        self._process = os.getpid()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._process != os.getpid():
            # A forked child shares its parent's connections: two would read one's answers.
            self._pool = self._new_pool()
            self._process = os.getpid()
        seconds = request.extensions["timeout"]["read"]
        limits: dict[str, float] = {}
        if seconds is not None:
            deadline = time.monotonic() + seconds
            # The wait for a free connection is httpcore's own, and is in seconds.
            limits = {"pool": seconds, "connect": deadline, "read": deadline, "write": deadline}
        response = self._pool.handle_request(core_request(request, limits))
        return httpx.Response(
            response.status, headers=response.headers, stream=_SyncStream(response)
        )

    def close(self) -> None:
        self._pool.close()


class _SyncStream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response: Final = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose ``timeout`` arguments are points in time."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream: Final = stream
        self._leftovers: Final = Leftovers()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))
        return self._leftovers.received(data)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._leftovers.asked()
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._leftovers.info(self._stream.get_extra_info, info)

    def close(self) -> None:
        self._stream.close()


class _DeadlineBackend(httpcore.SyncBackend):
    """A backend whose ``timeout`` arguments are points in time."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        find = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        left = _left(timeout, httpcore.ConnectTimeout)
        try:
            # The resolver has limits of its own, which no caller can set.
            found = find() if left is None else within(left, find)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"no address for {host} in time") from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        addresses = [str(sockaddr[0]) for *_, sockaddr in found]
        # The standard library's limit holds for each address: the last to be tried gets what the
        # others left, so that one that does not answer cannot use up the time of one that would.
        while True:
            address = addresses.pop(0)
            left = _left(timeout, httpcore.ConnectTimeout)
            share = None if left is None else left / (len(addresses) + 1)
            try:
                stream = super().connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise
            else:
                return _DeadlineStream(stream)


def _left(deadline: float | None, expired: type[httpcore.TimeoutException]) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise expired("timed out")
    return left


def core_request(request: httpx.Request, limits: dict[str, float]) -> httpcore.Request:
    return httpcore.Request(
        request.method,
        _core_url(request.url),
        headers=request.headers.raw,
        content=request.stream,
        extensions={"timeout": limits},
    )


@functools.cache
def shared_tls() -> ssl.SSLContext:
    # Reading the certificate store is most of what it costs to make a client.
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigurationError(
            "the certificate store cannot be read: check SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error


def proxy_address(server: Server) -> httpx.Proxy | None:
    """The proxy that the environment names for this server, as httpx would choose it."""
    if server.is_loopback:
        return None
    proxies = getproxies()
    address = proxies.get("https" if server.secure else "http") or proxies.get("all")
    if not address or proxy_bypass(server.host):
        return None
    try:
        return httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        # The address may hold a password.
        raise ConfigurationError("the proxy address in the environment is not valid") from None


def proxy_for(server: Server) -> httpcore.Proxy | None:
    """The same, as httpcore takes it."""
    proxy = proxy_address(server)
    if proxy is None:
        return None
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ConfigurationError("the environment names a SOCKS proxy: install httpx[socks]")
    return httpcore.Proxy(_core_url(proxy.url), auth=proxy.raw_auth, headers=proxy.headers.raw)


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )

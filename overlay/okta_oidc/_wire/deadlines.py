"""Synchronous connections whose time limit is a total.

A stock transport limits each read, so a server that sends a byte now and then is never timed out.
httpcore hands such limits to its network backend untouched, and takes the backend from its caller:
here they are *points in time*, which the backend turns into the seconds that are left.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any, Final

import httpcore


class DeadlineBackend(httpcore.SyncBackend):
    """A backend whose ``timeout`` arguments are points in time."""

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.NetworkStream:
        try:
            # The resolver has limits of its own, which no caller can set.
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
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
                stream = super().connect_tcp(address, port, share, *args, **options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise
            else:
                return _DeadlineStream(stream)


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose ``timeout`` arguments are points in time."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream: Final = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
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
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _left(deadline: float | None, expired: type[httpcore.TimeoutException]) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise expired("timed out")
    return left

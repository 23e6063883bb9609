"""The way to a host, step by step: its name, a connection, its certificate."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Handshake:
    """What TLS agreed on. ``expires_at`` is seconds since the epoch, ``issuer`` who signed."""

    version: str
    issuer: str
    expires_at: float


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of ``work``, if it comes in time: resolvers and slow answers know no limit.

    Raises:
        TimeoutError: it did not. The thread that does the work is left behind.
    """
    outcomes: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcomes.put((work(), None))
        except Exception as error:  # noqa: BLE001  # raised where the caller waits
            outcomes.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = outcomes.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("timed out") from None
    if error is not None:
        raise error
    return cast("T", result)


def addresses(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of ``host``.

    Raises:
        OSError: there is none, or no resolver that answers.
    """
    found = within(seconds, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect(host: str, port: int, seconds: float) -> None:
    """Open a connection, and close it.

    Raises:
        OSError: nothing listens there, or something is in the way.
    """
    socket.create_connection((host, port), timeout=seconds).close()


def handshake(host: str, port: int, seconds: float, context: ssl.SSLContext) -> Handshake:
    """Open a connection, agree on TLS, and close it.

    Raises:
        ssl.SSLCertVerificationError: the certificate is not trusted.
        OSError: there is no connection, or no TLS at the other end.
    """
    with (
        socket.create_connection((host, port), timeout=seconds) as connection,
        context.wrap_socket(connection, server_hostname=host) as tls,
    ):
        certificate = cast("dict[str, Any]", tls.getpeercert() or {})
        return Handshake(
            version=tls.version() or "TLS",
            issuer=_name(certificate.get("issuer", ())),
            expires_at=float(ssl.cert_time_to_seconds(certificate["notAfter"])),
        )


def _name(distinguished_name: Any) -> str:
    parts = {name: value for part in distinguished_name for name, value in part}
    return str(parts.get("organizationName") or parts.get("commonName") or "an unnamed authority")

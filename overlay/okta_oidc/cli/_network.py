"""The way to a host, step by step: its name, a connection, its certificate."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Handshake:
    """What TLS agreed on. ``expires_at`` is seconds since the epoch, ``issuer`` who signed."""

    version: str
    issuer: str
    expires_at: float


def addresses(host: str, port: int) -> list[str]:
    """The addresses of ``host``, as soon as the resolver has them or gives up.

    Raises:
        OSError: there is none, or no resolver that answers.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
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

"""TLS on loopback, by an authority of the test's own."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme


def server_context(authority: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    """A server's, with a certificate for these names and addresses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issue_cert(*names, **options)
    issued.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    return context


def client_context(authority: trustme.CA) -> ssl.SSLContext:
    """A client's, which trusts ``authority``."""
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return context


def trust(authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients of their own making trust ``authority`` and nobody else, as users would."""
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))

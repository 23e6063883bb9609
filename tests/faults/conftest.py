"""A FakeOkta on a loopback port and the proxy in front of it."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from pathlib import Path

import pytest
import trustme
from okta_oidc.testing import FakeOkta

from tests.support.proxy import FaultProxy
from tests.support.samples import CALLBACK, CLIENT_ID, CLIENT_SECRET


@pytest.fixture(scope="module")
def okta() -> Generator[FakeOkta]:
    """The real server behind the proxy; it knows the client of ``tests.support.samples``."""
    fake = FakeOkta(rate_limit=None, refuse_cookies=True)
    fake.add_client(CLIENT_ID, CLIENT_SECRET, redirect_uris=[CALLBACK])
    with fake.serve():
        yield fake


@pytest.fixture
def proxy(okta: FakeOkta) -> Generator[FaultProxy]:
    """A proxy in the clear."""
    port = int(okta.url.rpartition(":")[2])
    with FaultProxy(("127.0.0.1", port)).running() as running:
        yield running


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The certificate authority that the TLS tests trust."""
    return trustme.CA()


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts ``authority`` and nobody else."""
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return context


@pytest.fixture(scope="session")
def certified(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context with a certificate for 127.0.0.1 and localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    return context


@pytest.fixture
def own_tls(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients without an ``http_client`` trust ``authority``, as their users would."""
    certificate = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

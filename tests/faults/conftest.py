"""A FakeOkta on a loopback port and the proxy in front of it."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from pathlib import Path

import pytest
import trustme
from okta_oidc.testing import FakeOkta

from tests.support.certificates import client_context, server_context, trust
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
    return client_context(authority)


@pytest.fixture(scope="session")
def certified(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context with a certificate for 127.0.0.1 and localhost."""
    return server_context(authority, "127.0.0.1", "localhost")


@pytest.fixture
def own_tls(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients without an ``http_client`` trust ``authority``, as their users would."""
    trust(authority, tmp_path, monkeypatch)

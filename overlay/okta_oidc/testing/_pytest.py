"""pytest fixtures, there for everyone who installs the package.

pytest loads this module at every start, so nothing else is imported before a fixture is used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okta_oidc.testing import FakeOkta, NetworkGuard


def pytest_runtest_teardown() -> None:
    """Let no rate limit that one test met hold back the next: a process remembers them."""
    runtime = sys.modules.get("okta_oidc._runtime")
    if runtime is not None:
        runtime.RUNTIME.limits.forget()


@pytest.fixture
def fake_okta() -> FakeOkta:
    """A fresh in-memory Okta: ``fake_okta.client()`` is an ``OktaOIDC`` that talks to it.

    A fixture of your own with this name, in ``conftest.py``, can return one with other settings,
    such as ``FakeOkta(leeway=0, ticking=True)``; ``fake_okta_server`` serves it then.
    """
    from okta_oidc.testing import FakeOkta

    return FakeOkta()


@pytest.fixture
def fake_okta_server(fake_okta: FakeOkta) -> Iterator[FakeOkta]:
    """``fake_okta`` on a loopback port, at ``fake_okta_server.url``, for the length of the test.

    A test that asks for both fixtures has one Okta: its clients, users, clock and requests are the
    same by either name.
    """
    with fake_okta.serve():
        yield fake_okta


@pytest.fixture
def no_okta_network(request: pytest.FixtureRequest) -> Iterator[NetworkGuard]:
    """Fail the test if this package opens a connection, loopback included.

    Synchronous, asynchronous and aiohttp transports are watched, and an ``http_client`` of the
    caller's own while the package sends through it. Two ways lead past it: ``fake_okta_server``, if
    the same test asks for that, and ``no_okta_network.allow(url)``. Other code's connections, such
    as a store's or those of your own API's client, are none of its business.

    The call that would have connected raises pytest's own failure, before a name is resolved. What
    was stopped in another thread or task, or swallowed, fails the test at its end.
    """
    from okta_oidc.testing import NetworkGuard

    guard = NetworkGuard()
    if "fake_okta_server" in request.fixturenames:
        server: FakeOkta = request.getfixturevalue("fake_okta_server")
        guard.allow(server.url)
    failed = request.session.testsfailed
    with guard.watching():
        yield guard
    if request.session.testsfailed == failed:
        guard.verify()

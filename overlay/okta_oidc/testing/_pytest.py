"""pytest fixtures, there for everyone who installs the package.

pytest loads this module at every start, so nothing else is imported before a fixture is used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okta_oidc.testing import FakeOkta


def pytest_runtest_teardown() -> None:
    """Let no rate limit that one test met hold back the next: a process remembers them."""
    runtime = sys.modules.get("okta_oidc._runtime")
    if runtime is not None:
        runtime.RUNTIME.limits.forget()


@pytest.fixture
def fake_okta() -> FakeOkta:
    """A fresh in-memory Okta: ``fake_okta.client()`` is an ``OktaOIDC`` that talks to it."""
    from okta_oidc.testing import FakeOkta

    return FakeOkta()


@pytest.fixture
def fake_okta_server() -> Iterator[FakeOkta]:
    """A fresh Okta on a loopback port, at ``fake_okta_server.url``, for the length of the test."""
    from okta_oidc.testing import FakeOkta

    fake = FakeOkta()
    with fake.serve():
        yield fake

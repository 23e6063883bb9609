"""Fixtures of the command line's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from okta_oidc import Tokens
from okta_oidc.testing import FakeOkta

from ._command import CALLBACK, OTHER_VARIABLES, VARIABLES


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    for name in (*VARIABLES, *OTHER_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def environment_of(fake: FakeOkta) -> dict[str, str]:
    """The environment of somebody who works with this Okta."""
    return {
        "OKTA_ORG_URL": fake.url,
        "OKTA_CLIENT_ID": fake.client_id,
        "OKTA_CLIENT_SECRET": fake.client_secret,
    }


@pytest.fixture
def okta(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOkta]:
    """An Okta on a loopback port, which the environment names."""
    fake = FakeOkta()
    with fake.serve():
        for name, value in environment_of(fake).items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture
def environment(okta: FakeOkta) -> dict[str, str]:
    """The same, for a process of its own."""
    return environment_of(okta)


@pytest.fixture
def tokens(okta: FakeOkta) -> Tokens:
    """Tokens of a user who has signed in."""
    with okta.client() as client:
        found = client.token_for_code(
            okta.authorize(CALLBACK, scope="openid offline_access api:read"), CALLBACK
        )
    okta.requests.clear()
    return found

"""A FakeOkta on a loopback port, which knows the client of ``tests.faults._faces``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from okta_oidc.testing import FakeOkta

from tests.faults._faces import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI


@pytest.fixture
def okta() -> Iterator[FakeOkta]:
    fake = FakeOkta(rate_limit=None)
    fake.add_client(CLIENT_ID, CLIENT_SECRET, redirect_uris=[REDIRECT_URI])
    with fake.serve():
        yield fake

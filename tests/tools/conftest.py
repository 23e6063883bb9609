"""A FakeOkta on a loopback port, which knows the client of ``tests.support.samples``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from okta_oidc.testing import FakeOkta

from tests.support.samples import CALLBACK, CLIENT_ID, CLIENT_SECRET


@pytest.fixture
def okta() -> Iterator[FakeOkta]:
    fake = FakeOkta(rate_limit=None)
    fake.add_client(CLIENT_ID, CLIENT_SECRET, redirect_uris=[CALLBACK])
    with fake.serve():
        yield fake

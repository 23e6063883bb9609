"""What the fault tests ask of every client: an error in time, and to work when it is over."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from typing import Any

import pytest
from okta_oidc import OktaError
from okta_oidc.testing import FakeOkta

from tests.support.faces import CallName, Face
from tests.support.samples import CALLBACK, CLIENT_ID


@contextlib.contextmanager
def raised_within(limit: float) -> Generator[list[OktaError]]:
    """Catch the error of the block, which must not take much longer than ``limit`` seconds."""
    caught: list[OktaError] = []
    began = time.monotonic()
    with pytest.raises(OktaError) as raised:
        yield caught
    elapsed = time.monotonic() - began
    caught.append(raised.value)
    # A machine with more to do may add to it; a time limit that does not hold adds far more.
    assert elapsed < limit + 5.0


def send(caller: Face, okta: FakeOkta, call: CallName) -> Any:
    """A call that the real server grants."""
    if call == "code":
        code = okta.authorize(CALLBACK, client_id=CLIENT_ID)
        return caller.token_for_code(code, CALLBACK)
    return caller.call(call)


def assert_works(caller: Face, okta: FakeOkta) -> None:
    """The client can be used."""
    tokens = send(caller, okta, "code")
    assert caller.introspect(tokens.access_token).active

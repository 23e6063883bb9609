"""The short, repeatable part of ``fuzz.py``."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.faces import EVERY_KIND, CallName, Face, Kind
from tests.support.servers import Answer, RawServer

from ._fuzzing import bodies, check_call, check_reply, headers, statuses, wires

_CALLS: list[CallName] = ["code", "refresh", "token", "introspect", "revoke"]


@settings(
    max_examples=1000,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 1), st.sampled_from(_CALLS), statuses, headers, bodies)
def test_replies(
    index: int, name: CallName, status: int, pairs: list[tuple[str, str]], body: bytes
) -> None:
    check_reply(index, name, status, pairs, body)


@pytest.mark.parametrize("face", [each for each in EVERY_KIND if each != "trio"])
def test_bytes_at_the_socket(face: Kind) -> None:
    answer = Answer(b"", close=True)
    with (
        RawServer(answer) as server,
        Face(face, server.url, timeout=10, retry=None) as caller,
    ):

        @settings(
            max_examples=200,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(st.sampled_from(_CALLS), wires())
        def check(name: CallName, wire: bytes) -> None:
            answer.wire = wire
            # A limit that one answer tells of would hold back the next call.
            caller.runtime.limits.forget()
            check_call(lambda: caller.call(name), name)

        check()

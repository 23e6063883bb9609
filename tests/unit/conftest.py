"""Fixtures for the core's unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest

from tests.support.faces import KINDS, Face, Kind
from tests.support.servers import RawServer, Reaction

on_every_loop = pytest.mark.parametrize("kind", KINDS)


class OpenOkta(Protocol):
    def __call__(self, *args: Any, **options: Any) -> Face: ...


class ServeRaw(Protocol):
    def __call__(self, *reactions: Reaction) -> RawServer: ...


@pytest.fixture(params=["sync", "asyncio"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Both faces. ``on_every_loop`` adds trio, where sockets, time or cancellation are at stake."""
    found: Kind = request.param
    return found


@pytest.fixture
def open_okta(kind: Kind) -> Iterator[OpenOkta]:
    """Makes clients of this kind, and closes them after the test."""
    with ExitStack() as stack:

        def make(*args: Any, **options: Any) -> Face:
            return stack.enter_context(Face(kind, *args, **options))

        yield make


@pytest.fixture
def serve_raw() -> Iterator[ServeRaw]:
    """Makes raw loopback servers, and stops them after the test."""
    with ExitStack() as stack:

        def make(*reactions: Reaction) -> RawServer:
            return stack.enter_context(RawServer(*reactions))

        yield make

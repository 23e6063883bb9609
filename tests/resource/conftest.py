"""Servers of the suite's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.support.stores import RedisServer
from tests.support.stores import redis_server as running

from ._line import Line

PASSWORD = "hush-redis-password"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with running(password=PASSWORD) as server:
        yield server


@pytest.fixture
def empty_redis(redis_server: RedisServer) -> RedisServer:
    """The server, with nothing in it."""
    kind: Any = redis.Redis
    with kind.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server


@pytest.fixture
def line(empty_redis: RedisServer) -> Iterator[Line]:
    """A line to Redis that can be cut."""
    with Line(("127.0.0.1", empty_redis.port)).running() as running_line:
        assert isinstance(running_line, Line)
        yield running_line

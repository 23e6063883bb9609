"""Real stores, one of each for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stores import (
    PostgresServer,
    RedisServer,
    postgres_server,
    redis_server,
    valkey_program,
)


@pytest.fixture(scope="session")
def redis_() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def valkey_() -> Iterator[RedisServer]:
    with redis_server(valkey_program()) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server

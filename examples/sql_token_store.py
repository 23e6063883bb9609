"""Held tokens in a database: a token store on SQLAlchemy, for PostgreSQL or SQLite.

One table, and one ``UPDATE … WHERE version = …`` that decides who of two writers came first. The
age of a row is measured by the database's own clock.
"""

from __future__ import annotations

from typing import Any, Final

from okta_oidc import Stored
from sqlalchemy import (
    Column,
    Engine,
    Float,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

METADATA: Final = MetaData()
TOKENS: Final = Table(
    "held_tokens",
    METADATA,
    Column("key", String(255), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("version", String(64), nullable=False),
    Column("written_at", Float(53), nullable=False),
)


class epoch(GenericFunction[float]):  # noqa: N801  # as SQL functions are written
    """Seconds since the epoch, by the database's clock, at this very moment."""

    type = Float(53)
    inherit_cache = True


@compiles(epoch, "postgresql")
def _postgresql(element: epoch, compiler: Any, **options: Any) -> str:
    return "extract(epoch FROM clock_timestamp())"


@compiles(epoch, "sqlite")
def _sqlite(element: epoch, compiler: Any, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


class SqlTokenStore:
    """``okta.user_tokens(key, SqlTokenStore(engine))``. Make the table with ``METADATA``."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine

    def load(self, key: str, /) -> Stored | None:
        age = epoch() - TOKENS.c.written_at
        query = select(TOKENS.c.value, TOKENS.c.version, age).where(TOKENS.c.key == key)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Stored(row[0], row[1], max(0.0, float(row[2])))

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        row = {"value": value, "version": version, "written_at": epoch()}
        if expected is None:
            statement: Any = insert(TOKENS).values(key=key, **row)
        else:
            mine = (TOKENS.c.key == key) & (TOKENS.c.version == expected)
            statement = update(TOKENS).where(mine).values(**row)
        try:
            with self._engine.begin() as connection:
                if connection.execute(statement).rowcount == 1:
                    return True
        except IntegrityError:
            pass  # there is a row already
        # It may be this very one: the answer to a first try may have been lost.
        held = self.load(key)
        return held is not None and held.version == version

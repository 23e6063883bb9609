"""Tokens that are held, renewed and shared: by one process, or by a fleet."""

from __future__ import annotations

from ._engine import Engine
from ._rows import HeldTokens
from ._sources import AsyncTokenSource, AsyncUserTokens, Grant, TokenSource, UserTokens
from ._stores import (
    AsyncMemoryTokenStore,
    AsyncTokenStore,
    MemoryTokenStore,
    Stored,
    TokenStore,
)
from ._token_auth import TokenAuth

__all__ = [
    "AsyncMemoryTokenStore",
    "AsyncTokenSource",
    "AsyncTokenStore",
    "AsyncUserTokens",
    "Engine",
    "Grant",
    "HeldTokens",
    "MemoryTokenStore",
    "Stored",
    "TokenAuth",
    "TokenSource",
    "TokenStore",
    "UserTokens",
]

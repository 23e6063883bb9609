"""Tokens that are held, renewed and shared: by one process, or by a fleet."""

from __future__ import annotations

from ._renewal import Renewal as Renewal
from ._rows import HeldTokens as HeldTokens
from ._sources import AsyncTokenSource as AsyncTokenSource
from ._sources import AsyncUserTokens as AsyncUserTokens
from ._sources import Grant as Grant
from ._sources import TokenSource as TokenSource
from ._sources import UserTokens as UserTokens
from ._stores import AsyncMemoryTokenStore as AsyncMemoryTokenStore
from ._stores import AsyncTokenStore as AsyncTokenStore
from ._stores import MemoryTokenStore as MemoryTokenStore
from ._stores import Stored as Stored
from ._stores import TokenStore as TokenStore

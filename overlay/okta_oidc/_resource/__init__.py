"""An API's side: introspection answers that are kept, and the guard in front of handlers."""

from __future__ import annotations

from ._cache import IntrospectionCache as IntrospectionCache
from ._questions import CachedIntrospection as CachedIntrospection

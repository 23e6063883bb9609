"""What many processes share through Redis: the extra ``okta-oidc[redis]``.

Any client with redis-py's calls will do, valkey-py's too.
"""

from __future__ import annotations

import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar, cast

from ._config import check_kind
from ._errors import ConfigurationError, TokenStoreError
from ._holding._stores import Stored
from ._retry import checked_seconds
from ._runtime import RUNTIME
from ._wire.loops import PerLoop

__all__ = [
    "AsyncRedisIntrospectionTier",
    "AsyncRedisTokenStore",
    "Cipher",
    "RedisIntrospectionTier",
    "RedisTokenStore",
]

T = TypeVar("T")

_LOGGER: Final = logging.getLogger("okta_oidc")


class Cipher(Protocol):
    """Encrypts and authenticates what is kept: ``cryptography.fernet.Fernet``, say."""

    def encrypt(self, data: bytes, /) -> bytes:
        """``data``, encrypted."""
        ...

    def decrypt(self, data: bytes, /) -> bytes:
        """What was encrypted; any exception if it was not by this key, or was changed."""
        ...


# Held tokens

# One hash a key. Its age is by Redis' own clock, in milliseconds.
_LOAD: Final = """
local held = redis.pcall('HMGET', KEYS[1], 'version', 'value', 'written_at')
local written_at = tonumber(held[3])
if not (held[1] and held[2] and written_at) then
  return redis.call('EXISTS', KEYS[1]) == 1 and {'', 'not of ours', 0}
end
local now = redis.call('TIME')
return {held[1], held[2], now[1] * 1000 + math.floor(now[2] / 1000) - written_at}
"""
_REPLACE: Final = """
local held = redis.call('HGET', KEYS[1], 'version') or ''
if held == ARGV[2] then return 1 end
if held ~= ARGV[1] then return 0 end
local now = redis.call('TIME')
local written_at = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'value', ARGV[3], 'written_at', written_at)
redis.call('PERSIST', KEYS[1])
if ARGV[4] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
"""


class _Hashes:
    """What does not depend on how the scripts are called."""

    _asynchronous = False

    def __init__(
        self, client: object, prefix: str, ttl: float | None, cipher: Cipher | None
    ) -> None:
        check_kind("prefix", prefix, str)
        if ttl is not None:
            checked_seconds("ttl", ttl, zero=False)
        _check_cipher(cipher)
        register: Any = getattr(client, "register_script", None)
        names = _library(client)
        if not callable(register) or (names and ("asyncio" in names) is not self._asynchronous):
            raise _wrong(client, asynchronous=self._asynchronous)
        self._load: Final[Any] = register(_LOAD)
        self._replace: Final[Any] = register(_REPLACE)
        self._prefix: Final = prefix
        self._ttl: Final = "" if ttl is None else str(_milliseconds(ttl))
        self._cipher: Final = cipher

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prefix={self._prefix!r})"

    def _loading(self, key: str) -> Any:
        return self._load(keys=[self._prefix + key])

    def _replacing(self, key: str, value: bytes, expected: str | None, version: str) -> Any:
        if self._cipher is not None:
            # The key is encrypted with the value, so a row copied to another key is rejected.
            value = self._cipher.encrypt(key.encode() + b"\0" + value)
        # Base64: a client with ``decode_responses`` cannot return other bytes.
        arguments = [expected or "", version, b64encode(value), self._ttl]
        return self._replace(keys=[self._prefix + key], args=arguments)

    def _read(self, key: str, found: Any) -> Stored | None:
        if not found:
            return None
        version, value, age = found
        if isinstance(version, bytes):
            version = version.decode()
        with suppress(Exception):  # each cipher has its own
            value = b64decode(value, validate=True)
            if self._cipher is None:
                return Stored(value, version, max(0, age) / 1000)
            owner, _, value = self._cipher.decrypt(value).partition(b"\0")
            if owner == key.encode():
                return Stored(value, version, max(0, age) / 1000)
        raise TokenStoreError(
            "Redis holds what cannot be read: another cipher's, or another program's. It was left "
            "as it is"
        )


class RedisTokenStore(_Hashes):
    """Held tokens in Redis or Valkey, shared by all processes that use it (a ``TokenStore``).

    Its keys must not be evicted: ``maxmemory-policy noeviction``, or one of ``volatile-…`` and no
    ``ttl``. Whoever can read this Redis can act for every user: use a ``cipher``.

    Args:
        client: a ``redis.Redis``, say, yours to close. What it raises reaches the caller as it is.
            Give it ``socket_timeout`` and ``socket_connect_timeout`` of a second or two.
        prefix: before each key.
        ttl: seconds after the last renewal at which Redis forgets a user, who has to sign in again
            then; ``None`` keeps all.
        cipher: encrypts what is kept. A ``MultiFernet`` can change its key.

    Raises:
        ConfigurationError: a value is out of range, or ``client`` has other calls.
    """

    def __init__(
        self,
        client: object,
        *,
        prefix: str = "okta:tokens:",
        ttl: float | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        super().__init__(client, prefix, ttl, cipher)

    def load(self, key: str, /) -> Stored | None:
        """See :meth:`TokenStore.load`."""
        return self._read(key, self._loading(key))

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        """See :meth:`TokenStore.replace`."""
        return bool(self._replacing(key, value, expected, version))


class AsyncRedisTokenStore(_Hashes):
    """:class:`RedisTokenStore` for ``redis.asyncio``, which knows asyncio, not trio."""

    _asynchronous = True

    def __init__(
        self,
        client: object,
        *,
        prefix: str = "okta:tokens:",
        ttl: float | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        super().__init__(client, prefix, ttl, cipher)

    async def load(self, key: str, /) -> Stored | None:
        """See :meth:`TokenStore.load`."""
        return self._read(key, await self._loading(key))

    async def replace(
        self, key: str, value: bytes, /, *, expected: str | None, version: str
    ) -> bool:
        """See :meth:`TokenStore.replace`."""
        return bool(await self._replacing(key, value, expected, version))


# Introspection answers

# Asking Okta takes less than waiting longer than this for Redis.
_LONGEST_TIMEOUT: Final = 5.0
_TRY_AGAIN: Final = 1.0
_LOG_EVERY: Final = 60.0
_CONNECTIONS: Final = 32

_VERSION: Final = 1
_REVOKED: Final = b"revoked"

# Connection settings that are not copied: those of one pool, of time-outs and of retries.
_NOT_OURS: Final = (
    "event_dispatcher",
    "health_check_interval",
    "himport_registry",
    "maint_",
    "orig_",
    "retry",
    "socket_connect_timeout",
    "socket_timeout",
)


class _Tier:
    """What does not depend on how Redis is reached.

    After a failure, such as a time-out, nobody tries Redis for a second; then one caller does.
    Without an answer of the tier Okta is asked, so failures are not raised.
    """

    _asynchronous = False

    def __init__(
        self, client: object, prefix: str, local_ttl: float, timeout: float, cipher: Cipher | None
    ) -> None:
        check_kind("prefix", prefix, str)
        _check_cipher(cipher)
        self.local_ttl: float = checked_seconds("local_ttl", local_ttl)
        self._timeout: Final = checked_seconds("timeout", timeout, _LONGEST_TIMEOUT, zero=False)
        self._connect: Final = _connecting(client, self._timeout, asynchronous=self._asynchronous)
        self._prefix: Final = prefix
        self._cipher: Final = cipher
        self._away = False
        self._next_try = self._next_log = 0.0

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prefix={self._prefix!r}, local_ttl={self.local_ttl})"

    def _may_try(self) -> bool:
        if not self._away:
            return True
        now = RUNTIME.monotonic()
        # Two threads may try at the same moment. There is no lock, which a fork could leave taken.
        if now < self._next_try:
            return False
        self._next_try = now + _TRY_AGAIN
        return True

    def _succeeded(self) -> None:
        self._away = False

    def _failed(self, what: str, error: Exception) -> None:
        now = RUNTIME.monotonic()
        if what == "reach":
            self._next_try = now + _TRY_AGAIN
            self._away = True
        if now >= self._next_log:
            self._next_log = now + _LOG_EVERY
            # Its text may quote an address with a password.
            _LOGGER.warning(
                "introspection: cannot %s Redis (%s), Okta is asked", what, type(error).__name__
            )

    def _name(self, key: bytes) -> str:
        return self._prefix + key.hex()

    def _read(self, key: bytes, found: Any) -> tuple[dict[str, Any], float] | None:
        value, left = found or (None, None)
        # Absent, expired, or without a TTL, which this tier always sets.
        if not isinstance(value, bytes) or not isinstance(left, int) or left <= 0:
            return None
        if value == _REVOKED:
            return {}, left / 1000
        try:
            document = json.loads(value if self._cipher is None else self._cipher.decrypt(value))
            # A document copied to another key is ignored.
            if (document["v"], document["key"]) == (_VERSION, key.hex()):
                return dict(document["members"]), left / 1000
        except Exception as error:  # noqa: BLE001  # each cipher has its own
            self._failed("read what is in", error)
        return None

    def _written(self, key: bytes, members: dict[str, Any]) -> bytes | None:
        document = {"v": _VERSION, "key": key.hex(), "members": members}
        try:
            text = json.dumps(document, separators=(",", ":")).encode()
            return text if self._cipher is None else self._cipher.encrypt(text)
        except Exception as error:  # noqa: BLE001  # each cipher has its own
            self._failed("write to", error)
            return None

    def _loading(self, client: Any, key: bytes) -> Any:
        pipeline = client.pipeline(transaction=False)
        pipeline.get(self._name(key))
        pipeline.pttl(self._name(key))
        return pipeline.execute()

    def _storing(self, client: Any, key: bytes, value: bytes, seconds: float, nx: bool) -> Any:
        return client.set(self._name(key), value, px=_milliseconds(seconds), nx=nx)

    def _barring(self, client: Any, keys: list[bytes], seconds: float) -> Any:
        pipeline = client.pipeline(transaction=False)
        for key in keys:
            pipeline.set(self._name(key), _REVOKED, px=_milliseconds(seconds))
        return pipeline.execute()


class RedisIntrospectionTier(_Tier):
    """Introspection answers that many processes share: ``IntrospectionCache(shared=…)``.

    A fleet then asks Okta about a token once in ``ttl``, not once for each process. Whoever can
    write to this Redis can make any token look good: use a ``cipher`` where that is not the API
    itself alone.

    Args:
        client: a ``redis.Redis``, say. The tier connects as it does, on connections of its own:
            with ``timeout``, and without its retries.
        prefix: before each key, the rest of which is a digest. Keys expire by themselves.
        local_ttl: seconds for which a process uses its own copy of an active answer, and so may
            be late in learning of another's revocation.
        timeout: seconds that Redis may take to connect, and to answer. One that does not is left
            alone for a second, and Okta is asked.
        cipher: encrypts what is kept.

    Raises:
        ConfigurationError: a value is out of range, or ``client`` is of a kind whose time limits
            and retries are not known.
    """

    def __init__(
        self,
        client: object,
        *,
        prefix: str = "okta:introspection:",
        local_ttl: float = 5.0,
        timeout: float = 0.1,
        cipher: Cipher | None = None,
    ) -> None:
        super().__init__(client, prefix, local_ttl, timeout, cipher)
        self._client: Final = self._connect()

    def load(self, key: bytes, /) -> tuple[dict[str, Any], float] | None:
        """Members and their remaining seconds; no members if revoked; ``None`` if unknown."""
        return self._read(key, self._try(lambda: self._loading(self._client, key)))

    def store(self, key: bytes, members: dict[str, Any], seconds: float, replace: bool, /) -> None:
        """Keep ``members`` for ``seconds``: only if nothing is there, unless ``replace``."""
        value = self._written(key, members)
        if value is not None:
            self._try(lambda: self._storing(self._client, key, value, seconds, not replace))

    def bar(self, keys: list[bytes], seconds: float, /) -> None:
        """Mark these as revoked for ``seconds``: members are stored there only by ``replace``."""
        self._try(lambda: self._barring(self._client, keys, seconds))

    def close(self) -> None:
        """Close the tier's own connections. The client that was passed stays open."""
        self._client.connection_pool.disconnect()

    def _try(self, function: Callable[[], T]) -> T | None:
        if not self._may_try():
            return None
        try:
            result = function()
        except Exception as error:  # noqa: BLE001  # redis-py's, the socket's, TLS's
            self._failed("reach", error)
            return None
        self._succeeded()
        return result


class AsyncRedisIntrospectionTier(_Tier):
    """:class:`RedisIntrospectionTier` for ``redis.asyncio``, which knows asyncio, not trio.

    Each event loop has connections of its own, whichever the client was made in.
    """

    _asynchronous = True

    def __init__(
        self,
        client: object,
        *,
        prefix: str = "okta:introspection:",
        local_ttl: float = 5.0,
        timeout: float = 0.1,
        cipher: Cipher | None = None,
    ) -> None:
        super().__init__(client, prefix, local_ttl, timeout, cipher)
        self._clients: Final = PerLoop[Any](self._connect)

    async def load(self, key: bytes, /) -> tuple[dict[str, Any], float] | None:
        """See :meth:`RedisIntrospectionTier.load`."""
        return self._read(key, await self._try(lambda client: self._loading(client, key)))

    async def store(
        self, key: bytes, members: dict[str, Any], seconds: float, replace: bool, /
    ) -> None:
        """See :meth:`RedisIntrospectionTier.store`."""
        value = self._written(key, members)
        if value is not None:
            await self._try(lambda client: self._storing(client, key, value, seconds, not replace))

    async def bar(self, keys: list[bytes], seconds: float, /) -> None:
        """See :meth:`RedisIntrospectionTier.bar`."""
        await self._try(lambda client: self._barring(client, keys, seconds))

    async def aclose(self) -> None:
        """Close this event loop's connections. The client that was passed stays open."""
        client = self._clients.pop()
        if client is not None:
            await client.connection_pool.disconnect()

    async def _try(self, function: Callable[[Any], Awaitable[Any]]) -> Any:
        from anyio import fail_after

        if not self._may_try():
            return None
        try:
            with fail_after(self._timeout):
                result = await function(self._clients.get())
        except Exception as error:  # noqa: BLE001  # redis-py's, the socket's, TLS's
            self._failed("reach", error)
            return None
        self._succeeded()
        return result


def _check_cipher(cipher: object) -> None:
    for name in ("encrypt", "decrypt") if cipher is not None else ():
        if not callable(getattr(cipher, name, None)):
            raise ConfigurationError("cipher must have encrypt() and decrypt()")


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _library(client: object) -> list[str] | None:
    """Whose connections the client has: redis-py's, valkey-py's, or ``None``."""
    pool = getattr(client, "connection_pool", None)
    kinds = [base.__module__.split(".") for base in type(pool).__mro__]
    return next((name for name in kinds if name[0] in ("redis", "valkey")), None)


def _wrong(client: object, *, asynchronous: bool) -> ConfigurationError:
    wanted = "redis.asyncio.Redis" if asynchronous else "redis.Redis, not one of redis.asyncio"
    name = type(client).__name__
    return ConfigurationError(f"client must be a {wanted}, or like it; it is a {name}")


def _connecting(client: Any, timeout: float, *, asynchronous: bool) -> Callable[[], Any]:
    """Makes clients like ``client``, but with ``timeout`` and without retries."""
    kind = cast("Callable[..., Any]", type(client))
    names = _library(client)
    if names is None or ("asyncio" in names) is not asynchronous:
        raise _wrong(client, asynchronous=asynchronous)
    pool: Any = client.connection_pool
    if "sentinel" in names:
        # Its pool asks the sentinels where to connect, each with settings of its own.
        raise ConfigurationError(
            "a client of Sentinel's cannot be given a time limit: pass a plain one for the "
            "introspection tier, made with socket_timeout, socket_connect_timeout and no retries"
        )
    package = ".".join(names[:2]) if "asyncio" in names else names[0]
    retry = import_module(f"{package}.retry").Retry
    no_backoff = import_module(f"{names[0]}.backoff").NoBackoff
    settings: dict[str, object] = {
        name: value
        for name, value in cast("dict[str, object]", pool.connection_kwargs).items()
        if not name.startswith(_NOT_OURS)
    }
    settings |= {
        "decode_responses": False,
        "socket_connect_timeout": timeout,
        "socket_timeout": timeout,
    }
    try:
        # They would lengthen time-outs while a server is being moved.
        notifications = import_module(f"{package}.maint_notifications").MaintNotificationsConfig
    except ImportError:
        pass
    else:
        settings["maint_notifications_config"] = notifications(enabled=False)

    def connect() -> Any:
        blocking = import_module(f"{package}.connection").BlockingConnectionPool
        return kind(
            connection_pool=blocking(
                connection_class=pool.connection_class,
                max_connections=_CONNECTIONS,
                timeout=timeout,
                retry=retry(no_backoff(), 0),
                **settings,
            )
        )

    return connect

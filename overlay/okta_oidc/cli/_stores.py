"""Whether a token store can be relied on, and what state a key in it is in."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import click
from click.core import ParameterSource

import okta_oidc
from okta_oidc.testing import check_token_store

from ._exits import InputError
from ._findings import Finding
from ._sessions import Session
from ._words import duration, printable

_STORE: Final = "token store"
_HELD: Final = "held tokens"
_SCHEMES: Final = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}
# Seconds: for what the check leaves behind.
_SHORT: Final = 60.0
# Seconds. A claim is resolved by another process after the client's `timeout` and 5 s more.
_LONG_CLAIM: Final = 60.0


def store_findings(
    session: Session, url: str, prefix: str, key: str | None, timeout: float
) -> Iterator[Finding]:
    """Prove the store at ``url``; then, if a ``key`` is named, tell its state without its tokens.

    Raises:
        InputError: ``url`` is none, or holds a password for every user of the machine to read.
    """
    scheme, place = _read(session, url)
    address = scheme + url[url.index(":") :]
    return _findings(address, place, prefix, key, timeout)


def _findings(
    address: str, place: str, prefix: str, key: str | None, timeout: float
) -> Iterator[Finding]:
    try:
        redis = import_module("redis")
        # Of its own: redis-py's retries would take seconds to say that nothing listens.
        once = import_module("redis.retry").Retry(import_module("redis.backoff").NoBackoff(), 0)
    except ImportError:
        yield Finding(_STORE, "failed", "redis-py is not installed", "install okta-oidc[redis]")
        return
    try:
        client: Any = redis.Redis.from_url(
            address, socket_timeout=timeout, socket_connect_timeout=timeout, retry=once
        )
    except (ValueError, TypeError):
        # Its text may quote the URL.
        text, advice = f"{place}: redis-py cannot read that URL", "compare it with redis-py's docs"
        yield Finding(_STORE, "failed", text, advice)
        return
    with client:
        proof = _proof(redis, client, place)
        yield proof
        if key is None:
            return
        if proof.status == "failed":
            yield Finding(_HELD, "skipped", "not without the token store", "fix that first")
            return
        yield _state(redis, client, prefix, key)


def _read(session: Session, url: str) -> tuple[str, str]:
    """The scheme that redis-py knows, and the place without its password."""
    try:
        parts = urlsplit(url)
        place = parts.hostname or parts.path
        passwords = [unquote(parts.password or ""), *parse_qs(parts.query).get("password", [])]
        if parts.hostname is not None and parts.port is not None:
            place = f"{place}:{parts.port}"
    except ValueError:
        raise InputError("--store is no URL") from None
    scheme = _SCHEMES.get(parts.scheme, parts.scheme)
    if scheme not in ("redis", "rediss", "unix"):
        raise InputError("--store takes a URL: redis://, rediss://, valkey:// or unix://")
    source = click.get_current_context().get_parameter_source("store")
    if any(passwords) and source is ParameterSource.COMMANDLINE:
        raise InputError(
            "--store holds a password, which the shell's history keeps and other users read",
            "set OKTA_OIDC_STORE to the URL instead",
        )
    for password in passwords:
        session.screen.hide(password)
    return scheme, printable(place)


def _proof(redis: Any, client: Any, place: str) -> Finding:
    from okta_oidc.redis import RedisTokenStore

    # Beside what is held, and gone soon.
    store = RedisTokenStore(client, prefix="okta:doctor:", ttl=_SHORT)
    try:
        check_token_store(store)
        policy = _policy(redis, client)
    except AssertionError as error:
        return Finding(
            _STORE,
            "failed",
            f"{place} is no store for tokens: {error}",
            "keep them in a Redis that runs scripts whole, on its primary, and no proxy before it",
        )
    except redis.RedisError as error:
        advice = "check address, password, TLS (rediss://) and the firewall"
        return Finding(_STORE, "failed", f"{place}: {printable(str(error))}", advice)
    if policy.startswith("allkeys"):
        return Finding(
            _STORE,
            "warning",
            f"{place} may be relied on until its memory is full: maxmemory-policy is {policy}",
            "set maxmemory-policy noeviction: a user whose tokens it drops has to sign in again",
        )
    return Finding(_STORE, "ok", f"{place} compares and sets, one writer at a time")


def _policy(redis: Any, client: Any) -> str:
    try:
        return printable(str(client.config_get("maxmemory-policy").get("maxmemory-policy", "")))
    except redis.ResponseError:
        # Hosted ones do not tell.
        return ""


def _state(redis: Any, client: Any, prefix: str, key: str) -> Finding:
    from okta_oidc._holding._rows import Row
    from okta_oidc.redis import RedisTokenStore

    shown = printable(key)
    try:
        stored = RedisTokenStore(client, prefix=prefix).load(key)
        row = None if stored is None else Row.decoded(stored.value)
    except okta_oidc.TokenStoreError:
        return Finding(
            _HELD,
            "warning",
            f"{shown}: what is held cannot be read here",
            "it is encrypted by the service's cipher, or a newer version's, or another program's",
        )
    except redis.RedisError as error:
        advice = "see what else is kept under that name: --store-prefix"
        return Finding(_HELD, "failed", f"{shown}: {printable(str(error))}", advice)
    if stored is None or row is None:
        advice = "the user has to sign in; or are key and --store-prefix others?"
        return Finding(_HELD, "warning", f"{shown}: nothing is held", advice)
    return _described(shown, row, stored.age)


def _described(key: str, row: Any, age: float) -> Finding:
    written = f"written {duration(age)} ago, generation {row.generation}"
    if row.gone is not None:
        reasons = {
            "refused": "Okta refused the refresh token",
            "lost": "the successor of the refresh token went with the process that fetched it",
            "signed out": "signed out",
        }
        text = f"{key}: {reasons.get(row.gone, row.gone)}, {written}"
        return Finding(_HELD, "warning", text, "the user has to sign in")
    parts = [_access_token(row, age)]
    parts.append("a refresh token" if row.refresh_token else "no refresh token")
    if row.not_before > age:
        parts.append(f"held back by the rate limit for {duration(row.not_before - age)}")
    claimed = row.lag + age if row.is_claimed else 0.0
    if row.is_claimed:
        parts.append(f"a renewal begun {duration(claimed)} ago")
    text = f"{key}: {', '.join(parts)}, {written}"
    if claimed > _LONG_CLAIM:
        advice = "its process died, and no other has asked since: the next that does resolves it"
        return Finding(_HELD, "warning", text, advice)
    return Finding(_HELD, "ok", text)


def _access_token(row: Any, age: float) -> str:
    if row.access_token is None:
        return "no access token"
    if row.ends_in is None:
        return "an access token without an end"
    left = row.ends_in - age
    over = "that is over since" if left <= 0 else "good for"
    return f"an access token {over} {duration(left)}"

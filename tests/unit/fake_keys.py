"""Assertions and proofs as a client makes them, so that FakeOkta is not judged by its own code."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import uuid4

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey
from okta_oidc.testing import FakeClient, FakeOkta

from .fake_wire import Wire

Key: TypeAlias = RSAKey | ECKey | OctKey

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SERVICE = {"grant_type": "client_credentials", "scope": "api:read"}

RSA: RSAKey = RSAKey.generate_key(2048)
OTHER_RSA: RSAKey = RSAKey.generate_key(2048)
P256: ECKey = ECKey.generate_key("P-256")
P384: ECKey = ECKey.generate_key("P-384")
P521: ECKey = ECKey.generate_key("P-521")

KEYS: dict[str, Key] = {
    "RS256": RSA,
    "RS384": RSA,
    "RS512": RSA,
    "ES256": P256,
    "ES384": P384,
    "ES512": P521,
}


def without_joserfc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fake find that joserfc is not installed."""

    def find_spec(name: str) -> None:
        assert name == "joserfc"

    monkeypatch.setattr("okta_oidc.testing._jose.find_spec", find_spec)


def signed(key: Key, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A JWT of any header and claims."""
    registry = jws.JWSRegistry(algorithms=[str(header["alg"])], strict_check_header=False)
    return jws.serialize_compact(dict(header), json.dumps(claims), key, registry=registry)


def changed(claims: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``claims`` with others in place; ``None`` takes one out."""
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def assertion(
    client: FakeClient,
    url: str,
    key: Key,
    *,
    alg: str = "RS256",
    kid: str | None = None,
    **changes: Any,
) -> str:
    """A client assertion for ``url``, sound but for ``changes``."""
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": url,
        "exp": int(time.time()) + 300,
        "jti": uuid4().hex,
    }
    header = changed({"alg": alg, "kid": kid}, {})
    return signed(key, header, changed(claims, changes))


def asserted(
    fake: FakeOkta,
    client: FakeClient,
    key: Key,
    parameters: Mapping[str, str] = SERVICE,
    *,
    endpoint: str = "token",
    server: str | None = "default",
    **changes: Any,
) -> httpx.Response:
    """A request with a fresh assertion."""
    wire = Wire(fake)
    jwt = assertion(client, wire.url(endpoint, server), key, **changes)
    return with_assertion(wire, jwt, parameters, endpoint=endpoint, server=server)


def with_assertion(
    wire: Wire,
    jwt: str,
    parameters: Mapping[str, str] = SERVICE,
    *,
    endpoint: str = "token",
    server: str | None = "default",
) -> httpx.Response:
    """A request with this very assertion."""
    proof = {"client_assertion_type": JWT_BEARER, "client_assertion": jwt}
    return wire.form(endpoint, {**parameters, **proof}, server=server)


def proof(
    url: str,
    key: RSAKey | ECKey = P256,
    *,
    method: str = "POST",
    alg: str = "ES256",
    header: Mapping[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A proof of possession for ``url``, sound but for ``header`` and ``changes``."""
    claims = {"htm": method, "htu": url, "iat": int(time.time()), "jti": uuid4().hex}
    whole = {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False)}
    return signed(key, changed(whole, header or {}), changed(claims, changes))

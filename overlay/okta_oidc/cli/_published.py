"""What an authorization server tells everybody: its metadata and its keys.

OpenID Connect Discovery 1.0 §4, RFC 7517 §5.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

from okta_oidc_api.api.discovery import custom_openid_configuration, org_openid_configuration
from okta_oidc_api.api.keys import custom_keys, org_keys

import okta_oidc

from ._findings import Finding
from ._words import duration, value_text

_KEYS: Final = "keys"
_MAX_AGE: Final = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,10})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Published:
    """A complete answer. ``members`` are those of its JSON object, none if it is something else.

    ``at`` is the middle of the call, seconds since the epoch; ``error`` is what the package says of
    an answer that is not what was asked for.
    """

    status: int
    headers: Mapping[str, str]
    members: Mapping[str, Any]
    at: float
    error: okta_oidc.OktaError | None

    @property
    def skew(self) -> float | None:
        """Seconds that this machine's clock is ahead of the server's, if the answer is dated."""
        # A cached answer has the date it was made.
        return None if "age" in self.headers else clock_skew(self.headers, self.at)

    @property
    def keep_for(self) -> float | None:
        """Seconds that it may be kept."""
        found = _MAX_AGE.search(self.headers.get("cache-control", ""))
        return None if found is None else float(found[1])


def clock_skew(headers: Mapping[str, str], at: float) -> float | None:
    """Seconds that ``at``, seconds since the epoch, is ahead of the ``Date`` of an answer.

    That has whole seconds, and the answer took a while: it is exact to a second or two.
    """
    try:
        date = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    # The server's clock is anywhere in the second that it names.
    return at - date.timestamp() - 0.5


def metadata(okta: okta_oidc.OktaOIDC, server_id: str | None) -> Published:
    """The discovery document, whatever it is like; ``None`` is the org server.

    Raises:
        okta_oidc.TransportError: there was no complete answer.
    """
    return _published(okta, server_id, org_openid_configuration, custom_openid_configuration)


def keys(okta: okta_oidc.OktaOIDC, server_id: str | None) -> Published:
    """The keys, whatever they are like; ``None`` is the org server.

    Raises:
        okta_oidc.TransportError: there was no complete answer.
    """
    return _published(okta, server_id, org_keys, custom_keys)


def _published(okta: okta_oidc.OktaOIDC, server_id: str | None, org: Any, custom: Any) -> Published:
    begun = time.time()
    status: int
    headers: Mapping[str, str]
    failure: okta_oidc.OktaError | None = None
    try:
        if server_id is None:
            answer = org.sync_detailed(client=okta.api)
        else:
            answer = custom.sync_detailed(server_id, client=okta.api)
        status, headers, body = answer.status_code, answer.headers, answer.content
    except (okta_oidc.APIError, okta_oidc.MalformedResponseError) as error:
        status, headers, body, failure = error.http.status, error.http.headers, error.body, error
    return Published(int(status), headers, _members(body), (begun + time.time()) / 2, failure)


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def key_members(members: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The keys of a set, those that are JSON objects."""
    found = members.get("keys")
    jwks = cast("list[object]", found) if isinstance(found, list) else []
    return tuple(cast("dict[str, Any]", jwk) for jwk in jwks if isinstance(jwk, dict))


def _signs(jwk: Mapping[str, Any]) -> bool:
    """Whether tokens can be signed with it, as Okta signs them."""
    kind = (jwk.get("kty"), jwk.get("use", "sig"), jwk.get("alg", "RS256"))
    return kind == ("RSA", "sig", "RS256") and isinstance(jwk.get("kid"), str)


def keys_finding(published: Published | None) -> Finding:
    """Whether tokens can be verified by what is published, and how old that is."""
    if published is None or published.status != 200:
        found = "no complete answer" if published is None else f"HTTP {published.status}"
        advice = "tokens cannot be verified meanwhile; calls do without keys"
        return Finding(_KEYS, "warning", found, advice)
    kids = [jwk["kid"] for jwk in key_members(published.members) if _signs(jwk)]
    if not kids:
        return Finding(
            _KEYS,
            "failed",
            "none that tokens can be signed with (RS256)",
            "see what answers at the org URL: Okta publishes two or three",
        )
    text = f"{len(kids)} for RS256: {', '.join(map(value_text, kids))}"
    if len(set(kids)) < len(kids):
        advice = "nobody can tell which is meant: tokens that name it are refused"
        return Finding(_KEYS, "warning", f"{text}: two of one id", advice)
    keep_for = published.keep_for
    if keep_for is not None:
        text += f"; may be kept for {duration(keep_for)}"
    age = published.headers.get("age", "")
    if age.isascii() and age.isdigit() and len(age) < 10:
        text += f"; out of a cache, {duration(float(age))} old"
        if keep_for is None or float(age) > keep_for:
            advice = (
                "have that cache honour max-age: it will hide the next key that Okta signs with"
            )
            return Finding(_KEYS, "warning", text, advice)
    return Finding(_KEYS, "ok", text)

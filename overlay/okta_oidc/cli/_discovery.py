"""An authorization server's metadata document (OpenID Connect Discovery 1.0 §4, RFC 8414)."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

import httpx

from ._network import within

_WELL_KNOWN: Final = ".well-known/openid-configuration"
_LONGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Discovery:
    """The answer: ``members`` if it was a JSON object, ``skew`` in seconds if it was dated.

    ``skew`` is how far this machine's clock is ahead of the server's; ``Date`` has whole seconds,
    and the answer took a while, so it is exact to a second or two.
    """

    status: int
    members: Mapping[str, Any] | None
    location: str | None
    skew: float | None


def discover(issuer: str, seconds: float, context: ssl.SSLContext, proxy: str | None) -> Discovery:
    """Fetch the document of the server whose tokens are from ``issuer``.

    Raises:
        httpx.HTTPError: there was no complete answer.
        TimeoutError: it took longer than ``seconds`` in all.
    """
    return within(seconds, lambda: _fetched(issuer, seconds, context, proxy))


def clock_skew(headers: Mapping[str, str], at: float) -> float | None:
    """Seconds that ``at``, seconds since the epoch, is ahead of the ``Date`` of an answer."""
    try:
        date = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    # The server's clock is anywhere in the second that it names.
    return at - date.timestamp() - 0.5


def _fetched(issuer: str, seconds: float, context: ssl.SSLContext, proxy: str | None) -> Discovery:
    with httpx.Client(
        # The one proxy that the other calls use too, if any, and nothing else of the environment.
        verify=context,
        timeout=seconds,
        proxy=proxy,
        trust_env=False,
        follow_redirects=False,
    ) as client:
        begun = time.time()
        with client.stream(
            "GET", f"{issuer}/{_WELL_KNOWN}", headers={"Accept": "application/json"}
        ) as response:
            middle = (begun + time.time()) / 2
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _LONGEST:
                    break
    return Discovery(
        status=response.status_code,
        members=_members(bytes(body)),
        location=response.headers.get("location"),
        # A cached answer has the date it was made.
        skew=None if "age" in response.headers else clock_skew(response.headers, middle),
    )


def _members(body: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", document) if isinstance(document, dict) else None

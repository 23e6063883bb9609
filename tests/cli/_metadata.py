"""A fake Okta that has discovery documents, as the real one does."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

from okta_oidc.testing import FakeOkta, LoopbackServer
from okta_oidc.testing._answers import Answer
from okta_oidc.testing._faults import Delivery, Manner, Whole
from okta_oidc.testing._requests import IncomingRequest

WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass
class Metadata:
    """What is answered for a discovery document; ``paths`` are those that were asked for."""

    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    issuer: str | None = None
    manner: Manner = field(default_factory=Whole)
    paths: list[str] = field(default_factory=list[str])


@contextmanager
def serve_with_metadata(
    fake: FakeOkta,
    metadata: Metadata,
    *,
    hostname: str = "127.0.0.1",
    ssl_context: ssl.SSLContext | None = None,
) -> Generator[str]:
    """Serve the fake, its discovery documents in front; yields the org's URL."""
    urls: list[str] = []

    def handle(request: IncomingRequest) -> Delivery:
        if not request.path.endswith(WELL_KNOWN):
            return fake.handle(request)
        metadata.paths.append(request.path)
        issuer = metadata.issuer or urls[0] + request.path.removesuffix(WELL_KNOWN)
        body = json.dumps({"issuer": issuer}).encode() if metadata.body is None else metadata.body
        headers = {
            "Date": formatdate(int(fake.clock.now()), usegmt=True),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **metadata.headers,
        }
        return Delivery(Answer(metadata.status, tuple(headers.items()), body), metadata.manner)

    with LoopbackServer(handle, hostname=hostname, ssl_context=ssl_context) as server:
        urls.append(server.url)
        yield server.url


Serve = Callable[..., str]

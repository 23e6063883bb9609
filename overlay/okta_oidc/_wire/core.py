"""What httpx and the environment say, in the terms of httpcore."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import httpcore
import httpx

from .environment import Origin, Unusable, proxy_address, tls
from .reuse import KEEPALIVE_SECONDS


def core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def core_request(request: httpx.Request, limits: dict[str, float | None]) -> httpcore.Request:
    return httpcore.Request(
        request.method,
        core_url(request.url),
        headers=request.headers.raw,
        content=request.stream,
        extensions={"timeout": limits},
    )


def pool_options(origin: Origin) -> dict[str, Any]:
    """The arguments of a pool that makes connections to this origin.

    Raises:
        Unusable: the certificate store, or the proxy that the environment names.
    """
    proxy = proxy_address(origin)
    if proxy is not None and proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise Unusable("the environment names a SOCKS proxy: install httpx[socks]")
    return {
        "ssl_context": tls() if origin.scheme == "https" else None,
        "proxy": None
        if proxy is None
        else httpcore.Proxy(core_url(proxy.url), auth=proxy.raw_auth, headers=proxy.headers.raw),
        "keepalive_expiry": KEEPALIVE_SECONDS,
    }

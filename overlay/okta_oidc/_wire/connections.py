"""What all connections have in common: how httpcore makes them, and when one is used again."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final

import httpcore
import httpx

from .environment import Unusable, proxy_address, tls

MAX_CONNECTIONS: Final = 100
# If a server closes an idle connection just as it is reused, a code may or may not be spent. Five
# seconds is a common limit (Node's default), so ours must be shorter.
KEEPALIVE_SECONDS: Final = 4.0
# These have no content (RFC 9110). Content that is sent all the same may arrive late.
WITHOUT_CONTENT: Final = frozenset({204, 205, 304})
# Bytes. asyncio may read more at a time than anyio hands out, and does not show the rest. A
# connection that received as much, far more than these endpoints answer, is not used again.
_READ_AHEAD: Final = 32 * 1024


def connector(pool: Callable[..., Any], origin: httpx.URL, backend: object) -> Callable[[], Any]:
    """A function that makes connections to ``origin``, as a ``pool`` of httpcore's does.

    Raises:
        Unusable: the certificate store, or the proxy that the environment names.
    """
    proxy = proxy_address(origin)
    if proxy is not None and proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise Unusable("the environment names a SOCKS proxy: install httpx[socks]")
    maker = pool(
        ssl_context=tls() if origin.scheme == "https" else None,
        proxy=proxy and httpcore.Proxy(_core_url(proxy.url), auth=proxy.raw_auth),
        keepalive_expiry=KEEPALIVE_SECONDS,
        network_backend=backend,
    )
    return functools.partial(maker.create_connection, _core_url(origin).origin)


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def core_request(request: httpx.Request, deadline: float | None = None) -> httpcore.Request:
    """The request in httpcore's terms, for a backend that takes points in time or no limits."""
    limits = dict.fromkeys(("connect", "read", "write"), deadline)
    return httpcore.Request(
        request.method,
        _core_url(request.url),
        headers=request.headers.raw,
        content=request.stream,
        extensions={"timeout": limits},
    )


def is_reusable(connection: Any, response: Any) -> bool:
    """Whether ``connection`` brought this answer, which has been read, and nothing more.

    Bytes received after a response must never be parsed as the next response. httpcore looks
    whether an idle connection's socket is readable, but not into what was read from it already.
    """
    # h11's ``trailing_data``, read through private attributes of httpcore; without them the
    # connection is not reused.
    parser = getattr(getattr(response.stream, "_connection", None), "_h11_state", None)
    stream = response.extensions["network_stream"]
    return not (
        response.status in WITHOUT_CONTENT
        or not connection.is_idle()
        or parser is None
        or parser.trailing_data[0]
        or getattr(stream, "received", 0) >= _READ_AHEAD
        or _holds_more(stream.get_extra_info("ssl_object"))
    )


def _holds_more(tls_object: object) -> bool:
    # An in-memory TLS object may have received records that have not been read from it.
    if not isinstance(tls_object, ssl.SSLObject):
        return False
    try:
        tls_object.read(1)
    except ssl.SSLError as error:
        return not isinstance(error, ssl.SSLWantReadError)
    return True

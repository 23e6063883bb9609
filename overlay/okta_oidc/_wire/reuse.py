"""Whether a connection may carry another request, once it has brought an answer."""

from __future__ import annotations

import ssl
from typing import Any, Final

import httpcore

MAX_CONNECTIONS: Final = 100
# A server that closes an idle connection just as it is used again leaves it open whether a code was
# spent. Five seconds is a common limit (Node's default), so ours must be shorter.
KEEPALIVE_SECONDS: Final = 4.0
# RFC 9110 gives these no content. One that comes all the same, announced or not, may come late.
WITHOUT_CONTENT: Final = frozenset({204, 205, 304})


def is_reusable(response: httpcore.Response) -> bool:
    """Whether the connection brought this answer, which has been read, and nothing more.

    Bytes received after a response must never be parsed as the next response. httpcore looks
    whether an idle connection's socket is readable, but not into what was read from it already.
    """
    # h11's own word, by way of attributes that httpcore keeps to itself: without it, no reuse.
    parser = getattr(getattr(response.stream, "_connection", None), "_h11_state", None)
    if parser is None or parser.trailing_data[0] or response.status in WITHOUT_CONTENT:
        return False
    return not _holds_more(network_stream(response).get_extra_info("ssl_object"))


def network_stream(response: Any) -> Any:
    """The connection that brought this answer."""
    return response.extensions["network_stream"]


def _holds_more(tls: object) -> bool:
    # A TLS connection in memory takes in all that has come, and hands out a record at a time.
    if not isinstance(tls, ssl.SSLObject):
        return False
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        return True
    return True

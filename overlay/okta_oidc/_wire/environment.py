"""What the environment says about connections: certificates, and the proxy on the way."""

from __future__ import annotations

import functools
import ipaddress
import os
import ssl
from contextlib import suppress
from pathlib import Path
from urllib.request import getproxies_environment, proxy_bypass

import httpx
from httpx._utils import URLPattern, get_environment_proxies


class Unusable(Exception):  # noqa: N818  # nobody outside sees it
    """What was asked for cannot work as things are set up. The message holds nothing secret."""


def tls() -> ssl.SSLContext:
    """The context that httpx would make now.

    Reading the certificate store is most of what it costs to make a client, so that clients share
    a context for as long as it would be made of the same.

    Raises:
        Unusable: the store cannot be read.
    """
    import certifi

    variables = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    store = variables[0] or variables[1] or certifi.where()
    try:
        found = Path(store).stat()
        # truststore replaces the class.
        return _context(ssl.SSLContext, *variables, store, found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise Unusable(
            "the certificate store cannot be read: check SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error


@functools.lru_cache(maxsize=4)
def _context(*_made_of: object) -> ssl.SSLContext:
    return httpx.create_ssl_context()


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its name or address, as no resolver has to say."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_address(origin: httpx.URL) -> httpx.Proxy | None:
    """The proxy that httpx would choose for this origin; none for a loopback host.

    Raises:
        Unusable: the variables for it are not valid.
    """
    # macOS and Windows keep exceptions of their own, which hold where no variable is set.
    if is_loopback(origin.host) or (not getproxies_environment() and proxy_bypass(origin.host)):
        return None
    # httpx reads NO_PROXY by rules of its own. It would fail on an entry that it cannot read.
    mounts: list[tuple[URLPattern, str | None]] = []
    for form, address in get_environment_proxies().items():
        with suppress(httpx.InvalidURL):
            mounts.append((URLPattern(form), address))
    # The most specific first.
    for pattern, address in sorted(mounts):
        if pattern.matches(origin):
            try:
                return None if address is None else httpx.Proxy(address)
            except (ValueError, httpx.InvalidURL):
                # The address may hold a password.
                raise Unusable("the proxy address in the environment is not valid") from None
    return None

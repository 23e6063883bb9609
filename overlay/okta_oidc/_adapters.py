"""Other HTTP libraries under the asynchronous face."""

from __future__ import annotations

import httpx

from ._errors import ConfigurationError
from ._senders import configured


def aiohttp_client() -> httpx.AsyncClient:
    """An ``http_client`` for :class:`AsyncOktaOIDC` that sends through aiohttp, on asyncio.

    It costs a fraction of the processor time when many calls run at once. Closing
    either it or its ``AsyncOktaOIDC`` closes the connections: ``AsyncOktaOIDC(url, auth,
    http_client=aiohttp_client())``. Limits, checks, results and errors stay the same.

    Raises:
        ConfigurationError: ``okta-oidc[aiohttp]`` is not installed.
    """
    try:
        from ._wire.aiohttp import AiohttpClient
    except ImportError as error:
        raise ConfigurationError(
            "aiohttp_client() needs an extra: install okta-oidc[aiohttp]"
        ) from error
    with configured():
        return AiohttpClient()

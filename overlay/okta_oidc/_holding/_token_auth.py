"""Held tokens on the requests of any httpx client."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, suppress
from typing import Any, Final, NoReturn, Self, TypeAlias, cast

import httpx

from .._auth import checked_token
from .._config import check_kind, is_loopback
from .._errors import ConfigurationError
from ._rows import HeldTokens
from ._sources import AsyncTokenSource, AsyncUserTokens, TokenSource, UserTokens

Source: TypeAlias = TokenSource | UserTokens | AsyncTokenSource | AsyncUserTokens

_SYNC: Final = (TokenSource, UserTokens)
_ASYNC: Final = (AsyncTokenSource, AsyncUserTokens)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_CHALLENGE: Final = re.compile(r"(?:^|,)\s*(?:bearer|dpop)(?=\s|,|$)", re.IGNORECASE)
# Errors that another token would not be spared (RFC 9449 §7.1 and §9, RFC 6750 §3.1).
_NOT_THE_TOKEN: Final = re.compile(
    r'\berror\s*=\s*"?(?:use_dpop_nonce|invalid_dpop_proof|insufficient_scope)\b', re.IGNORECASE
)


class TokenAuth(httpx.Auth):
    """Each request carries a token of ``source`` that is good: ``auth=`` of a client or a request.

    For ``httpx.Client`` with a :class:`TokenSource` or :class:`UserTokens`, and for
    ``httpx.AsyncClient`` with an asynchronous one. For httpx2's clients just so, if httpx2 was
    imported first.

    The token goes out by its type: ``Bearer`` (RFC 6750 §2.1), or ``DPoP`` with a proof (RFC 9449
    §7.1). A 401 with such a challenge has it renewed, and the request sent once more, unless its
    body cannot be sent twice: then the 401 is returned. Where a redirect led to another host,
    which got no token, a 401 is that host's own matter.

    Requests raise, beside what their client raises, what ``source.tokens()`` does, and
    :class:`ConfigurationError` over ``http`` to any host but this machine.
    """

    def __new__(cls, source: Source) -> Self:
        httpx2: Any = sys.modules.get("httpx2")
        if httpx2 is None or issubclass(cls, httpx2.Auth):
            return super().__new__(cls)
        # Its clients take no Auth but their own.
        kind = type(cls.__name__, (cls, httpx2.Auth), {"__module__": cls.__module__})
        return cast("Self", object.__new__(kind))

    def __init__(self, source: Source) -> None:
        check_kind("source", source, *_SYNC, *_ASYNC)
        self._source: Final[Any] = source

    def __repr__(self) -> str:
        return f"TokenAuth({self._source!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("TokenAuth holds tokens and cannot be pickled")

    def __call__(self, request: Any) -> Any:
        """Called where httpx2 takes this for a function, which could not answer a 401."""
        raise ConfigurationError("import httpx2 before TokenAuth is made")

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Send ``request`` with a token, and again with another if that is refused."""
        is_repeatable = self._checked(request, _SYNC, "httpx.Client")
        held = self._source.tokens()
        response = yield from _answered(self._signer(held).sync_auth_flow(request))
        if _is_refused(request, response):
            fresh = self._source.tokens(rejected=held.access_token)
            if is_repeatable and fresh.access_token != held.access_token:
                yield from self._signer(fresh).sync_auth_flow(request)

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """:meth:`sync_auth_flow` for ``httpx.AsyncClient``."""
        is_repeatable = self._checked(request, _ASYNC, "httpx.AsyncClient")
        held = await self._source.tokens()
        while True:
            async with aclosing(self._signer(held).async_auth_flow(request)) as flow:
                response = yield await anext(flow)
                with suppress(StopAsyncIteration):
                    while True:
                        response = yield await flow.asend(response)
            if not _is_refused(request, response):
                return
            rejected = held
            held = await self._source.tokens(rejected=rejected.access_token)
            if not is_repeatable or held.access_token == rejected.access_token:
                return
            is_repeatable = False  # once is enough

    def _checked(self, request: httpx.Request, kinds: tuple[type, ...], client: str) -> bool:
        """Whether the body can be sent twice: it is bytes in memory, and no stream.

        To be asked first: whoever sends it may make bytes of a stream.
        """
        if not isinstance(self._source, kinds):
            raise ConfigurationError(f"{type(self._source).__name__} is not for {client}")
        if request.url.scheme != "https" and not is_loopback(request.url.host):
            raise ConfigurationError("a token is sent over https only")
        with suppress(RuntimeError):  # httpx.RequestNotRead, or httpx2's
            bytes(request.content)
            return True
        return False

    def _signer(self, held: HeldTokens) -> httpx.Auth:
        kind, dpop = held.token_type.lower(), self._source.dpop
        if kind == "bearer":
            return _Bearer(held)
        if kind != "dpop" or dpop is None:
            # A server's text, and too little of it to be a token.
            raise ConfigurationError(f"this client cannot send tokens of type {kind[:16]!a}")
        return cast("httpx.Auth", dpop.auth(held.access_token))


class _Bearer(httpx.Auth):
    def __init__(self, held: HeldTokens) -> None:
        # Else it is the header's encoding that fails, with an exception that holds the token.
        self._token: Final = checked_token(held.access_token)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _answered(
    flow: Generator[httpx.Request, httpx.Response, None],
) -> Generator[httpx.Request, httpx.Response, httpx.Response]:
    """Pass on what ``flow`` yields, and return the last answer."""
    response = yield next(flow)
    with suppress(StopIteration):
        while True:
            response = yield flow.send(response)
    return response


def _is_refused(request: httpx.Request, response: httpx.Response) -> bool:
    """Whether the token was not good enough, by the word of whom it was sent to."""
    if response.status_code != 401 or _origin(response.url) != _origin(request.url):
        return False
    challenge = response.headers.get("www-authenticate", "")
    if _NOT_THE_TOKEN.search(challenge):
        return False
    return _CHALLENGE.search(_QUOTED.sub('""', challenge)) is not None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port

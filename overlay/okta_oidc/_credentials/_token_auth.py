"""Held tokens on the requests of any httpx client."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from typing import Any, Final, Self, TypeAlias, cast

import httpx

from .. import AsyncTokenSource, AsyncUserTokens, HeldTokens, TokenSource, UserTokens
from .._auth import Unpicklable, address_of, checked_token
from .._config import check_kind
from .._errors import ConfigurationError
from .._steps import Ask, Course, async_auth_flow, auth_flow
from .._wire.environment import is_loopback
from ._dpop import origin_of

Source: TypeAlias = TokenSource | UserTokens | AsyncTokenSource | AsyncUserTokens
_Read: TypeAlias = Callable[[], object]

_SYNC: Final = (TokenSource, UserTokens)
_ASYNC: Final = (AsyncTokenSource, AsyncUserTokens)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_CHALLENGE: Final = re.compile(r"(?:^|,)\s*(?:bearer|dpop)(?=\s|,|$)", re.IGNORECASE)
# Errors that another token would get, too (RFC 9449 §7.1 and §9, RFC 6750 §3.1).
_NOT_THE_TOKEN: Final = re.compile(
    r'\berror\s*=\s*"?(?:use_dpop_nonce|invalid_dpop_proof|insufficient_scope)\b', re.IGNORECASE
)


class TokenAuth(Unpicklable, httpx.Auth):
    """Each request carries a token of ``source`` that is good: ``auth=`` of a client or a request.

    For ``httpx.Client`` with a :class:`TokenSource` or :class:`UserTokens`, and for
    ``httpx.AsyncClient`` with an asynchronous one. It works on httpx2's clients, too, if httpx2 was
    imported first.

    The token goes out by its type: ``Bearer`` (RFC 6750 §2.1), or ``DPoP`` with a proof (RFC 9449
    §7.1). A 401 with such a challenge has it renewed, and the request sent once more, unless its
    body cannot be sent twice: then the 401 is returned. After a redirect to another host, which
    gets no token, a 401 renews nothing.

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

    def __call__(self, request: Any) -> Any:
        """Called where httpx2 takes this for a function, which could not answer a 401."""
        raise ConfigurationError("import httpx2 before TokenAuth is made")

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Send ``request`` with a token, and again with another if that is refused."""
        return auth_flow(self._course(request, request.read, _SYNC, "httpx.Client"))

    def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """:meth:`sync_auth_flow` for ``httpx.AsyncClient``."""
        return async_auth_flow(self._course(request, request.aread, _ASYNC, "httpx.AsyncClient"))

    def _course(
        self, request: httpx.Request, read: _Read, kinds: tuple[type, ...], client: str
    ) -> Course[None]:
        is_repeatable = self._checked(request, kinds, client)
        held: HeldTokens = yield Ask(self._source.tokens)
        response = yield from self._sent(request, read, held)
        if _is_refused(request, response):
            # A closure: arguments would show the token in tracebacks.
            fresh: HeldTokens = yield Ask(lambda: self._source.tokens(rejected=held.access_token))
            if is_repeatable and fresh.access_token != held.access_token:
                yield from self._sent(request, read, fresh)

    def _checked(self, request: httpx.Request, kinds: tuple[type, ...], client: str) -> bool:
        """Whether the body can be sent twice: it is bytes in memory, and no stream.

        To be called before sending, which may turn a stream into bytes.
        """
        if not isinstance(self._source, kinds):
            raise ConfigurationError(f"{type(self._source).__name__} is not for {client}")
        if request.url.scheme != "https" and not is_loopback(request.url.host):
            raise ConfigurationError("a token is sent over https only")
        with suppress(RuntimeError):  # httpx.RequestNotRead, or httpx2's
            bytes(request.content)
            return True
        return False

    def _sent(
        self, request: httpx.Request, read: _Read, held: HeldTokens
    ) -> Course[httpx.Response]:
        kind, dpop = held.token_type.lower(), self._source.dpop
        if kind == "bearer":
            # Checked, as httpx fails to encode other tokens with an exception that holds them.
            token = checked_token(held.access_token)
            request.headers["Authorization"] = f"Bearer {token}"
            return cast("httpx.Response", (yield request))
        if kind != "dpop" or dpop is None:
            # Cut short: it is a server's text, and might be a token.
            raise ConfigurationError(
                f"this client cannot send tokens of type {ascii(held.token_type)[1:17]}"
            )
        course: Course[httpx.Response] = dpop.auth(held.access_token).course(request, read)
        return (yield from course)


def _is_refused(request: httpx.Request, response: httpx.Response) -> bool:
    """Whether the server that the request was sent to rejected the token."""
    asked, answered = address_of(request.url), address_of(response.url)
    if response.status_code != 401 or origin_of(asked) != origin_of(answered):
        return False
    challenge = response.headers.get("www-authenticate", "")
    if _NOT_THE_TOKEN.search(challenge):
        return False
    return _CHALLENGE.search(_QUOTED.sub('""', challenge)) is not None

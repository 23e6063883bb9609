"""Bearer tokens on the resource server's side (RFC 6750), checked by introspection (RFC 7662)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import NoReturn

from okta_oidc import APIError, AsyncOktaOIDC, Introspection, OktaError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

# RFC 6750 §2.1, b64token. The scheme's name is in any case (RFC 9110 §11.1).
_BEARER = re.compile(r"bearer +(?P<token>[A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)

Handler = Callable[[Request, Introspection], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class BearerGuard:
    """Lets requests through that bring a sound token with the right scopes.

    ``audience`` is the API's own name, as configured at its authorization server. Without that
    check any token of the server would open any API of it, refresh tokens and ID tokens included:
    they introspect as active too.
    """

    def __init__(self, okta: AsyncOktaOIDC, *, audience: str, realm: str) -> None:
        self._okta = okta
        self._audience = audience
        self._realm = realm

    def requires(self, *scopes: str) -> Callable[[Handler], Endpoint]:
        """Decorate an endpoint, which is handed what is known of the token."""

        def decorate(handler: Handler) -> Endpoint:
            @wraps(handler)
            async def guarded(request: Request) -> Response:
                return await handler(request, await self.check(request, scopes))

            return guarded

        return decorate

    async def check(self, request: Request, scopes: tuple[str, ...]) -> Introspection:
        """What is known of the request's token.

        Raises HTTPException with the status and ``WWW-Authenticate`` of RFC 6750 §3.1, or with 503
        if Okta cannot be asked: a token that nobody has checked is not a good one.
        """
        try:
            info = await self._okta.introspect(
                self._token_of(request), token_type_hint="access_token"
            )
        except OktaError as error:
            # Credentials of ours that Okta refuses are a fault of this server, not of the caller.
            ours = isinstance(error, APIError) and not error.retryable
            raise HTTPException(500 if ours else 503, "tokens cannot be checked now") from error
        if not info or self._audience not in info.aud:
            self._challenge(401, "invalid_token", "The access token is not good here.")
        if not set(scopes) <= set(info.scopes):
            self._challenge(
                403, "insufficient_scope", "The access token lacks a scope.", " ".join(scopes)
            )
        return info

    def _token_of(self, request: Request) -> str:
        given = request.headers.getlist("authorization")
        if not given:
            # No error code for someone who may not know that a token is needed (RFC 6750 §3.1).
            self._challenge(401)
        match = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
        if match is None:
            if len(given) == 1 and given[0].partition(" ")[0].lower() != "bearer":
                self._challenge(401)
            self._challenge(400, "invalid_request", "The Authorization header is malformed.")
        return match["token"]

    def _challenge(
        self,
        status: int,
        error: str | None = None,
        description: str = "An access token is needed.",
        scope: str | None = None,
    ) -> NoReturn:
        parameters = [f'realm="{self._realm}"']
        if error is not None:
            parameters += [f'error="{error}"', f'error_description="{description}"']
        if scope is not None:
            parameters.append(f'scope="{scope}"')
        challenge = {"WWW-Authenticate": f"Bearer {', '.join(parameters)}"}
        raise HTTPException(status, description, headers=challenge)

"""The application around the login: its pages, and what it tells users when something fails."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from okta_oidc import (
    AsyncMemoryTokenStore,
    AsyncOktaOIDC,
    AsyncTokenStore,
    AuthorizationError,
    CallbackMismatchError,
    ClientSecretBasic,
    InvalidGrantError,
    InvalidTokenError,
    OktaError,
    SignInRequiredError,
)
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from . import pages
from .login import Login
from .sessions import SESSION, Sessions
from .settings import Settings

# By the error, and by what it is a case of.
_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    CallbackMismatchError: (400, "This is not the answer to the sign-in that was begun here."),
    InvalidGrantError: (403, "Okta did not confirm this sign-in. Please try again."),
    InvalidTokenError: (403, "Okta did not confirm this sign-in. Please try again."),
    SignInRequiredError: (403, "Your session has ended. Please sign in again."),
}


def create_app(
    settings: Settings,
    *,
    sessions: Sessions | None = None,
    store: AsyncTokenStore | None = None,
    http_client: httpx.AsyncClient | None = None,
) -> Starlette:
    """The application. ``http_client`` is for proxies, private CAs and tests."""
    # One client for the whole process: it keeps connections open and belongs to all requests.
    okta = AsyncOktaOIDC(
        settings.issuer,
        ClientSecretBasic(settings.client_id, settings.client_secret),
        http_client=http_client,
    )
    sessions = sessions or Sessions(secure=settings.is_https)
    login = Login(okta, settings, sessions, store or AsyncMemoryTokenStore())

    async def home(request: Request) -> Response:
        """Who am I: what Okta says of the access token at this moment."""
        session = sessions.find(request, SESSION)
        if session is None:
            return _page(pages.signed_out())
        try:
            token = await login.tokens(session).token()
        except SignInRequiredError:
            sessions.end(request, SESSION)
            raise
        return _page(pages.signed_in(await okta.introspect(token, token_type_hint="access_token")))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with okta:
            yield

    return Starlette(
        routes=[
            Route("/", home),
            Route("/login", login.begin),
            Route("/authorization-code/callback", login.finish),
            Route("/logout", login.log_out, methods=["POST"]),
        ],
        exception_handlers={
            HTTPException: _refused,
            AuthorizationError: _turned_down,
            OktaError: _unavailable,
            **dict.fromkeys(_REFUSALS, _not_signed_in),
        },
        lifespan=lifespan,
    )


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _page(pages.refused(error.detail), error.status_code)


async def _not_signed_in(_: Request, error: Exception) -> Response:
    status, reason = _REFUSALS[type(error)]
    return _page(pages.refused(reason), status)


async def _turned_down(_: Request, error: Exception) -> Response:
    # Okta's own words for the user, or for whoever set the application up.
    assert isinstance(error, AuthorizationError)
    return _page(pages.refused(error.description or str(error)), 403)


async def _unavailable(_: Request, error: Exception) -> Response:
    # The message is safe to show: no error of okta_oidc holds a token, code or secret.
    return _page(pages.refused(f"Okta could not be asked: {error}"), 502)


def _page(html: str, status: int = 200) -> Response:
    # Not for the browser's cache, which the next user of the machine could leaf back through.
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})

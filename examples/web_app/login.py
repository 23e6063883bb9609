"""Sign in, stay signed in, log out: all that the application does with Okta's login."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from okta_oidc import (
    AsyncOktaOIDC,
    AsyncTokenStore,
    AsyncUserTokens,
    AuthorizationRequest,
    OktaError,
)
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from .sessions import SESSION, SIGN_IN, Sessions
from .settings import Settings


@dataclass(frozen=True)
class Login:
    """The handlers. ``sessions`` know the browsers, ``store`` holds their users' tokens."""

    okta: AsyncOktaOIDC
    settings: Settings
    sessions: Sessions
    store: AsyncTokenStore

    async def begin(self, _: Request) -> Response:
        """Send the browser to Okta, and keep what its answer is checked against."""
        to = await self.okta.authorization_request(
            self.settings.redirect_uri, self.settings.scope, prompt=self.settings.prompt
        )
        return self.sessions.begin(RedirectResponse(to.url, 303), SIGN_IN, to.to_dict())

    async def finish(self, request: Request) -> Response:
        """The browser is back. Errors say what is wrong with it; none of them signs anybody in."""
        kept = self.sessions.end(request, SIGN_IN)
        if kept is None:
            raise HTTPException(400, "This sign-in was not begun here, or took too long.")
        begun = AuthorizationRequest.from_dict(kept)
        sign_in = await self.okta.finish_sign_in(begun, request.url.query)
        session = {"key": secrets.token_urlsafe(), "id_token": sign_in.tokens.id_token}
        await self.tokens(session).save(sign_in.tokens)
        # A new id with each sign-in: an attacker may have planted the old one.
        self.sessions.end(request, SESSION)
        return self.sessions.begin(RedirectResponse("/", 303), SESSION, session)

    async def log_out(self, request: Request) -> Response:
        """Three things end: the session here, the tokens, and the session at Okta."""
        session = self.sessions.end(request, SESSION)
        if session is None:
            return RedirectResponse("/", 303)
        # If Okta cannot be reached, nobody holds the tokens all the same.
        with suppress(OktaError):
            await self.tokens(session).sign_out()
        home = self.settings.home
        url = self.okta.logout_url(session["id_token"], post_logout_redirect_uri=home)
        return RedirectResponse(url, 303)

    def tokens(self, session: Mapping[str, Any]) -> AsyncUserTokens:
        """The tokens of this session's user, renewed whenever that is due."""
        return self.okta.user_tokens(session["key"], self.store)

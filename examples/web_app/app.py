"""Login, callback, "who am I", refresh and logout."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NoReturn
from urllib.parse import urlencode

import httpx
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, InvalidGrantError, OktaError, Tokens
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from . import pages
from .id_token import IDTokenError, claims_of
from .sessions import SESSION_SECONDS, SIGN_IN_SECONDS, Session, Sessions, SignIn
from .settings import Settings

SESSION = "session"
# Apart from the session, so that a stranger's link to /login ends nobody's session.
SIGN_IN = "sign_in"


class WebApp:
    """The application. ``http_client`` is for proxies, private CAs and tests."""

    def __init__(
        self,
        settings: Settings,
        *,
        sessions: Sessions | None = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        self._settings = settings
        self._sessions = sessions or Sessions()
        # One client for the whole process: it keeps connections open and belongs to all requests.
        self._okta = AsyncOktaOIDC(
            settings.issuer,
            ClientSecretBasic(settings.client_id, settings.client_secret),
            http_client=http_client,
        )
        self.asgi = Starlette(
            routes=[
                Route("/", self.home),
                Route("/login", self.login),
                Route("/authorization-code/callback", self.callback),
                Route("/refresh", self.refresh, methods=["POST"]),
                Route("/logout", self.logout, methods=["POST"]),
            ],
            exception_handlers={HTTPException: self._refused, OktaError: self._unavailable},
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        async with self._okta:
            yield

    async def home(self, request: Request) -> Response:
        """Who am I: what Okta says of the access token at this moment."""
        session = self._session(request)
        if session is None or session.tokens is None:
            return _page(pages.signed_out())
        info = await self._okta.introspect(
            session.tokens.access_token, token_type_hint="access_token"
        )
        return _page(pages.signed_in(session.tokens, info))

    async def login(self, request: Request) -> Response:
        """Send the browser to Okta's login page (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
        sign_in = SignIn()
        challenge = hashlib.sha256(sign_in.code_verifier.encode("ascii")).digest()
        parameters = {
            "client_id": self._settings.client_id,
            "response_type": "code",
            "redirect_uri": self._settings.redirect_uri,
            "scope": self._settings.scope,
            "state": sign_in.state,
            "nonce": sign_in.nonce,
            "code_challenge": urlsafe_b64encode(challenge).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
        }
        if self._settings.prompt is not None:
            parameters["prompt"] = self._settings.prompt
        url = f"{self._settings.issuer}/v1/authorize?{urlencode(parameters)}"
        self._sessions.end(request.cookies.get(SIGN_IN))
        return self._begin(
            RedirectResponse(url, 303), SIGN_IN, Session(sign_in=sign_in), SIGN_IN_SECONDS
        )

    async def callback(self, request: Request) -> Response:
        """Okta sent the browser back, with a code or with an error (RFC 6749 §4.1.2)."""
        pending = self._sessions.find(request.cookies.get(SIGN_IN))
        sign_in = pending.sign_in if pending is not None else None
        given = request.query_params
        # Whoever cannot name the state was not sent to Okta by this browser (RFC 6749 §10.12).
        if sign_in is None or not _same(given.get("state"), sign_in.state):
            _refuse(400, "This sign-in was not begun here, or took too long. Please try again.")
        # Used up, whatever comes of it.
        self._sessions.end(request.cookies.get(SIGN_IN))
        if "error" in given:
            _refuse(403, given.get("error_description") or f"Okta said: {given['error']}")
        if given.get("iss", self._settings.issuer) != self._settings.issuer:
            _refuse(400, "The answer comes from another server than was asked.")  # RFC 9207 §2.4
        try:
            tokens = await self._okta.token_for_code(
                given.get("code", ""),
                self._settings.redirect_uri,
                code_verifier=sign_in.code_verifier,
            )
            claims_of(
                tokens.id_token or "",
                issuer=self._settings.issuer,
                client_id=self._settings.client_id,
                nonce=sign_in.nonce,
            )
        except (InvalidGrantError, IDTokenError, ValueError):
            _refuse(403, "Okta did not confirm this sign-in. Please try again.")
        # A new id with each sign-in: a stranger may have planted the old one.
        self._sessions.end(request.cookies.get(SESSION))
        response = self._begin(
            RedirectResponse("/", 303), SESSION, Session(tokens=tokens), SESSION_SECONDS
        )
        response.delete_cookie(SIGN_IN)
        return response

    async def refresh(self, request: Request) -> Response:
        """New tokens for the refresh token (RFC 6749 §6)."""
        session = self._signed_in(request)
        before = session.tokens
        async with session.lock:
            # Another request of this browser may have done it while this one was waiting.
            if session.tokens is before:
                session.tokens = await self._refreshed(request, before)
        return RedirectResponse("/", 303)

    async def _refreshed(self, request: Request, tokens: Tokens | None) -> Tokens:
        if tokens is None or tokens.refresh_token is None:
            _refuse(403, "There is no refresh token. Please sign in again.")
        try:
            return await self._okta.token_for_refresh_token(tokens.refresh_token)
        except InvalidGrantError:
            self._sessions.end(request.cookies.get(SESSION))
            _refuse(403, "Your session at Okta has ended. Please sign in again.")

    async def logout(self, request: Request) -> Response:
        """Revoke what was issued, and forget it (RFC 7009 §2)."""
        session = self._session(request)
        # Forgotten first: if Okta cannot be reached, the browser is signed out all the same.
        self._sessions.end(request.cookies.get(SESSION))
        if session is not None and session.tokens is not None:
            # At Okta a refresh token takes its access tokens along.
            if session.tokens.refresh_token is not None:
                await self._okta.revoke(
                    session.tokens.refresh_token, token_type_hint="refresh_token"
                )
            else:
                await self._okta.revoke(session.tokens.access_token, token_type_hint="access_token")
        response = RedirectResponse("/", 303)
        response.delete_cookie(SESSION)
        return response

    def _session(self, request: Request) -> Session | None:
        return self._sessions.find(request.cookies.get(SESSION))

    def _signed_in(self, request: Request) -> Session:
        session = self._session(request)
        if session is None or session.tokens is None:
            _refuse(403, "You are not signed in.")
        return session

    def _begin(self, response: Response, name: str, session: Session, seconds: int) -> Response:
        # "lax": the cookie comes along when Okta sends the browser back, which is a GET, and stays
        # at home when another site posts to /refresh or /logout.
        response.set_cookie(
            name,
            self._sessions.start(session, seconds),
            max_age=seconds,
            httponly=True,
            samesite="lax",
            secure=self._settings.is_https,
        )
        return response

    async def _refused(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _page(pages.refused(error.detail), error.status_code)

    async def _unavailable(self, _: Request, error: Exception) -> Response:
        # The message is safe to show: no error of okta_oidc holds a token, code or secret.
        return _page(pages.refused(f"Okta could not be asked: {error}"), 502)


def _page(html: str, status: int = 200) -> Response:
    # Not for the browser's cache, which the next user of the machine could leaf back through.
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def _same(one: str | None, other: str) -> bool:
    return secrets.compare_digest((one or "").encode(), other.encode())


def _refuse(status: int, detail: str) -> NoReturn:
    raise HTTPException(status, detail)

"""An Okta that plays along with the documentation, in place of the network, and an API beside it.

Pages write "the-code" where a reader has a code. Such a stand-in is exchanged for a real one as the
request arrives. All else is FakeOkta's own answer. The API lets good access tokens in, and says
whose they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode

import aiohttp
import httpx
import okta_oidc
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc.jwk import RSAKey
from okta_oidc._wire import async_lanes, lanes
from okta_oidc.testing import FakeOkta
from okta_oidc.testing._faults import Delivery
from okta_oidc.testing._registry import AuthMethod
from okta_oidc.testing._requests import IncomingRequest
from requests.adapters import HTTPAdapter

URL: Final = "https://dev-000000.okta.com"
API_URL: Final = "https://api.example.com"
CLIENT_ID: Final = "client-id"
CLIENT_SECRET: Final = "client-secret"
CUSTOM_SERVER: Final = "aus1a2b3c4d5e6f7g8h9"
# The private key of the application, in the folder that programs run in.
KEY_FILE: Final = "key.pem"
KEY_ID: Final = "2026-01"
ENVIRONMENT: Final = {
    "OKTA_ORG_URL": URL,
    "OKTA_CLIENT_ID": CLIENT_ID,
    "OKTA_CLIENT_SECRET": CLIENT_SECRET,
}

_REDIRECT_URI: Final = "https://app.example.com/callback"
_SCOPE: Final = "openid offline_access"
_VERIFIER: Final = "v" * 43
_CREDENTIALS: Final = frozenset({"client_id", "client_secret"})
_TOKENS: Final = {
    "the-access-token": "access_token",
    "the-id-token": "id_token",
    "the-refresh-token": "refresh_token",
}


class Stage(FakeOkta):
    """FakeOkta, at the address and with the application that the pages name."""

    def __init__(self) -> None:
        super().__init__(url=URL)
        self._default_client = self.add_client(CLIENT_ID, CLIENT_SECRET)
        self._by_key = self.add_client("by-key", auth_method="private_key_jwt", keys=_public_jwk())
        self.add_authorization_server(CUSTOM_SERVER, audience="api://reports")

    def handle(self, request: IncomingRequest) -> Delivery:
        """Answer one request, stand-ins and all."""
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        # The pages show the one application with each way of authenticating.
        is_basic = any(name.lower() == "authorization" for name, _ in request.headers)
        self._register(_method(form, is_basic=is_basic), has_proof=_has(request, "dpop"))
        real = {name: self._real(value, form, request) for name, value in form.items()}
        if "code_verifier" in real and form.get("code") == "the-code":
            real["code_verifier"] = _VERIFIER
        if real != form:
            request = replace(request, body=urlencode(real).encode())
        return super().handle(request)

    def route(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every HTTP client of this process find the org here, and the environment name it."""
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        self._route_okta_oidc(monkeypatch)
        self._route_httpx(monkeypatch)
        self._route_requests(monkeypatch)
        self._route_aiohttp(monkeypatch)

    def _register(self, auth_method: AuthMethod, *, has_proof: bool) -> None:
        self._state.clients[CLIENT_ID] = replace(
            self._state.clients[CLIENT_ID],
            auth_method=auth_method,
            client_secret=None if auth_method == "none" else CLIENT_SECRET,
            keys=self._by_key.keys,
            dpop_bound_access_tokens=has_proof,
        )

    def _api(self, request: httpx.Request) -> httpx.Response:
        """The API's own answer to one request."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        challenge = {"WWW-Authenticate": 'Bearer realm="reports", DPoP algs="ES256"'}
        if scheme.lower() not in ("bearer", "dpop"):
            return httpx.Response(401, headers=challenge, request=request)
        known = self._introspected(token)
        if not known["active"]:
            return httpx.Response(401, headers=challenge, request=request)
        return httpx.Response(200, json={"caller": known["sub"]}, request=request)

    def _introspected(self, token: str) -> dict[str, Any]:
        credentials = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        path = f"{_issuer_path(token)}/v1/introspect"
        asked = IncomingRequest(
            method="POST",
            path=path,
            query="",
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
            body=urlencode({"token": token} | credentials).encode(),
        )
        known: dict[str, Any] = json.loads(self.handle(asked).answer.body)
        return known

    def _answer(self, request: httpx.Request) -> httpx.Response | None:
        """The answer of Okta or of the API; ``None`` for another host."""
        if request.url.host == httpx.URL(URL).host:
            return self.transport.handle_request(request)
        return self._api(request) if request.url.host == httpx.URL(API_URL).host else None

    def _real(self, value: str, form: Mapping[str, str], request: IncomingRequest) -> str:
        if value == "the-code":
            redirect_uri = form.get("redirect_uri", "")
            return self._code(redirect_uri, request, challenged="code_verifier" in form)
        if value not in _TOKENS:
            return value
        grant = {
            "grant_type": "authorization_code",
            "code": self._code(_REDIRECT_URI, request, challenged=False),
            "redirect_uri": _REDIRECT_URI,
        }
        credentials = {name: form[name] for name in _CREDENTIALS & form.keys()}
        errand = replace(
            request,
            path=f"{request.path.rpartition('/')[0]}/token",
            body=urlencode(grant | credentials).encode(),
        )
        answer: dict[str, str] = json.loads(super().handle(errand).answer.body)
        return answer[_TOKENS[value]]

    def _code(self, redirect_uri: str, request: IncomingRequest, *, challenged: bool) -> str:
        digest = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest())
        return self.authorize(
            redirect_uri,
            scope=_SCOPE,
            code_challenge=digest.decode().rstrip("=") if challenged else None,
            auth_server_id=_server_of(request.path),
        )

    def _route_okta_oidc(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for home, name in (
            (lanes, "OriginTransport"),
            (async_lanes, "AsyncOriginTransport"),
        ):
            stock = getattr(home, name)

            def transport(origin: httpx.URL, stock: Any = stock) -> Any:
                return self.transport if str(origin) == URL else stock(origin)

            monkeypatch.setattr(home, name, transport)

    def _route_httpx(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stock = httpx.HTTPTransport.handle_request
        stock_async = httpx.AsyncHTTPTransport.handle_async_request

        def handle_request(
            transport: httpx.HTTPTransport, request: httpx.Request
        ) -> httpx.Response:
            request.read()
            return self._answer(request) or stock(transport, request)

        async def handle_async_request(
            transport: httpx.AsyncHTTPTransport, request: httpx.Request
        ) -> httpx.Response:
            await request.aread()
            return self._answer(request) or await stock_async(transport, request)

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle_request)
        monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request)

    def _route_requests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stock = HTTPAdapter.send

        def send(
            adapter: HTTPAdapter,
            request: requests.PreparedRequest,
            *args: Any,
            **options: Any,
        ) -> requests.Response:
            url = request.url or ""
            asked = httpx.Request(
                request.method or "",
                url,
                headers=dict(request.headers),
                content=request.body or b"",
            )
            answer = self._answer(asked)
            if answer is None:
                return stock(adapter, request, *args, **options)
            response = requests.Response()
            response.status_code = answer.status_code
            response.headers.update(answer.headers)
            response.url = url
            response.request = request
            response._content = answer.read()
            return response

        monkeypatch.setattr(HTTPAdapter, "send", send)

    def _route_aiohttp(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stock: Callable[..., Awaitable[Any]] = vars(aiohttp.ClientSession)["_request"]

        async def request(
            session: aiohttp.ClientSession, method: str, url: Any, **options: Any
        ) -> Any:
            more: dict[str, str] = options.get("headers") or {}
            headers = {**session.headers, **more}
            answer = self._answer(httpx.Request(method, str(url), headers=headers))
            return (
                _AiohttpResponse(answer) if answer else await stock(session, method, url, **options)
            )

        monkeypatch.setattr(aiohttp.ClientSession, "_request", request)


class _AiohttpResponse:
    """What the pages ask of a response of aiohttp's."""

    def __init__(self, answer: httpx.Response) -> None:
        answer.read()
        self.status: Final = answer.status_code
        self.headers: Final = answer.headers
        self._answer: Final = answer

    async def read(self) -> bytes:
        return self._answer.content

    async def json(self) -> Any:
        return self._answer.json()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        """Hold nothing that would have to be let go."""


@cache
def private_key() -> str:
    """The application's private key, as a PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def furnish(folder: Path) -> None:
    """Put what programs of the pages open into the folder that they run in."""
    (folder / KEY_FILE).write_text(private_key(), "utf-8")


def _public_jwk() -> dict[str, Any]:
    native: Any = load_pem_private_key(private_key().encode(), None)
    return {**RSAKey(native.public_key(), None).as_dict(private=False), "kid": KEY_ID}


def _method(form: Mapping[str, str], *, is_basic: bool) -> AuthMethod:
    if "client_assertion" in form:
        return "private_key_jwt"
    if "client_secret" in form:
        return "client_secret_post"
    return "client_secret_basic" if is_basic or "client_id" not in form else "none"


def _has(request: IncomingRequest, header: str) -> bool:
    return any(name.lower() == header for name, _ in request.headers)


def _issuer_path(token: str) -> str:
    try:
        claims = token.split(".")[1]
        issuer = json.loads(base64.urlsafe_b64decode(claims + "=="))["iss"]
    except (IndexError, ValueError, KeyError):
        return "/oauth2/default"
    return str(issuer).removeprefix(URL) or "/oauth2"


def _server_of(path: str) -> str | Enum:
    # /oauth2/v1/token or /oauth2/{id}/v1/token
    parts = path.strip("/").split("/")
    return parts[1] if len(parts) == 4 else okta_oidc.ORG

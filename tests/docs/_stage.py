"""An Okta that plays along with the documentation, in place of the network.

Pages write "the-code" where a reader has a code. Such a stand-in is exchanged for a real one as the
request arrives. All else is FakeOkta's own answer.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import httpx
import okta_oidc
import pytest
import requests
from okta_oidc._wire import async_lanes, lanes
from okta_oidc._wire.environment import Origin
from okta_oidc.testing import FakeOkta
from okta_oidc.testing._faults import Delivery
from okta_oidc.testing._registry import AuthMethod
from okta_oidc.testing._requests import IncomingRequest
from requests.adapters import HTTPAdapter

URL: Final = "https://dev-000000.okta.com"
CLIENT_ID: Final = "client-id"
CLIENT_SECRET: Final = "client-secret"
CUSTOM_SERVER: Final = "aus1a2b3c4d5e6f7g8h9"
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
        self.add_authorization_server(CUSTOM_SERVER, audience="api://reports")

    def handle(self, request: IncomingRequest) -> Delivery:
        """Answer one request, stand-ins and all."""
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        # The pages show the one application with either way of authenticating.
        self._register("client_secret_post" if "client_secret" in form else "client_secret_basic")
        real = {name: self._real(value, form, request) for name, value in form.items()}
        if "code_verifier" in real:
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

    def _register(self, auth_method: AuthMethod) -> None:
        client = replace(self._state.clients[CLIENT_ID], auth_method=auth_method)
        self._state.clients[CLIENT_ID] = client

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

            def transport(origin: Origin, stock: Any = stock) -> Any:
                return self.transport if str(origin.url) == URL else stock(origin)

            monkeypatch.setattr(home, name, transport)

    def _route_httpx(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stock = httpx.HTTPTransport.handle_request

        def handle_request(
            transport: httpx.HTTPTransport, request: httpx.Request
        ) -> httpx.Response:
            if request.url.host == httpx.URL(URL).host:
                return self.transport.handle_request(request)
            return stock(transport, request)

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle_request)

    def _route_requests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stock = HTTPAdapter.send

        def send(
            adapter: HTTPAdapter,
            request: requests.PreparedRequest,
            *args: Any,
            **options: Any,
        ) -> requests.Response:
            url = request.url or ""
            if not url.startswith(URL):
                return stock(adapter, request, *args, **options)
            answer = self.transport.handle_request(
                httpx.Request(
                    request.method or "",
                    url,
                    headers=dict(request.headers),
                    content=request.body or b"",
                )
            )
            response = requests.Response()
            response.status_code = answer.status_code
            response.headers.update(answer.headers)
            response.url = url
            response.request = request
            response._content = answer.read()
            return response

        monkeypatch.setattr(HTTPAdapter, "send", send)


def _server_of(path: str) -> str | Enum:
    # /oauth2/v1/token or /oauth2/{id}/v1/token
    parts = path.strip("/").split("/")
    return parts[1] if len(parts) == 4 else okta_oidc.ORG

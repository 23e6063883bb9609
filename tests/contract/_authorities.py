"""The servers of the suite, each with the same clients, users and scopes in it."""

from __future__ import annotations

import os
import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

import httpx
from okta_oidc import ORG, ClientSecretBasic, ClientSecretPost
from okta_oidc.testing import FakeOkta

from tests.support.oidc_provider import (
    BASIC,
    CUSTOM,
    ODD,
    POST,
    REDIRECT_URI,
    RegisteredClient,
    RunningServer,
    authorization_code,
    code_challenge,
)

from ._differences import NEEDED_OF_ORG, Feature, Server

USER: Final = "ada@example.com"
SERVICE_SCOPE: Final = "orders:read"


def credentials(client: RegisteredClient) -> ClientSecretBasic | ClientSecretPost:
    """``client``, authenticating as it is registered to."""
    method = ClientSecretPost if client.auth_method == "client_secret_post" else ClientSecretBasic
    return method(client.client_id, client.client_secret or "")


def by_other_method(client: RegisteredClient) -> RegisteredClient:
    """``client``, authenticating as it is not registered to."""
    is_basic = client.auth_method == "client_secret_basic"
    return replace(client, auth_method="client_secret_post" if is_basic else "client_secret_basic")


class Authority(ABC):
    """An org with its authorization servers, as the suite needs to see it."""

    server: Server
    base_url: str
    basic: RegisteredClient = BASIC
    post: RegisteredClient = POST
    odd: RegisteredClient = ODD
    #: Ids of two custom servers.
    default: str = "default"
    custom: str = CUSTOM
    redirect_uri: str = REDIRECT_URI
    service_scope: str = SERVICE_SCOPE
    user: str = USER

    def lacks(self, feature: Feature) -> str | None:
        """Why a test that needs ``feature`` cannot run here."""
        return None

    def transport(self) -> httpx.BaseTransport | None:
        """What a client of either face has to send through; ``None`` leaves it to them."""
        return None

    def async_transport(self) -> httpx.AsyncBaseTransport | None:
        return None

    def tls(self) -> ssl.SSLContext | None:
        """What an ``http_client`` has to trust."""
        return None

    @abstractmethod
    def code(
        self,
        client: RegisteredClient,
        *,
        auth_server_id: object = None,
        scope: str = "openid profile email offline_access",
        code_verifier: str | None = None,
    ) -> str:
        """Sign :attr:`user` in and return the authorization code."""

    @abstractmethod
    def advance(self, seconds: int) -> None:
        """Let the server's time pass."""


class FakeAuthority(Authority):
    """FakeOkta, in memory or behind the port it serves."""

    def __init__(self, server: Server, fake: FakeOkta) -> None:
        self.server = server
        self.fake = fake
        self.base_url = fake.url
        scopes = ("orders:read", "orders:write")
        for auth_server_id in (self.default, self.custom):
            fake.add_authorization_server(auth_server_id, scopes=scopes)
        for client in (BASIC, POST, ODD):
            assert client.auth_method != "none"
            fake.add_client(
                client.client_id,
                client.client_secret,
                auth_method=cast("Any", client.auth_method),
                redirect_uris=client.redirect_uris,
            )
        fake.add_user(USER)

    def transport(self) -> httpx.BaseTransport | None:
        return self.fake.transport if self.server is Server.FAKE_IN_MEMORY else None

    def async_transport(self) -> httpx.AsyncBaseTransport | None:
        return self.fake.transport if self.server is Server.FAKE_IN_MEMORY else None

    def code(
        self,
        client: RegisteredClient,
        *,
        auth_server_id: object = None,
        scope: str = "openid profile email offline_access",
        code_verifier: str | None = None,
    ) -> str:
        return self.fake.authorize(
            self.redirect_uri,
            scope=scope,
            client_id=client.client_id,
            username=self.user,
            code_challenge=None if code_verifier is None else code_challenge(code_verifier),
            auth_server_id=ORG if auth_server_id is ORG else str(auth_server_id or self.default),
        )

    def advance(self, seconds: int) -> None:
        self.fake.clock.advance(seconds)


class OIDCProviderAuthority(Authority):
    """oidc-provider, on http or TLS."""

    def __init__(self, running: RunningServer) -> None:
        self.server = Server.OIDC_PROVIDER_TLS if running.tls else Server.OIDC_PROVIDER
        self.base_url = running.base_url
        self._running = running
        self._tls = running.tls.client_context() if running.tls else None

    def tls(self) -> ssl.SSLContext | None:
        return self._tls

    def code(
        self,
        client: RegisteredClient,
        *,
        auth_server_id: object = None,
        scope: str = "openid profile email offline_access",
        code_verifier: str | None = None,
    ) -> str:
        return authorization_code(
            self._running,
            client,
            auth_server_id=None if auth_server_id is ORG else str(auth_server_id or self.default),
            scope=scope,
            code_verifier=code_verifier,
            login=self.user,
        )

    def advance(self, seconds: int) -> None:
        self._running.advance(seconds)


class OrgAuthority(Authority):
    """A real org, as far as its owner says in the environment.

    A user signs in as Okta's sign-in widget lets them: the Authentication API gives a session token
    for a password, and the authorization endpoint takes it in place of a login page. The user must
    not need a second factor.
    """

    server = Server.OKTA_ORG

    def __init__(
        self, environment: Mapping[str, str], *, http: httpx.BaseTransport | None = None
    ) -> None:
        self._environment = environment
        self._http = http
        get = environment.get
        self.base_url = get("OKTA_ORG_URL", "").rstrip("/")
        self.basic = RegisteredClient(
            get("OKTA_CLIENT_ID", ""), "client_secret_basic", get("OKTA_CLIENT_SECRET")
        )
        self.post = RegisteredClient(
            get("OKTA_POST_CLIENT_ID", ""), "client_secret_post", get("OKTA_POST_CLIENT_SECRET")
        )
        self.default = get("OKTA_AUTH_SERVER_ID", "default")
        self.custom = get("OKTA_SECOND_AUTH_SERVER_ID", "")
        self.redirect_uri = get("OKTA_REDIRECT_URI", "")
        self.service_scope = get("OKTA_SERVICE_SCOPE", "")
        self.user = get("OKTA_USERNAME", "")

    def lacks(self, feature: Feature) -> str | None:
        names = NEEDED_OF_ORG[feature]
        missing = [name for name in names if not self._environment.get(name)]
        if not names:
            return f"at an org, {feature.value} is not possible"
        return f"for {feature.value}, set {', '.join(missing)}" if missing else None

    def code(
        self,
        client: RegisteredClient,
        *,
        auth_server_id: object = None,
        scope: str = "openid profile email offline_access",
        code_verifier: str | None = None,
    ) -> str:
        prefix = "/oauth2" if auth_server_id is ORG else f"/oauth2/{auth_server_id or self.default}"
        parameters = {
            "client_id": client.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": scope,
            "state": "state-of-this-sign-in",
            "prompt": "none",
        }
        if code_verifier is not None:
            parameters["code_challenge"] = code_challenge(code_verifier)
            parameters["code_challenge_method"] = "S256"
        with httpx.Client(base_url=self.base_url, transport=self._http) as browser:
            password = self._environment["OKTA_PASSWORD"]
            signed_in = browser.post(
                "/api/v1/authn", json={"username": self.user, "password": password}
            ).json()
            if signed_in.get("status") != "SUCCESS":
                raise AssertionError(f"the user cannot sign in: {signed_in.get('status')}")
            parameters["sessionToken"] = signed_in["sessionToken"]
            back = browser.get(f"{prefix}/v1/authorize", params=parameters)
        answer = httpx.URL(str(back.headers.get("location", ""))).params
        if answer.get("state") != parameters["state"] or "code" not in answer:
            raise AssertionError(f"no code came back: {answer.get('error')}")
        return str(answer["code"])

    def advance(self, seconds: int) -> None:
        raise AssertionError("tests that need this are not run at an org")


def org_in_environment() -> OrgAuthority | None:
    """The org that the environment names with at least one client."""
    needed = ("OKTA_ORG_URL", "OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET")
    return OrgAuthority(os.environ) if all(os.environ.get(name) for name in needed) else None

"""A bare httpx caller for FakeOkta that holds every answer against our OpenAPI document."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import httpx
from okta_oidc import ORG
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator.readers import read_from_filename

if TYPE_CHECKING:
    from jsonschema.protocols import Validator
    from okta_oidc.testing import FakeClient, FakeOkta

CALLBACK = "https://app.example/callback"
# The pair from RFC 7636 appendix B, so that the fake's S256 is not judged by itself.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

Parameters = Mapping[str, str] | Sequence[tuple[str, str]]

_DOCUMENT = Path(__file__).parents[2] / "openapi" / "okta-oauth.yaml"


@cache
def _document() -> dict[str, Any]:
    document, _ = read_from_filename(str(_DOCUMENT))
    return dict(document)


def _resolve(node: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref")
    if reference is None:
        return node
    target: Any = _document()
    for step in str(reference).removeprefix("#/").split("/"):
        target = target[step]
    return cast("dict[str, Any]", target)


def _template(path: str) -> str:
    segments = path.split("/")
    if path.startswith("/.well-known/oauth-authorization-server/oauth2/") and len(segments) == 5:
        segments[4] = "{authorizationServerId}"
    elif segments[:2] == ["", "oauth2"] and segments[2:3] != ["v1"] and len(segments) > 3:
        segments[2] = "{authorizationServerId}"
    return "/".join(segments)


def _operation(method: str, path: str) -> dict[str, Any] | None:
    item: dict[str, Any] = _document()["paths"].get(_template(path), {})
    return item.get(method.lower())


@cache
def _validator(schema_key: str) -> Validator:
    schema: dict[str, Any]
    if schema_key.startswith("#/"):
        schema = {"$ref": schema_key}
    else:
        method, path, status = schema_key.split(" ")
        operation = _operation(method, path)
        assert operation is not None
        response = _resolve(operation["responses"][status])
        schema = dict(response["content"]["application/json"]["schema"])
    whole = {**schema, "components": _document()["components"]}
    return cast("Validator", OAS31Validator(whole))


# What the document's default response says it stands for.
REFUSALS = {400, 401, 403, 404, 405, 429, 500, 503}


def assert_documented(response: httpx.Response) -> None:
    """Fail unless the document promises such an answer from this operation."""
    path, method = response.request.url.path, response.request.method
    operation = _operation(method, path)
    if operation is None:
        # Answered before any operation is reached: only the shape can be checked.
        if response.status_code >= 400:
            known = "OktaErrorBody" if "errorCode" in response.json() else "OAuthErrorBody"
            _validator(f"#/components/schemas/{known}").validate(response.json())
        return
    status = str(response.status_code)
    described = status if status in operation["responses"] else "default"
    assert described == status or response.status_code in REFUSALS
    assert described in operation["responses"], f"{status} is not in the document for {path}"
    declared = _resolve(operation["responses"][described])
    if "content" not in declared:
        assert response.content == b""
        assert "content-type" not in response.headers
        return
    assert response.headers["content-type"] == "application/json"
    _validator(f"{method} {path} {described}").validate(response.json())
    members = response.json()
    if response.status_code >= 400:
        assert ("errorCode" in members) != ("error" in members)


class Wire:
    """Posts forms to ``fake`` as one of its clients, without a cookie jar's memory."""

    def __init__(
        self, fake: FakeOkta, client: FakeClient | None = None, http: httpx.Client | None = None
    ) -> None:
        self.fake = fake
        self._http = http or httpx.Client(transport=fake.transport)
        self._client_id = fake.client_id if client is None else client.client_id
        self._secret = fake.client_secret if client is None else client.client_secret
        self._method = "client_secret_basic" if client is None else client.auth_method

    @property
    def credentials(self) -> tuple[str, str | None]:
        """Client id and secret."""
        return self._client_id, self._secret

    def url(self, endpoint: str, server: str | None = "default") -> str:
        prefix = "/oauth2" if server is None else f"/oauth2/{server}"
        return f"{self.fake.url}{prefix}/v1/{endpoint}"

    def send(self, request: httpx.Request, *, documented: bool = True) -> httpx.Response:
        self._http.cookies.clear()
        response = self._http.send(request)
        self._http.cookies.clear()
        if documented:
            assert_documented(response)
        return response

    def raw(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        documented: bool = True,
    ) -> httpx.Response:
        request = httpx.Request(method, url, content=content, headers=headers)
        return self.send(request, documented=documented)

    def form(
        self,
        endpoint: str,
        parameters: Parameters,
        *,
        server: str | None = "default",
        headers: Mapping[str, str] | None = None,
        documented: bool = True,
    ) -> httpx.Response:
        """A form without client authentication of its own."""
        pairs = list(parameters.items() if isinstance(parameters, Mapping) else parameters)
        return self.raw(
            "POST",
            self.url(endpoint, server),
            content=urlencode(pairs).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", **(headers or {})},
            documented=documented,
        )

    def get(
        self,
        endpoint: str,
        parameters: Parameters = (),
        *,
        server: str | None = "default",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A request without client authentication, its parameters in the query."""
        query = urlencode(
            list(parameters.items() if isinstance(parameters, Mapping) else parameters)
        )
        url = self.url(endpoint, server) + (f"?{query}" if query else "")
        return self.raw("GET", url, headers=headers)

    def well_known(self, name: str, server: str | None = "default") -> httpx.Response:
        """A metadata document."""
        prefix = "" if server is None else f"/oauth2/{server}"
        return self.raw("GET", f"{self.fake.url}{prefix}/.well-known/{name}")

    def post(
        self,
        endpoint: str,
        parameters: Parameters = (),
        *,
        server: str | None = "default",
        documented: bool = True,
    ) -> httpx.Response:
        """A form with the right client authentication."""
        pairs = list(parameters.items() if isinstance(parameters, Mapping) else parameters)
        headers: dict[str, str] = {}
        if self._method == "client_secret_basic":
            headers["Authorization"] = basic(self._client_id, self._secret or "")
        else:
            pairs.append(("client_id", self._client_id))
            if self._secret is not None:
                pairs.append(("client_secret", self._secret))
        return self.form(endpoint, pairs, server=server, headers=headers, documented=documented)

    def redeem(
        self,
        code: str,
        *,
        redirect_uri: str = CALLBACK,
        server: str | None = "default",
        **parameters: str,
    ) -> httpx.Response:
        return self.post(
            "token",
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                **parameters,
            },
            server=server,
        )

    def refresh(
        self, token: str, *, server: str | None = "default", **parameters: str
    ) -> httpx.Response:
        return self.post(
            "token",
            {"grant_type": "refresh_token", "refresh_token": token, **parameters},
            server=server,
        )

    def sign_in(
        self, scope: str = "openid offline_access", *, server: str | None = "default", **more: Any
    ) -> dict[str, Any]:
        """A whole sign-in; the members of the token response."""
        code = self.fake.authorize(
            CALLBACK,
            scope=scope,
            client_id=self._client_id,
            auth_server_id=ORG if server is None else server,
            **more,
        )
        response = self.redeem(code, server=server)
        assert response.status_code == 200
        return members(response)

    def introspect(
        self, token: str, *, server: str | None = "default", **parameters: str
    ) -> dict[str, Any]:
        response = self.post("introspect", {"token": token, **parameters}, server=server)
        assert response.status_code == 200
        return members(response)

    def is_active(self, token: str, *, server: str | None = "default") -> bool:
        answer = self.introspect(token, server=server)
        assert answer["active"] is True or answer == {"active": False}
        return bool(answer["active"])

    def revoke(
        self, token: str, *, server: str | None = "default", **parameters: str
    ) -> httpx.Response:
        return self.post("revoke", {"token": token, **parameters}, server=server)


def basic(client_id: str, client_secret: str) -> str:
    """An ``Authorization`` value from two halves that need no encoding."""
    return "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode()


def members(response: httpx.Response) -> dict[str, Any]:
    return cast("dict[str, Any]", response.json())


def assert_oauth_error(response: httpx.Response, status: int, error: str) -> None:
    assert (response.status_code, members(response).get("error")) == (status, error)
    assert members(response)["error_description"]


def assert_okta_error(response: httpx.Response, status: int, code: str) -> None:
    assert (response.status_code, members(response).get("errorCode")) == (status, code)
    assert members(response)["errorLink"] == code
    assert members(response)["errorId"].startswith("oae")

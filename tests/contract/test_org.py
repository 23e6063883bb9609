"""The way to a real org, rehearsed on FakeOkta, which has no sign-in widget of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from okta_oidc import ORG
from okta_oidc.testing import FakeOkta

from tests.support.oidc_provider import BASIC, POST, REDIRECT_URI, code_challenge

from ._authorities import OrgAuthority
from ._differences import Feature

VERIFIER = "verifier-of-forty-three-characters-and-more"
ROOT = Path(__file__).parents[2]


class SignInWidget(httpx.BaseTransport):
    """Okta's Authentication API in front of the fake: a password for a session token."""

    def __init__(self, fake: FakeOkta, status: str = "SUCCESS") -> None:
        self.fake = fake
        self.status = status
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path != "/api/v1/authn":
            return self.fake.transport.handle_request(request)
        given = json.loads(request.read())
        assert given == {"username": "user", "password": "pass"}
        return httpx.Response(200, json={"status": self.status, "sessionToken": "session"})


@pytest.fixture
def fake() -> FakeOkta:
    fake = FakeOkta()
    for client in (BASIC, POST):
        assert client.auth_method != "none"
        fake.add_client(
            client.client_id,
            client.client_secret,
            auth_method=cast("Any", client.auth_method),
            redirect_uris=client.redirect_uris,
        )
    return fake


def environment(fake: FakeOkta) -> dict[str, str]:
    return {
        "OKTA_ORG_URL": f"{fake.url}/",
        "OKTA_CLIENT_ID": BASIC.client_id,
        "OKTA_CLIENT_SECRET": BASIC.client_secret or "",
        "OKTA_POST_CLIENT_ID": POST.client_id,
        "OKTA_POST_CLIENT_SECRET": POST.client_secret or "",
        "OKTA_USERNAME": "user",
        "OKTA_PASSWORD": "pass",
        "OKTA_REDIRECT_URI": REDIRECT_URI,
    }


@pytest.mark.parametrize("auth_server_id", [None, ORG, "default"], ids=["own", "org", "default"])
def test_code_for_a_password(fake: FakeOkta, auth_server_id: object) -> None:
    widget = SignInWidget(fake)
    org = OrgAuthority(environment(fake), http=widget)
    code = org.code(org.basic, auth_server_id=auth_server_id, code_verifier=VERIFIER)
    where = "default" if auth_server_id is None else auth_server_id
    with fake.client(client_id=BASIC.client_id, auth_server_id=where) as okta:
        tokens = okta.token_for_code(code, REDIRECT_URI, code_verifier=VERIFIER)
    assert tokens.refresh_token
    sent = widget.asked[-1].url.params
    assert sent["sessionToken"] == "session"
    assert sent["code_challenge"] == code_challenge(VERIFIER)


def test_sign_in_that_needs_more_than_a_password(fake: FakeOkta) -> None:
    org = OrgAuthority(environment(fake), http=SignInWidget(fake, "MFA_REQUIRED"))
    with pytest.raises(AssertionError, match="MFA_REQUIRED"):
        org.code(org.basic)


def test_authorization_that_is_refused(fake: FakeOkta) -> None:
    org = OrgAuthority(environment(fake), http=SignInWidget(fake))
    with pytest.raises(AssertionError, match="invalid_scope"):
        org.code(org.basic, scope="openid no:such:scope")


def test_what_is_missing_is_said(fake: FakeOkta) -> None:
    partly = environment(fake)
    del partly["OKTA_PASSWORD"]
    org = OrgAuthority(partly)
    assert org.lacks(Feature.SIGN_IN) == "for signing a user in, set OKTA_PASSWORD"
    assert "not possible" in str(org.lacks(Feature.CLOCK))
    assert org.lacks(Feature.POST) is None
    assert OrgAuthority(environment(fake)).lacks(Feature.SIGN_IN) is None


def test_suite_against_an_org_without_a_user(fake: FakeOkta) -> None:
    """Nothing is left out silently, and what can be run is run."""
    fake.add_authorization_server("default", default_scopes=("api:read",))
    with fake.serve():
        given = {name: value for name, value in environment(fake).items() if "USER" not in name}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, "-k", "okta-org and asyncio", str(ROOT / "tests/contract/test_contract.py")],
            cwd=ROOT,
            env={**os.environ, **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 0, done.stdout
    assert "for signing a user in, set OKTA_USERNAME" in done.stdout
    assert "a client whose credentials hold every odd character is not possible" in done.stdout
    assert "not judged" not in done.stdout
    paths = {request.path for request in fake.requests}
    assert {f"/oauth2/default/v1/{name}" for name in ("token", "introspect", "revoke")} <= paths

"""The table of operations beside the generated functions: what it says, and that it is cheap."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, Self, get_args, get_type_hints

import pytest
import yaml
from okta_oidc_api import operations
from okta_oidc_api.models import OAuthErrorBody, OktaErrorBody
from okta_oidc_api.operations import OPERATIONS, Operation, TokenType

DOCUMENT = Path(__file__).resolve().parents[2] / "openapi" / "okta-oauth.yaml"
BY_MODULE = {operation.module: operation for operation in OPERATIONS}

TOKEN = Operation(
    method="POST",
    path="/oauth2/{authorizationServerId}/v1/token",
    module="api.token.custom_token",
    statuses=(200,),
    with_content=(200,),
    authenticated=True,
    dpop=True,
    needs_client_id=False,
    repeatable=False,
    limit="token",
)


@pytest.mark.parametrize(
    "expected",
    [
        TOKEN,
        TOKEN._replace(path="/oauth2/v1/token", module="api.token.org_token"),
        TOKEN._replace(
            path="/oauth2/v1/introspect",
            module="api.introspection.org_introspect",
            dpop=False,
            repeatable=True,
            limit="other",
        ),
        TOKEN._replace(
            path="/oauth2/{authorizationServerId}/v1/revoke",
            module="api.revocation.custom_revoke",
            with_content=(),
            dpop=False,
            repeatable=True,
            limit="other",
        ),
        TOKEN._replace(
            method="GET",
            path="/.well-known/oauth-authorization-server/oauth2/{authorizationServerId}",
            module="api.discovery.custom_oauth_authorization_server_at_root",
            authenticated=False,
            dpop=False,
            repeatable=True,
            limit=None,
        ),
        TOKEN._replace(
            path="/oauth2/v1/par",
            module="api.authorization.org_push_authorization",
            statuses=(200, 201),
            with_content=(200, 201),
            needs_client_id=True,
            repeatable=True,
            limit="other",
        ),
        # Its proof goes with an access token, and is not the flow's to make.
        TOKEN._replace(
            method="GET",
            path="/oauth2/{authorizationServerId}/v1/userinfo",
            module="api.userinfo.custom_userinfo",
            authenticated=False,
            dpop=False,
            repeatable=True,
            limit="other",
        ),
        TOKEN._replace(
            path="/oauth2/v1/challenge",
            module="api.direct_authentication.org_challenge",
            dpop=False,
            limit="other",
        ),
    ],
    ids=lambda operation: operation.module,
)
def test_rows(expected: Operation) -> None:
    assert BY_MODULE[expected.module] == expected


def test_every_operation_has_a_row() -> None:
    paths = yaml.safe_load(DOCUMENT.read_text("utf-8"))["paths"]
    described = [
        (method.upper(), path)
        for path, item in paths.items()
        for method in item
        if method != "parameters"
    ]
    rows = [(operation.method, operation.path) for operation in OPERATIONS]
    assert sorted(rows) == sorted(described)
    assert len(BY_MODULE) == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.module)
def test_a_row_names_what_the_generator_wrote(operation: Operation) -> None:
    module = import_module(f"okta_oidc_api.{operation.module}")
    parameters = signature(module._get_kwargs).parameters
    assert ("dpop" in parameters and operation.authenticated) == operation.dpop
    in_path = re.findall("{.+?}", operation.path)
    needed = [name for name, it in parameters.items() if it.default is it.empty]
    given = {name: _Given() for name in [*needed, *list(parameters)[: len(in_path)]]}
    request = module._get_kwargs(**given)
    assert request["method"] == operation.method.lower()
    assert request["url"] == re.sub("{.+?}", "given", operation.path)
    returned = get_type_hints(module._parse_response)["return"]
    assert set(get_args(returned)) >= {OAuthErrorBody, OktaErrorBody}
    assert bool(operation.with_content) == (len(set(get_args(returned)) - {Any}) > 2)
    assert set(operation.with_content) <= set(operation.statuses)


class _Given(str):
    """A parameter or a body of any type."""

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "given")

    def to_dict(self) -> dict[str, object]:
        return {}

    def isoformat(self) -> str:
        return self


def test_secrets_are_those_of_the_document() -> None:
    assert {"code", "client_secret", "dpop", "token", "password"} <= operations.SECRETS
    assert {"id_token_hint", "state", "sessionToken", "request"} <= operations.SECRETS
    of_answers = ("device_code", "oob_code", "access_token", "mfa_token", "vaulted_secret")
    assert not {*of_answers, *operations.SECRETS} & operations.PUBLIC
    for open_member in (
        "client_id",
        "scope",
        "grant_type",
        "redirect_uri",
        "token_type_hint",
        "login_hint",
    ):
        assert open_member not in operations.SECRETS
        assert open_member in operations.PUBLIC
    for open_member in ("token_type", "expires_in", "error", "user_code", "issuer", "n"):
        assert open_member in operations.PUBLIC


def test_other_names() -> None:
    assert {
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
    } == operations.CREDENTIALS
    assert {"client_credentials"} == operations.REPEATABLE_GRANTS
    known = {value for name, value in vars(TokenType).items() if not name.startswith("_")}
    text = DOCUMENT.read_text("utf-8")
    assert TokenType.DEVICE_SECRET == "urn:x-oath:params:oauth:token-type:device-secret"
    assert len(known) == 13
    # Each is shown at a member that takes it, too.
    assert all(text.count(urn) > 1 for urn in known)


def test_importing_the_table_loads_neither_models_nor_functions() -> None:
    program = "import sys, okta_oidc_api.operations; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    loaded = {name for name in done.stdout.split() if name.startswith("okta_oidc_api")}
    assert loaded <= {"okta_oidc_api", *(f"okta_oidc_api.{it}" for it in ("client", "operations"))}

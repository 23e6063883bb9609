"""What is planted in the document shows in what is generated, and is taken for what it is."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

import pytest

from . import _models, _surface
from ._compare import step_of
from ._snapshots import Snapshot
from ._verdict import Finding, Step
from .conftest import Plant, generated

Said = dict[str, Any]
_NEW: Said = {"type": "string", "description": "New."}
_OIDC = "urn:example:new"


def _schema(said: Said, name: str) -> Said:
    return cast("Said", said["components"]["schemas"][name])


def _properties(said: Said, name: str) -> Said:
    return cast("Said", _schema(said, name)["properties"])


def _add_operation(said: Said) -> None:
    item = copy.deepcopy(said["paths"]["/oauth2/v1/revoke"])
    item["post"]["operationId"] = "orgOther"
    said["paths"]["/oauth2/v1/other"] = item


def _answers_with(said: Said, name: str) -> None:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    response = {"description": "Another.", "content": content}
    said["paths"]["/oauth2/v1/token"]["post"]["responses"]["200"] = response


def _add_grant(said: Said) -> None:
    schema = copy.deepcopy(_schema(said, "PasswordGrant"))
    schema["properties"]["grant_type"] |= {"const": _OIDC, "default": _OIDC}
    said["components"]["schemas"]["NewGrant"] = schema
    request = _schema(said, "OrgTokenRequest")
    reference = {"$ref": "#/components/schemas/NewGrant"}
    request["oneOf"].append(reference)
    request["discriminator"]["mapping"][_OIDC] = reference["$ref"]


def _remove_grant(said: Said) -> None:
    request = _schema(said, "CustomTokenRequest")
    gone = request["oneOf"].pop()["$ref"]
    mapping = request["discriminator"]["mapping"]
    request["discriminator"]["mapping"] = {k: v for k, v in mapping.items() if v != gone}


_TOKEN = "okta_oidc_api.api.token"
_MODELS = "okta_oidc_api.models"
BREAKS: dict[str, tuple[Plant, str]] = {
    "an operation goes": (
        lambda said: said["paths"].pop("/oauth2/v1/revoke"),
        "surface: okta_oidc_api.api.revocation.org_revoke: is gone",
    ),
    "a response member goes": (
        lambda said: _properties(said, "TokenResponse").pop("id_token"),
        f"surface: {_MODELS}.TokenResponse.id_token: is gone",
    ),
    "a response member is renamed": (
        lambda said: _properties(said, "IntrospectionResponse").update(
            user=_properties(said, "IntrospectionResponse").pop("username")
        ),
        f"surface: {_MODELS}.IntrospectionResponse.username: is gone",
    ),
    "a response promises less": (
        lambda said: _schema(said, "IntrospectionResponse")["required"].remove("active"),
        f"models: {_MODELS}.IntrospectionResponse.active: may be missing",
    ),
    "a response member may be null": (
        lambda said: _properties(said, "TokenResponse")["scope"].update(type=["string", "null"]),
        f"models: {_MODELS}.TokenResponse.scope: may be None",
    ),
    "a response member is of another type": (
        lambda said: _properties(said, "TokenResponse")["expires_in"].update(type="string"),
        f"models: {_MODELS}.TokenResponse.expires_in: may be str",
    ),
    "a response is another": (
        lambda said: _answers_with(said, "IntrospectionResponse"),
        f"models: {_TOKEN}.org_token (answer): may be IntrospectionResponse",
    ),
    "a request asks for more": (
        lambda said: _schema(said, "RefreshTokenGrant")["required"].append("scope"),
        f"models: {_MODELS}.RefreshTokenGrant.scope: is missing no more",
    ),
    "a new member must be sent": (
        lambda said: (
            _properties(said, "IntrospectRequest").update(reason=dict(_NEW)),
            _schema(said, "IntrospectRequest")["required"].append("reason"),
        ),
        f"models: {_MODELS}.IntrospectRequest.reason: is new, and must be given",
    ),
    "a grant goes": (
        _remove_grant,
        f"models: {_TOKEN}.custom_token.body: is InteractionCodeGrant no more",
    ),
    "a value may be sent no more": (
        lambda said: _schema(said, "CustomRevokeTokenTypeHint")["enum"].remove("device_secret"),
        f"models: {_MODELS}.CustomRevokeRequest.token_type_hint: is 'device_secret' no more",
    ),
}
OTHERS: dict[str, tuple[Plant, str]] = {
    "a new operation": (
        _add_operation,
        "surface: okta_oidc_api.api.revocation.org_other: is new",
    ),
    "a new grant": (_add_grant, f"models: {_TOKEN}.org_token.body: may be NewGrant"),
    "a new response member": (
        lambda said: _properties(said, "TokenResponse").update(issued_by=dict(_NEW)),
        f"surface: {_MODELS}.TokenResponse.issued_by: is new",
    ),
    "a new member may be sent": (
        lambda said: _properties(said, "RefreshTokenGrant").update(reason=dict(_NEW)),
        f"surface: {_MODELS}.RefreshTokenGrant.reason: is new",
    ),
    "a member may be left out": (
        lambda said: _schema(said, "IntrospectRequest")["required"].remove("token"),
        f"models: {_MODELS}.IntrospectRequest.token: may be missing",
    ),
    "a new value may be sent": (
        lambda said: _schema(said, "CustomRevokeTokenTypeHint")["enum"].append("id_token"),
        f"models: {_MODELS}.CustomRevokeRequest.token_type_hint: may be 'id_token'",
    ),
    "a response promises more": (
        lambda said: _schema(said, "TokenResponse").setdefault("required", []).append("scope"),
        f"models: {_MODELS}.TokenResponse.scope: is missing no more",
    ),
}


def _findings(before: Snapshot, after: Snapshot) -> list[Finding]:
    return [
        *_surface.compare(before, after, (_models.PACKAGE,)),
        *_models.compare(before, after),
    ]


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """What the generator makes of the document as it is."""
    return generated(tmp_path_factory.mktemp("before"))


# One document for all the breaks, and one for all the others: generating takes seconds.
@pytest.fixture(scope="session")
def breaks(before: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    plants = (plant for plant, _ in BREAKS.values())
    return _findings(before, generated(tmp_path_factory.mktemp("breaks"), *plants))


@pytest.fixture(scope="session")
def others(before: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    plants = (plant for plant, _ in OTHERS.values())
    return _findings(before, generated(tmp_path_factory.mktemp("others"), *plants))


@pytest.mark.parametrize("name", BREAKS)
def test_break(breaks: list[Finding], name: str) -> None:
    assert BREAKS[name][1] in {str(found) for found in breaks if found.step is Step.MAJOR}


@pytest.mark.parametrize("name", OTHERS)
def test_what_breaks_nothing(others: list[Finding], name: str) -> None:
    assert OTHERS[name][1] in set(map(str, others))
    assert {found.step for found in others} == {Step.MINOR}, list(map(str, others))


def test_words(before: Snapshot, tmp_path: Path) -> None:
    after = generated(
        tmp_path,
        lambda said: _properties(said, "TokenResponse")["scope"].update(description="Other words."),
    )
    assert _findings(before, after) == []
    assert step_of(before, after, []) is Step.PATCH


def test_no_change(before: Snapshot) -> None:
    assert _findings(before, before) == []

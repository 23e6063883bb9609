"""What is planted in the document shows in what is generated, and is taken for what it is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, cast

import pytest

from . import _models, _surface
from ._compare import step_of
from ._snapshots import Snapshot
from ._verdict import Step
from .conftest import Plant

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
        lambda said: _properties(said, "TokenResponse").update(
            identity_token=_properties(said, "TokenResponse").pop("id_token")
        ),
        f"surface: {_MODELS}.TokenResponse.id_token: is gone",
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


def _compared(before: Snapshot, after: Snapshot) -> tuple[Step, str]:
    found = [
        *_surface.compare(before, after, (_models.PACKAGE,)),
        *_models.compare(before, after),
    ]
    step = max((finding.step for finding in found), default=Step.NONE)
    return step, "\n".join(map(str, found))


@pytest.mark.parametrize("name", BREAKS)
def test_break(
    before_document: Snapshot, planted_document: Callable[[Plant], Snapshot], name: str
) -> None:
    plant, expected = BREAKS[name]
    step, told = _compared(before_document, planted_document(plant))
    assert step is Step.MAJOR
    assert expected in told


@pytest.mark.parametrize("name", OTHERS)
def test_what_breaks_nothing(
    before_document: Snapshot, planted_document: Callable[[Plant], Snapshot], name: str
) -> None:
    plant, expected = OTHERS[name]
    step, told = _compared(before_document, planted_document(plant))
    assert step is Step.MINOR, told
    assert expected in told


def test_words(before_document: Snapshot, planted_document: Callable[[Plant], Snapshot]) -> None:
    after = planted_document(
        lambda said: _properties(said, "TokenResponse")["scope"].update(description="Other words.")
    )
    assert _compared(before_document, after) == (Step.NONE, "")
    assert step_of(before_document, after, []) is Step.PATCH


def test_no_change(before_document: Snapshot) -> None:
    assert _compared(before_document, before_document) == (Step.NONE, "")

"""The document's level notices what is planted, and takes it for what it is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, cast

import pytest

from . import _document
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


BREAKS: dict[str, tuple[Plant, str]] = {
    "an operation goes": (
        lambda said: said["paths"].pop("/oauth2/v1/revoke"),
        "cannot remove an operation",
    ),
    "a status goes": (
        lambda said: said["paths"]["/oauth2/v1/token"]["post"]["responses"].pop("403"),
        "must not remove response status code 403",
    ),
    "a response member goes": (
        lambda said: _properties(said, "TokenResponse").pop("id_token"),
        "cannot remove response property 'id_token'",
    ),
    "a response member is renamed": (
        lambda said: _properties(said, "TokenResponse").update(
            idToken=_properties(said, "TokenResponse").pop("id_token")
        ),
        "cannot remove response property 'id_token'",
    ),
    "a response promises less": (
        lambda said: _schema(said, "IntrospectionResponse")["required"].remove("active"),
        "cannot make required response property 'active' optional",
    ),
    "a response member may be null": (
        lambda said: _properties(said, "TokenResponse")["scope"].update(type=["string", "null"]),
        "property 'scope' not to be expanded",
    ),
    "a response member is of another type": (
        lambda said: _properties(said, "TokenResponse")["expires_in"].update(type="string"),
        "property 'expires_in' not to be expanded",
    ),
    "a request asks for more": (
        lambda said: _schema(said, "RefreshTokenGrant")["required"].append("redirect_uri"),
        "redirect_uri",
    ),
    "a new member must be sent": (
        lambda said: (
            _properties(said, "IntrospectRequest").update(reason=dict(_NEW)),
            _schema(said, "IntrospectRequest")["required"].append("reason"),
        ),
        "cannot add a required request property 'reason'",
    ),
    "a grant goes": (_remove_grant, "token (interaction_code): cannot remove an operation"),
    "a value may be sent no more": (
        lambda said: _schema(said, "CustomRevokeTokenTypeHint")["enum"].remove("device_secret"),
        "device_secret",
    ),
}
OTHERS: dict[str, tuple[Plant, str]] = {
    "a new operation": (_add_operation, "paths//oauth2/v1/other/post: added"),
    "a new grant": (_add_grant, "components/schemas/NewGrant: added"),
    "a new response member": (
        lambda said: _properties(said, "TokenResponse").update(issued_by=dict(_NEW)),
        "components/schemas/TokenResponse/properties/issued_by: added",
    ),
    "a new member may be sent": (
        lambda said: _properties(said, "RefreshTokenGrant").update(reason=dict(_NEW)),
        "components/schemas/RefreshTokenGrant/properties/reason: added",
    ),
    "a new value may be sent": (
        lambda said: _schema(said, "CustomRevokeTokenTypeHint")["enum"].append("id_token"),
        "components/schemas/CustomRevokeTokenTypeHint/enum",
    ),
    "a response promises more": (
        lambda said: _schema(said, "TokenResponse")["required"].append("expires_in"),
        "added (expires_in)",
    ),
}


def _compared(before: Snapshot, after: Snapshot) -> tuple[Step, str]:
    found = list(_document.compare(before, after))
    step = max((finding.step for finding in found), default=Step.NONE)
    return step, "\n".join(map(str, found))


@pytest.mark.parametrize("name", BREAKS)
def test_break(before: Snapshot, planted_document: Callable[[Plant], Snapshot], name: str) -> None:
    plant, expected = BREAKS[name]
    step, told = _compared(before, planted_document(plant))
    assert step is Step.MAJOR
    assert expected in told


@pytest.mark.parametrize("name", OTHERS)
def test_what_breaks_nothing(
    before: Snapshot, planted_document: Callable[[Plant], Snapshot], name: str
) -> None:
    plant, expected = OTHERS[name]
    step, told = _compared(before, planted_document(plant))
    assert step is Step.MINOR
    assert expected in told


def test_words(before: Snapshot, planted_document: Callable[[Plant], Snapshot]) -> None:
    after = planted_document(lambda said: said["info"].update(description="Other words."))
    assert _compared(before, after) == (Step.PATCH, "document: info/description: changed")


def test_no_change(before: Snapshot, planted_document: Callable[[Plant], Snapshot]) -> None:
    """However it is written down."""
    assert _compared(before, planted_document(lambda said: None)) == (Step.NONE, "")

"""The level of names and signatures notices what is planted in either package."""

from __future__ import annotations

import pytest

from . import _surface
from ._snapshots import Snapshot
from ._verdict import Step
from .conftest import Planter

_CLIENT = "overlay/okta_oidc/_client.py"
_TOKEN_RESPONSE = "generated/okta_oidc_api/models/token_response.py"

BREAKS = {
    "a method goes": (
        (_CLIENT, "    def introspect(", "    def _introspect("),
        "okta_oidc.OktaOIDC.introspect: is gone",
    ),
    "a method of the other face goes": (
        (_CLIENT, "    async def revoke(", "    async def _revoke("),
        "okta_oidc.AsyncOktaOIDC.revoke: is gone",
    ),
    "a parameter is renamed": (
        (_CLIENT, "        redirect_uri: str | None = None,", "        uri: str | None = None,"),
        "okta_oidc.OktaOIDC.token_for_refresh_token: Parameter was removed",
    ),
    "a parameter becomes required": (
        (_CLIENT, "redirect_uri: str | None = None,", "redirect_uri: str | None,"),
        "Parameter is now required",
    ),
    "a parameter can be given by name only": (
        (_CLIENT, "redirect_uri: str,\n        *,", "*,\n        redirect_uri: str,"),
        "Parameter kind was changed",
    ),
    "a name is exported no more": (
        ("overlay/okta_oidc/__init__.py", '    "HttpInfo",\n', ""),
        "okta_oidc.HttpInfo: is gone",
    ),
    "a result loses an attribute": (
        ("overlay/okta_oidc/_results.py", "    id_token: str | None\n", ""),
        "okta_oidc.Tokens.id_token: is gone",
    ),
    "an error leaves its family": (
        (
            "overlay/okta_oidc/_errors.py",
            "class RateLimitError(APIError)",
            "class RateLimitError(OktaError)",
        ),
        "okta_oidc.RateLimitError.retryable: is gone",
    ),
    "the fake loses a method": (
        ("overlay/okta_oidc/testing/_fake.py", "    def authorize(", "    def _authorize("),
        "okta_oidc.testing.FakeOkta.authorize: is gone",
    ),
    "a generated field is renamed": (
        (_TOKEN_RESPONSE, "    id_token: str | Unset = UNSET", "    idtoken: str | Unset = UNSET"),
        "okta_oidc_api.models.token_response.TokenResponse.id_token: is gone",
    ),
    "a generated function goes": (
        (
            "generated/okta_oidc_api/api/token/org_token.py",
            "def sync_detailed(",
            "def _sync_detailed(",
        ),
        "okta_oidc_api.api.token.org_token.sync_detailed: is gone",
    ),
}
ADDITIONS = {
    "a method": (
        (_CLIENT, "    def close(self)", "    def shut(self) -> None: ...\n\n    def close(self)"),
        "okta_oidc.OktaOIDC.shut: is new",
    ),
    "a generated field": (
        (
            _TOKEN_RESPONSE,
            "    id_token: str | Unset = UNSET",
            "    id_token: str | Unset = UNSET\n    issued_by: str | Unset = UNSET",
        ),
        "okta_oidc_api.models.token_response.TokenResponse.issued_by: is new",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_break(before: Snapshot, planted: Planter, name: str) -> None:
    plant, expected = BREAKS[name]
    found = [f for f in _surface.compare(before, planted(*plant)) if f.step is Step.MAJOR]
    assert any(expected in str(finding) for finding in found), list(map(str, found))


@pytest.mark.parametrize("name", ADDITIONS)
def test_addition(before: Snapshot, planted: Planter, name: str) -> None:
    plant, expected = ADDITIONS[name]
    found = list(_surface.compare(before, planted(*plant)))
    assert {finding.step for finding in found} == {Step.MINOR}
    assert any(expected in str(finding) for finding in found), list(map(str, found))


@pytest.mark.parametrize(
    "plant",
    [
        ("overlay/okta_oidc/_version.py", "__version__ = ", "__version__ = 'x' + "),
        ("overlay/okta_oidc/_flow.py", "    def _wait(", "    def _pause("),
        ("overlay/okta_oidc/cli/_screens.py", "def ", "def old_"),
    ],
    ids=["the version", "inner workings", "the command line's modules"],
)
def test_what_is_not_promised(before: Snapshot, planted: Planter, plant: tuple[str, ...]) -> None:
    assert list(_surface.compare(before, planted(*plant))) == []

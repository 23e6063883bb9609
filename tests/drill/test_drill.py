"""The change drill of CONTRIBUTING, done: each change as the page has it, from document to user."""

from __future__ import annotations

from pathlib import Path

import pytest

from ._scratch import DOCUMENT, Outcome, Scratch, blocks_of

_TABLES = "tests/unit/test_document.py"
# A server of the user's own, answering with whatever it is told, and how it was asked.
_SERVER = """
import json
import httpx
from okta_oidc import ClientSecretBasic, OktaOIDC

def answer(request):
    assert request.headers["authorization"].startswith("Basic ")
    print(request.url.path, request.content.decode())
    return httpx.Response(200, json={members})

okta = OktaOIDC(
    "https://dev-000000.okta.com",
    ClientSecretBasic("client-id", "client-secret"),
    http_client=httpx.Client(transport=httpx.MockTransport(answer)),
)
"""


# What the page's endpoints promise, said again.
_PASSPORTS = {
    "OPERATIONS = {": """\
    "orgListPassports": Promise(
        "/oauth2/v1/passports",
        "passports",
        None,
        "Passports",
        method="get",
        media_type=None,
        query=("holder",),
        authenticates=False,
    ),
    "orgIssuePassport": Promise(
        "/oauth2/v1/passports", "passports", "PassportRequest", "Passport", successes=("201",)
    ),
    "orgNotePassport": Promise(
        "/oauth2/v1/passports/notes",
        "passports",
        "PassportNote",
        "Passport",
        media_type=JSON,
        authenticates=False,
    ),
""",
    "REQUIRED_OF_REQUESTS = {": """\
    "PassportRequest": {"holder"},
    "PassportNote": {"passport_id", "pages"},
""",
    "REQUIRED_OF_RESPONSES = {": """\
    "Passport": {"passport_id"},
""",
}
_PASSPORT_OFFICE = """
import httpx
from okta_oidc import ClientSecretBasic, OktaError, OktaOIDC, success
from okta_oidc_api.api.passports import org_issue_passport, org_list_passports, org_note_passport
from okta_oidc_api.models import PassportNote, PassportRequest

answers = [
    httpx.Response(200, json=[{"passport_id": "one"}, {"passport_id": "two"}]),
    httpx.Response(201, json={"passport_id": "three"}),
    httpx.Response(200, json={"passport_id": "three"}),
    httpx.Response(200, json=[{"holder": "user"}]),
    httpx.Response(400, json={"error": "no_such_user"}),
]

def answer(request):
    scheme = str(request.headers.get("authorization")).split()[0]
    print(scheme, request.method, request.url.raw_path.decode(), request.content.decode())
    return answers.pop(0)

okta = OktaOIDC(
    "https://dev-000000.okta.com",
    ClientSecretBasic("client-id", "client-secret"),
    http_client=httpx.Client(transport=httpx.MockTransport(answer)),
)
api = okta.api
print(*(it.passport_id for it in success(org_list_passports.sync(client=api, holder="user"))))
for module, body in (
    (org_issue_passport, PassportRequest(holder="user")),
    (org_note_passport, PassportNote(passport_id="three", pages=[1])),
):
    print(success(module.sync(client=api, body=body)).passport_id)
try:
    org_list_passports.sync(client=api)
except OktaError as error:
    print(type(error).__name__, error.http.status)
try:
    org_issue_passport.sync(client=api, body=PassportRequest(holder="nobody"))
except OktaError as error:
    print(type(error).__name__, error.status, error.code)
"""


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def scratch(tmp_path: Path, environments: Path) -> Scratch:
    return Scratch(tmp_path / "scratch", environments)


def _green(outcome: Outcome) -> None:
    assert outcome.is_green, outcome.output


def _red(outcome: Outcome, *why: str) -> None:
    assert not outcome.is_green
    for reason in why:
        assert reason in outcome.output, outcome.output


def _changed(scratch: Scratch, heading: str, expected: int) -> None:
    """Make the change of this heading, and regenerate: `drift` is red in between."""
    blocks = blocks_of(heading)
    assert len(blocks) == expected
    for place, text in blocks:
        scratch.add(place, text)
    _regenerated(scratch)


def _regenerated(scratch: Scratch) -> None:
    _red(scratch.nox("drift"), "generated/ has drifted", "okta_oidc_api/models/")
    _green(scratch.nox("generate"))
    _green(scratch.nox("drift"))


def test_an_optional_member_of_an_answer(scratch: Scratch) -> None:
    _changed(scratch, "An optional member of an answer", 1)
    for session in ("spec", "tests", "types"):
        _green(scratch.nox(session))
    # It is there in the editor, in the model, and by its name in `raw`.
    _green(
        scratch.check(
            "from typing import assert_type\n"
            "from okta_oidc_api.models import TokenResponse\n"
            "from okta_oidc_api.types import Unset\n"
            "def use(tokens: TokenResponse) -> None:\n"
            "    assert_type(tokens.issued_by, str | Unset)\n"
        )
    )
    members = {"token_type": "Bearer", "access_token": "t", "issued_by": "somebody"}
    used = scratch.use(
        _SERVER.replace("{members}", repr(members))
        + 'print(okta.token({"grant_type": "client_credentials"}).issued_by)\n'
        + 'print(okta.token_for_code("c", "https://app.example/").raw["issued_by"])\n'
    )
    _green(used)
    assert used.output.count("somebody\n") == 2
    told = scratch.breaking()
    _green(told)
    assert "okta_oidc_api.models.TokenResponse.issued_by: is new" in told.output
    assert "Step: minor" in told.output


def test_an_optional_member_that_nobody_describes(scratch: Scratch) -> None:
    """What would leave users without a word is red before anything is generated."""
    ((place, text),) = blocks_of("An optional member of an answer")
    scratch.add(
        place, "\n".join(line for line in text.splitlines() if "description" not in line) + "\n"
    )
    _red(scratch.nox("spec"), "issued_by")


def test_a_grant(scratch: Scratch) -> None:
    _changed(scratch, "A grant", 5)
    _green(scratch.nox("types"))
    _red(scratch.nox("tests"), "test_document", "PassportGrant")
    # The page names both tables.
    for table, row in (
        (
            "GRANT_TYPES = {",
            '    "PassportGrant": "urn:example:params:oauth:grant-type:passport",\n',
        ),
        ("REQUIRED_OF_REQUESTS = {", '    "PassportGrant": {"grant_type", "passport_token"},\n'),
    ):
        scratch.replace(_TABLES, f"{table}\n", f"{table}\n{row}")
    for session in ("spec", "tests"):
        _green(scratch.nox(session))
    used = scratch.use(
        _SERVER.replace("{members}", '{"token_type": "Bearer", "access_token": "t"}')
        + "from okta_oidc import ORG\n"
        + "from okta_oidc_api.models import PassportGrant\n"
        + 'print(okta.token(PassportGrant(passport_token="p"), auth_server_id=ORG).access_token)\n'
    )
    _green(used)
    assert (
        "/oauth2/v1/token grant_type=urn%3Aexample%3Aparams%3Aoauth%3Agrant-type%3Apassport"
        in used.output
    )
    assert "passport_token=p" in used.output
    told = scratch.breaking()
    _green(told)
    assert "okta_oidc_api.models.PassportGrant: is new" in told.output
    assert "Step: minor" in told.output


def test_an_endpoint(scratch: Scratch) -> None:
    _changed(scratch, "An endpoint", 5)
    _green(scratch.nox("types"))
    _red(scratch.nox("tests"), "test_document", "orgListPassports")
    # The page names the tables.
    for table, rows in _PASSPORTS.items():
        scratch.replace(_TABLES, f"{table}\n", f"{table}\n{rows}")
    for session in ("spec", "tests"):
        _green(scratch.nox(session))
    _green(
        scratch.check(
            "from typing import assert_type\n"
            "from okta_oidc import OktaOIDC, success\n"
            "from okta_oidc_api.api.passports import org_list_passports\n"
            "from okta_oidc_api.models import Passport\n"
            "def use(okta: OktaOIDC) -> None:\n"
            "    found = success(org_list_passports.sync(client=okta.api, holder='user'))\n"
            "    assert_type(found, list[Passport])\n"
        )
    )
    used = scratch.use(_PASSPORT_OFFICE)
    _green(used)
    assert used.output.splitlines() == [
        "None GET /oauth2/v1/passports?holder=user ",
        "one two",
        "Basic POST /oauth2/v1/passports holder=user",
        "three",
        'None POST /oauth2/v1/passports/notes {"passport_id":"three","pages":[1]}',
        "three",
        "None GET /oauth2/v1/passports ",
        "MalformedResponseError 200",
        "Basic POST /oauth2/v1/passports holder=nobody",
        "APIError 400 no_such_user",
    ]
    told = scratch.breaking()
    _green(told)
    assert "okta_oidc_api.api.passports: is new" in told.output
    assert "Step: minor" in told.output


def test_a_field_renamed_by_mistake(scratch: Scratch) -> None:
    member = (
        "        {}:\n          type: string\n          format: password\n          description: ID"
    )
    scratch.replace(DOCUMENT, member.format("id_token"), member.format("identity_token"))
    _regenerated(scratch)
    # Whoever uses the field: the file of the public surface, and the tests.
    _red(scratch.nox("types"), "tests/typing/api.py", '"TokenResponse" has no attribute "id_token"')
    _red(scratch.nox("tests"), "id_token")
    told = scratch.breaking()
    _green(told)
    assert "okta_oidc_api.models.TokenResponse.id_token: is gone" in told.output
    assert "types: api.py:" in told.output
    assert "Step: major" in told.output

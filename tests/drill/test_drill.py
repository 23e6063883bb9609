"""The change drill of CONTRIBUTING, done: each change as the page has it, from document to user."""

from __future__ import annotations

from pathlib import Path

import pytest

from ._scratch import DOCUMENT, Outcome, Scratch, blocks_of

_TABLES = "tests/unit/test_document.py"
# A server of the user's own that gives one answer after another, how it is asked, and both faces.
_SERVER = """
import asyncio
import httpx
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, OktaError, OktaOIDC, success

answers = []

def answer(request):
    scheme = str(request.headers.get("authorization")).split()[0]
    print(scheme, request.method, request.url.raw_path.decode(), request.content.decode())
    answered = answers.pop(0)
    if isinstance(answered, Exception):
        raise answered
    status, members, *headers = answered
    return httpx.Response(status, json=members, headers=dict(*headers))

transport = httpx.MockTransport(answer)
org = ("https://dev-000000.okta.com", ClientSecretBasic("client-id", "client-secret"))
okta = OktaOIDC(*org, http_client=httpx.Client(transport=transport))
other = AsyncOktaOIDC(*org, http_client=httpx.AsyncClient(transport=transport))

def both(module, *arguments, **options):
    # A generated function, on one face after the other; or the error that it raises.
    for call in (
        lambda: module.sync(*arguments, client=okta.api, **options),
        lambda: asyncio.run(module.asyncio(*arguments, client=other.api, **options)),
    ):
        try:
            yield success(call())
        except OktaError as error:
            seen = error.http.status if error.http else error.request_sent
            yield f"{type(error).__name__} {seen}"
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
from okta_oidc_api.api.passports import org_issue_passport, org_list_passports, org_note_passport
from okta_oidc_api.models import PassportNote, PassportRequest

def tell(module, *answered, **options):
    answers[:] = answered * 2
    for found in both(module, **options):
        one = getattr(found, "passport_id", found)
        print([it.passport_id for it in found] if isinstance(found, list) else one)

issue, note = PassportRequest(holder="user"), PassportNote("three", [1])
tell(org_list_passports, (200, [{"passport_id": "one"}, {"passport_id": "two"}]), holder="user")
tell(org_issue_passport, (201, {"passport_id": "three"}), body=issue)
tell(org_note_passport, (200, {"passport_id": "three"}), body=note)
print("refused")
tell(org_list_passports, (200, [{"holder": "user"}]))
tell(org_issue_passport, (400, {"error": "no_such_user"}), body=issue)
tell(org_issue_passport, (401, {"error": "invalid_client"}), body=issue)
tell(org_note_passport, (404, {"errorCode": "E0000007"}), body=note)
print("lost")
tell(org_list_passports, (503, {}), httpx.ReadTimeout(""), (200, []))
tell(org_list_passports, *[httpx.ConnectError("")] * 3)
tell(org_issue_passport, httpx.ReadTimeout(""), body=issue)
tell(org_note_passport, (503, {}), body=note)
print("limited")
used_up = {"X-Rate-Limit-Limit": "9", "X-Rate-Limit-Remaining": "0"}
now = "Sun, 09 Sep 2001 01:46:40 GMT"
soon = used_up | {"Date": now, "X-Rate-Limit-Reset": "1000000000"}
late = used_up | {"Date": now, "X-Rate-Limit-Reset": "1000000090"}
tell(org_issue_passport, (429, {}, soon), (201, {"passport_id": "four"}), body=issue)
tell(org_note_passport, (429, {}, late), body=note)
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
    _changed(scratch, "An optional member of an answer", 2)
    for session in ("spec", "tests", "types"):
        _green(scratch.nox(session))
    # It is there in the editor, in the models, and by its name in `raw`.
    _green(
        scratch.check(
            "from typing import assert_type\n"
            "from okta_oidc import Introspection, Tokens\n"
            "from okta_oidc_api.models import TokenResponse\n"
            "from okta_oidc_api.types import Unset\n"
            "def use(response: TokenResponse, tokens: Tokens, info: Introspection) -> None:\n"
            "    assert_type(response.issued_by, str | Unset)\n"
            "    assert_type(tokens.model.issued_by, str | Unset)\n"
            "    assert_type(info.model.issued_by, str | Unset)\n"
        )
    )
    used = scratch.use(
        _SERVER
        + """
tokens = {"token_type": "Bearer", "access_token": "t", "issued_by": "somebody"}
answers += [(200, tokens)] * 3 + [(200, {"active": True, "issued_by": "somebody"})] * 2
print(okta.token({"grant_type": "client_credentials"}).issued_by)
for found in (
    okta.token_for_code("c", "https://app.example/"),
    asyncio.run(other.token_for_code("c", "https://app.example/")),
    okta.introspect("t"),
    asyncio.run(other.introspect("t")),
):
    print(found.model.issued_by, found.raw["issued_by"])
answers.append((200, tokens | {"issued_by": 5}))
try:
    okta.token({"grant_type": "client_credentials"})
except OktaError as error:
    print(type(error).__name__, error.http.status)
"""
    )
    _green(used)
    assert [line for line in used.output.splitlines() if not line.startswith("Basic ")] == [
        "somebody",
        *["somebody somebody"] * 4,
        "MalformedResponseError 200",
    ]
    told = scratch.breaking()
    _green(told)
    for model in ("TokenResponse", "IntrospectionResponse"):
        assert f"okta_oidc_api.models.{model}.issued_by: is new" in told.output
    assert "Step: minor" in told.output


def test_an_optional_member_that_nobody_describes(scratch: Scratch) -> None:
    """What would leave users without a word is red before anything is generated."""
    (place, text), _ = blocks_of("An optional member of an answer")
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
    _green(
        scratch.check(
            "from typing import assert_type\n"
            "from okta_oidc import ORG, OktaOIDC, TokenSource, success\n"
            "from okta_oidc_api.api.token import custom_token\n"
            "from okta_oidc_api.models import PassportGrant, TokenResponse\n"
            "def use(okta: OktaOIDC) -> None:\n"
            "    grant = PassportGrant(passport_token='p')\n"
            "    assert_type(okta.token(grant, auth_server_id=ORG), TokenResponse)\n"
            "    answer = custom_token.sync('aus1', client=okta.api, body=grant)\n"
            "    assert_type(success(answer), TokenResponse)\n"
            "    assert_type(okta.token_source(grant), TokenSource)\n"
        )
    )
    used = scratch.use(
        _SERVER
        + """
from okta_oidc import ORG
from okta_oidc_api.api.token import custom_token, org_token
from okta_oidc_api.models import PassportGrant

grant = PassportGrant(passport_token="p")
answers += [(200, {"token_type": "Bearer", "access_token": "t"})] * 4
print(okta.token(grant, auth_server_id=ORG).access_token)
print(okta.token_source(grant).token())
for found in both(custom_token, "aus1", body=grant):
    print(found.access_token)
answers += [(400, {"error": "invalid_grant"})] * 2
for found in both(org_token, body=grant):
    print(found)
"""
    )
    _green(used)
    said = used.output.splitlines()
    urn = "grant_type=urn%3Aexample%3Aparams%3Aoauth%3Agrant-type%3Apassport"
    assert said[1::2] == ["t", "t", "t", "t", *["InvalidGrantError 400"] * 2]
    assert [asked.split()[:3] for asked in said[::2]] == [
        ["Basic", "POST", f"/oauth2/{path}v1/token"]
        for path in ("", "default/", "aus1/", "aus1/", "", "")
    ]
    assert all(urn in asked and "passport_token=p" in asked for asked in said[::2])
    told = scratch.breaking()
    _green(told)
    assert "okta_oidc_api.models.PassportGrant: is new" in told.output
    assert "Step: minor" in told.output


def test_an_endpoint(scratch: Scratch) -> None:
    _changed(scratch, "An endpoint", 5)
    _green(scratch.nox("types"))
    _red(scratch.nox("tests"), "test_document", "is in one of table and document")
    # The page names the tables.
    for table, rows in _PASSPORTS.items():
        scratch.replace(_TABLES, f"{table}\n", f"{table}\n{rows}")
    for session in ("spec", "tests"):
        _green(scratch.nox(session))
    _green(
        scratch.check(
            "from typing import assert_type\n"
            "from okta_oidc import AsyncOktaOIDC, OktaOIDC, success\n"
            "from okta_oidc_api.api.passports import org_issue_passport, org_list_passports\n"
            "from okta_oidc_api.models import Passport, PassportRequest\n"
            "def use(okta: OktaOIDC) -> None:\n"
            "    found = success(org_list_passports.sync(client=okta.api, holder='user'))\n"
            "    assert_type(found, list[Passport])\n"
            "    assert_type([each.passport_id for each in found], list[str])\n"
            "async def use_asynchronous(okta: AsyncOktaOIDC) -> None:\n"
            "    body = PassportRequest(holder='user')\n"
            "    issued = await org_issue_passport.asyncio(client=okta.api, body=body)\n"
            "    assert_type(success(issued), Passport)\n"
        )
    )
    used = scratch.use(_SERVER + _PASSPORT_OFFICE)
    _green(used)
    listing, issuing = (
        "None GET /oauth2/v1/passports ",
        "Basic POST /oauth2/v1/passports holder=user",
    )
    noting = 'None POST /oauth2/v1/passports/notes {"passport_id":"three","pages":[1]}'
    # Each on both faces.
    assert used.output.splitlines() == [
        *["None GET /oauth2/v1/passports?holder=user ", "['one', 'two']"] * 2,
        *[issuing, "three"] * 2,
        *[noting, "three"] * 2,
        "refused",
        *[listing, "MalformedResponseError 200"] * 2,
        *[issuing, "APIError 400"] * 2,
        *[issuing, "InvalidClientError 401"] * 2,
        *[noting, "APIError 404"] * 2,
        # A read is asked for again, and what was never sent; what may have been done is not.
        "lost",
        *[listing, listing, listing, "[]"] * 2,
        *[listing, listing, listing, "TransportError False"] * 2,
        *[issuing, "TransportTimeoutError None"] * 2,
        *[noting, "ServerError 503"] * 2,
        # A limit is waited out, and if that takes too long, none of the process asks again.
        "limited",
        *[issuing, issuing, "four"] * 2,
        *[noting, "RateLimitError 429"],
        "RateLimitError 429",
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

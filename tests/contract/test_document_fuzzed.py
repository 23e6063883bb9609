"""Schemathesis makes up requests from the document and sends them to FakeOkta's port.

Whatever comes back has to be described by the document, and what breaks the document has to be
refused. Two of its checks are not for this API: which sound requests succeed is a matter of state
(a code nobody issued is sound too), and a client that authenticates in the form has no header that
could be left out. One is for most requests only: see ``OVERLOOKED``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import cycle
from typing import Any, cast

import pytest
from okta_oidc import ORG, APIError, Tokens
from okta_oidc.testing import FakeOkta
from schemathesis.core.failures import FailureGroup

from ._judge import DOCUMENT

# Those of the document's examples, so that its examples work.
CLIENT_ID = "0oaexampleclientid00"
CLIENT_SECRET = "example-client-secret"
REDIRECT_URI = "https://app.example.com/callback"
MFA_USER = "mfa@example.com"
CREDENTIALS = {"client_id", "client_secret", "client_assertion", "client_assertion_type"}

# A server may pass over what it does not understand, and FakeOkta does: an unknown hint (RFC 7009
# section 2.1, RFC 7662 section 2.1), resource indicators, of which a form cannot tell one from a
# list of one, and proofs of possession, which mean nothing to an application without DPoP.
OVERLOOKED = {"token_type_hint", "resource", "dpop"}

# Parameters whose generated values seldom make sense together: a request that may succeed has none.
UNSURE = {
    "id_token_hint",
    "request",
    "request_expiry",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "dpop_jkt",
}

# Its annotations leave type parameters open: a strict type checker takes that for our mistake.
schemathesis: Any = import_module("schemathesis")

CONFIG = schemathesis.Config()
CONFIG.projects.default.generation.update(deterministic=True, max_examples=60)
CONFIG.projects.default.checks.update(
    excluded_check_names=["positive_data_acceptance", "ignored_auth"]
)
SCHEMA = schemathesis.openapi.from_path(DOCUMENT, config=CONFIG)
NEGATIVE_DATA_REJECTION: Any = import_module("schemathesis.checks").CHECKS.get_one(
    "negative_data_rejection"
)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOkta]:
    fake = FakeOkta(rate_limit=None, scopes=("example.read", "example.write"))
    fake.add_client(CLIENT_ID, CLIENT_SECRET)
    fake.add_user(MFA_USER, password="example-password", mfa_required=True)
    with fake.serve():
        yield fake
        statuses = Counter((request.endpoint, request.status) for request in fake.requests)
    # Requests that all fail at the door would show nothing. Of an endpoint's operations, this
    # process may have tried one alone.
    few = {name for name, _ in statuses if name and statuses[name, 200] < 3}
    assert not few, statuses


def _form(case: Any) -> dict[str, Any]:
    body: object = case.body
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


class _Turns:
    """Makes every other request one that authenticates soundly, and some speak of live tokens."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin anew, so that no operation depends on which others came before it."""
        self._authenticate = cycle([True, False])
        self._enliven = cycle([True, False, False])

    def take(self, case: Any, fake: FakeOkta) -> dict[str, str]:
        """Change the case's form; the headers to add to it."""
        form = _form(case)
        endpoint = case.operation.path.rpartition("/v1/")[2]
        if not next(self._authenticate):
            return {}
        if endpoint == "userinfo":
            return {"Authorization": f"Bearer {self._tokens(case, fake).access_token}"}
        for name in CREDENTIALS & form.keys():
            del form[name]
        if form and endpoint == "par":
            # A parameter of the request there, beside the credentials as well.
            form["client_id"] = CLIENT_ID
        enlivens = next(self._enliven)
        if form and enlivens:
            form |= {name: value for name, value in self._live(case, fake).items() if name in form}
            for name in UNSURE & form.keys():
                del form[name]
        return {}

    def _live(self, case: Any, fake: FakeOkta) -> dict[str, str]:
        tokens, where = self._tokens(case, fake), _server_of(case)
        fresh = fake.authorize(REDIRECT_URI, client_id=CLIENT_ID, auth_server_id=where)
        with (
            fake.client(client_id=CLIENT_ID, auth_server_id=where) as okta,
            pytest.raises(APIError) as refused,
        ):
            okta.token(
                {
                    "grant_type": "password",
                    "username": MFA_USER,
                    "password": "example-password",
                    "scope": "openid",
                }
            )
        return {
            "code": fresh,
            "redirect_uri": REDIRECT_URI,
            "refresh_token": tokens.refresh_token or "",
            "token": tokens.access_token,
            "mfa_token": str(refused.value.extra["mfa_token"]),
            "login_hint": fake.user.username,
            "response_type": "code",
            "scope": "openid",
        }

    @staticmethod
    def _tokens(case: Any, fake: FakeOkta) -> Tokens:
        where = _server_of(case)
        code = fake.authorize(REDIRECT_URI, client_id=CLIENT_ID, auth_server_id=where)
        with fake.client(client_id=CLIENT_ID, auth_server_id=where) as okta:
            return okta.token_for_code(code, REDIRECT_URI)


def _server_of(case: Any) -> Any:
    return "default" if "{authorizationServerId}" in case.operation.path else ORG


TURNS = _Turns()


@pytest.fixture(autouse=True)
def _begin() -> None:  # pyright: ignore[reportUnusedFunction]
    TURNS.begin()


def _agree(case: Any, fake: FakeOkta) -> None:
    added = TURNS.take(case, fake)
    headers: Any = case.headers or {}
    names = {*_form(case), *cast("Iterable[str]", headers)}
    excluded = [NEGATIVE_DATA_REJECTION] if names & OVERLOOKED else []
    # An access token of the caller's, or the client's credentials: never both.
    auth = None if added else (CLIENT_ID, CLIENT_SECRET)
    case.call_and_validate(base_url=fake.url, auth=auth, headers=added, excluded_checks=excluded)


test_fake_and_document_agree = SCHEMA.parametrize()(_agree)


@pytest.mark.parametrize(
    ("status", "body"), [(418, b""), (500, b"{}"), (400, b'{"eror": ""}')], ids=str
)
def test_disagreement_is_found(status: int, body: bytes) -> None:
    other = FakeOkta()
    json = [("Content-Type", "application/json")]
    other.faults.answer(status, headers=json, body=body)
    operation = SCHEMA["/oauth2/v1/revoke"]["POST"]
    case = operation.Case(body={"token": "t"}, media_type="application/x-www-form-urlencoded")
    with other.serve(), pytest.raises(FailureGroup):
        case.call_and_validate(base_url=other.url, auth=(other.client_id, other.client_secret))

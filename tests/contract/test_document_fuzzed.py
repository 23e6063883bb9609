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
from okta_oidc import ORG
from okta_oidc.testing import FakeOkta
from schemathesis.core.failures import FailureGroup

from ._judge import DOCUMENT

# Those of the document's examples, so that its examples work.
CLIENT_ID = "0oaexampleclientid00"
CLIENT_SECRET = "example-client-secret"
REDIRECT_URI = "https://app.example.com/callback"
CREDENTIALS = {"client_id", "client_secret", "client_assertion", "client_assertion_type"}

# A server may pass over what it does not understand, and FakeOkta does: an unknown hint (RFC 7009
# section 2.1, RFC 7662 section 2.1), resource indicators, of which a form cannot tell one from a
# list of one, and proofs of possession, which mean nothing to an application without DPoP.
OVERLOOKED = {"token_type_hint", "resource", "dpop"}

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
    with fake.serve():
        yield fake
        statuses = Counter((request.endpoint, request.status) for request in fake.requests)
    # Requests that all fail at the door would show nothing.
    for endpoint in {endpoint for endpoint, _ in statuses} - {None}:
        assert statuses[endpoint, 200] >= 5


def _form(case: Any) -> dict[str, Any]:
    body: object = case.body
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


class _Turns:
    """Makes every other request one that authenticates soundly, and some speak of live tokens."""

    def __init__(self) -> None:
        self._authenticate = cycle([True, False])
        self._enliven = cycle([True, False, False])

    def take(self, case: Any, fake: FakeOkta) -> None:
        form = _form(case)
        if not form or not next(self._authenticate):
            return
        for name in CREDENTIALS & form.keys():
            del form[name]
        if next(self._enliven):
            form |= {name: value for name, value in self._live(case, fake).items() if name in form}

    @staticmethod
    def _live(case: Any, fake: FakeOkta) -> dict[str, str]:
        where = "default" if "{authorizationServerId}" in case.operation.path else ORG
        code = fake.authorize(REDIRECT_URI, client_id=CLIENT_ID, auth_server_id=where)
        with fake.client(client_id=CLIENT_ID, auth_server_id=where) as okta:
            tokens = okta.token_for_code(code, REDIRECT_URI)
        fresh = fake.authorize(REDIRECT_URI, client_id=CLIENT_ID, auth_server_id=where)
        return {
            "code": fresh,
            "redirect_uri": REDIRECT_URI,
            "refresh_token": tokens.refresh_token or "",
            "token": tokens.access_token,
        }


TURNS = _Turns()


def _agree(case: Any, fake: FakeOkta) -> None:
    TURNS.take(case, fake)
    headers: Any = case.headers or {}
    names = {*_form(case), *cast("Iterable[str]", headers)}
    excluded = [NEGATIVE_DATA_REJECTION] if names & OVERLOOKED else []
    case.call_and_validate(
        base_url=fake.url, auth=(CLIENT_ID, CLIENT_SECRET), excluded_checks=excluded
    )


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

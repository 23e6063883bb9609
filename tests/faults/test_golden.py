"""Every row of the golden table, through both faces, over real loopback HTTP."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import okta_oidc
import pytest
from okta_oidc import (
    APIError,
    ClientSecretBasic,
    ClientSecretPost,
    Introspection,
    MalformedResponseError,
    OktaError,
    RateLimitError,
    Tokens,
    TransportError,
)

from tests.support.faces import EVERY_KIND, Face, Kind
from tests.support.samples import CLIENT_ID, CLIENT_SECRET
from tests.support.servers import RawServer

from ._golden import Case, cases

# The table must not shrink unnoticed.
_AT_LEAST = 380


def test_the_table_covers_every_outcome() -> None:
    outcomes = {case.outcome for case in cases()}
    assert outcomes == {
        "APIError",
        "InvalidClientError",
        "InvalidGrantError",
        "Introspection",
        "MalformedResponseError",
        "None",
        "RateLimitError",
        "ServerError",
        "TokenResponse",
        "Tokens",
        "TransportError",
    }
    assert len(cases()) >= _AT_LEAST


# A result of ours takes numbers that the document gives no member; a generated model does not.
_NO_MEMBER = (
    "expires_in with a fraction",
    "times with fractions",
    "times beyond any float",
    "a time of 400 digits in a string",
)
# The document has token responses without an access token: those to a token exchange.
_IN_THE_DOCUMENT = (
    "no access token, code",
    "no access token, refresh",
    "access token null",
    "access token empty",
)
ROWS: list[tuple[Case, Kind]] = [
    (case, face)
    for case in cases()
    for face in EVERY_KIND
    if not (face.endswith("generated") and case.name in _IN_THE_DOCUMENT)
]


def _by(case: Case, face: Kind) -> Case:
    """What a generated function makes of it: its own model, or nothing, by its own status."""
    if not face.endswith("generated"):
        return case
    if case.name in _NO_MEMBER:
        return replace(case, outcome="MalformedResponseError", attributes={}, says=(), hides=())
    return replace(case, status=200) if case.outcome == "Tokens" else case


@pytest.mark.parametrize(("case", "face"), ROWS, ids=lambda value: getattr(value, "name", value))
def test_row(case: Case, face: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    case = _by(case, face)
    with RawServer(case.response) as server:
        with Face(face, server.url, auth=_auth(case, face), retry=None, timeout=10) as caller:
            began = time.time()
            outcome = _outcome(caller, case)
            ended = time.time()
        assert len(server.requests) == 1
    assert _class_name(outcome) == case.outcome, outcome
    if isinstance(outcome, OktaError):
        _check_error(outcome, case)
    elif case.outcome == "Tokens":
        _check_tokens(outcome, case, began, ended)
    elif case.outcome == "Introspection":
        _check_introspection(outcome, case)
    elif case.outcome == "TokenResponse":
        assert outcome.to_dict().items() >= case.attributes.items()
    for text in [*_texts(outcome), *_logged(caplog, "okta_oidc")]:
        assert "hush" not in text
        assert "soft" not in text
    for text in _logged(caplog, ""):
        assert "hush" not in text


def _auth(case: Case, face: Kind) -> ClientSecretBasic | ClientSecretPost:
    # Where a row does not say, each method gets its turn: neither may let a secret out.
    if case.auth is not None:
        return case.auth
    method = ClientSecretPost if face.startswith("asyncio") else ClientSecretBasic
    return method(CLIENT_ID, CLIENT_SECRET)


def _outcome(caller: Face, case: Case) -> Any:
    try:
        return caller.call(case.call, auth_server_id=case.auth_server_id)
    except OktaError as error:
        return error


def _class_name(outcome: Any) -> str:
    return type(outcome).__name__.removesuffix("Type")


def _check_error(error: OktaError, case: Case) -> None:
    assert isinstance(error, getattr(okta_oidc, case.outcome))
    assert error.retries == 0
    for name, expected in case.attributes.items():
        found: Any = getattr(error, name)
        if name == "extra":
            found = dict(found)
        assert found == (tuple(expected) if name == "causes" else expected), name
    message = str(error)
    assert message.isprintable()
    assert len(message) < 1200
    for text in case.says:
        assert text in message
    for text in case.hides:
        assert text not in message
    if isinstance(error, APIError | MalformedResponseError):
        _check_response(error, case)
        assert f"HTTP {case.status}" in message
        for name, value in case.headers:
            assert value.strip() in error.http.headers[name.swapcase()]
    if isinstance(error, TransportError):
        assert (error.http and error.http.status) == case.status
        assert error.body == case.kept
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert str(twin) == message
        for name in case.attributes:
            assert getattr(twin, name) == getattr(error, name), name


def _check_response(error: APIError | MalformedResponseError, case: Case) -> None:
    assert error.http.status == case.status
    assert error.body == case.kept


def _check_tokens(tokens: Tokens, case: Case, began: float, ended: float) -> None:
    for name, expected in case.attributes.items():
        found: Any = getattr(tokens, name)
        assert found == (tuple(expected) if name == "scopes" else expected), name
    if tokens.expires_in is None:
        assert tokens.expires_at is None
    else:
        assert tokens.expires_at is not None
        assert tokens.expires_at.utcoffset() == timedelta(0)
        earliest, latest = (_reached(at, tokens.expires_in) for at in (began, ended))
        assert earliest <= tokens.expires_at <= latest
    assert tokens.http.status == (case.status or 200)
    assert tokens.raw["access_token"] == tokens.access_token
    if tokens.raw.get("refresh_token"):
        assert tokens.refresh_token == tokens.raw["refresh_token"]


def _reached(began: float, seconds: int) -> datetime:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=began + seconds)
    except OverflowError:
        if seconds > 0:
            return datetime.max.replace(tzinfo=UTC)
        return datetime.min.replace(tzinfo=UTC)


def _check_introspection(info: Introspection, case: Case) -> None:
    for name, expected in case.attributes.items():
        found: Any = getattr(info, name)
        if isinstance(found, datetime):
            found = found.isoformat()
        assert found == (tuple(expected) if name in ("aud", "scopes") else expected), name
    assert bool(info) is info.active
    assert info.raw["active"] is info.active


def _texts(outcome: Any) -> list[str]:
    """All the text that a program may come to print of ``outcome``."""
    if not isinstance(outcome, OktaError):
        if outcome is None or _class_name(outcome) == "TokenResponse":
            # The generated model is the generator's; what it shows is known and documented.
            return []
        return [repr(outcome), str(outcome), f"{outcome}", repr(outcome.raw), repr(outcome.http)]
    parts = [repr(outcome), str(outcome), f"{outcome}"]
    parts += traceback.format_exception(outcome)
    if isinstance(outcome, APIError):
        parts.append(repr(outcome.extra))
    http = getattr(outcome, "http", None)
    if http is not None:
        parts += [repr(http), repr(http.headers)]
    if isinstance(outcome, RateLimitError):
        parts.append(json.dumps(outcome.retry_after))
    return parts


def _logged(caplog: pytest.LogCaptureFixture, logger: str) -> list[str]:
    formatter = logging.Formatter()
    return [formatter.format(record) for record in caplog.records if record.name.startswith(logger)]

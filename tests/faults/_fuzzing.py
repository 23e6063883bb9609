"""Inputs that no server should send, and what must hold of each all the same."""

from __future__ import annotations

import json
import pickle
import random
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import strategies as st
from okta_oidc import (
    APIError,
    ClientSecretBasic,
    ClientSecretPost,
    Introspection,
    InvalidClientError,
    InvalidGrantError,
    MalformedResponseError,
    OktaError,
    RateLimitError,
    ServerError,
    Tokens,
    TransportError,
)
from okta_oidc._http import Reply
from okta_oidc._operations import Operation
from okta_oidc._ratelimit import RateLimits

from tests.support.faces import CallName
from tests.support.flows import HandDrivenFlow
from tests.support.samples import (
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    PASSWORD,
    REFRESH_TOKEN,
    TOKEN,
    VERIFIER,
)

from ._golden import cases

SECRETS = (CLIENT_SECRET, CODE, VERIFIER, REFRESH_TOKEN, TOKEN, PASSWORD)
# What the request held, and no message may quote: of all else the package knows nothing.
_SENT: dict[CallName, tuple[str, ...]] = {
    "code": (CLIENT_SECRET, CODE, VERIFIER),
    "refresh": (CLIENT_SECRET, REFRESH_TOKEN),
    "token": (CLIENT_SECRET, PASSWORD),
    "introspect": (CLIENT_SECRET, TOKEN),
    "revoke": (CLIENT_SECRET, TOKEN),
}

FLOWS = tuple(
    HandDrivenFlow("https://fuzz.example", method(CLIENT_ID, CLIENT_SECRET))
    for method in (ClientSecretBasic, ClientSecretPost)
)


def _calls(flow: HandDrivenFlow) -> dict[CallName, Callable[[], Operation[Any]]]:
    grant = {
        "grant_type": "password",
        "username": "ada",
        "password": PASSWORD,
        "scope": "openid",
    }
    return {
        "code": lambda: flow.code(CODE, CALLBACK, VERIFIER),
        "refresh": lambda: flow.refresh(REFRESH_TOKEN),
        "token": lambda: flow.token(grant),
        "introspect": lambda: flow.introspect(TOKEN),
        "revoke": lambda: flow.revoke(TOKEN),
    }


CALLS = tuple(_calls(flow) for flow in FLOWS)

# What to try

_NAMES = [
    "error",
    "error_description",
    "errorCode",
    "errorSummary",
    "errorLink",
    "errorId",
    "errorCauses",
    "access_token",
    "token_type",
    "expires_in",
    "scope",
    "refresh_token",
    "id_token",
    "device_secret",
    "issued_token_type",
    "active",
    "aud",
    "sub",
    "username",
    "client_id",
    "uid",
    "iss",
    "jti",
    "exp",
    "iat",
    "nbf",
    "vaulted_secret",
    "service_account",
    "mfa_token",
    "interaction_uri",
    "status",
    "http",
    "body",
    "code",
    "args",
    "cnf",
    "act",
]

_texts = st.sampled_from(
    [
        "",
        " ",
        "Bearer",
        "N_A",
        "invalid_grant",
        "invalid_client",
        "invalid_request",
        "access_denied",
        "temporarily_unavailable",
        "E0000007",
        "E0000015",
        "authorization server",
        "3600",
        "-1",
        "1e999",
        "\ud800",
        "\0\r\n\x1b[31m",
        "<html>",
        "é" * 200,
        "x" * 297,
        *SECRETS,
        *(f"{'x' * 290} {secret}" for secret in SECRETS),
        *(quote(f"token={secret}&", safe="") for secret in SECRETS),
    ]
) | st.text(max_size=20)

_numbers = st.sampled_from(
    [0, 1, -1, 3600, 10**30, -(10**30), 1e308, -0.0, 0.5, 2**63, 253402300800, -62135596801]
) | st.integers(-(2**70), 2**70)

_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3)
    ),
    max_leaves=6,
)

_objects = st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=5), _values, max_size=8)


@st.composite
def _near_misses(draw: st.DrawFn) -> bytes:
    """What a server does send, with a piece cut out, doubled, or replaced."""
    body = draw(st.sampled_from(_GENUINE))
    start = draw(st.integers(0, len(body)))
    end = draw(st.integers(start, min(len(body), start + 40)))
    return body[:start] + draw(_PIECES) * draw(st.integers(0, 2)) + body[end:]


_WIRES = tuple(sorted({case.response.wire for case in cases() if len(case.response.wire) < 3000}))
_GENUINE = tuple(sorted({case.kept for case in cases() if 0 < len(case.kept) < 2000}))
_PIECES = st.sampled_from(
    [b"", b'"', b"{", b"}", b"[", b",", b"\\", b"\\ud800", b"\0", b"\xff", b"\xef\xbb\xbf", b"1e9"]
) | st.binary(max_size=6)

bodies: st.SearchStrategy[bytes] = st.one_of(
    _objects.map(lambda members: json.dumps(members).encode()),
    _objects.map(lambda members: json.dumps({"active": True, **members}).encode()),
    _objects.map(
        lambda members: json.dumps({"access_token": "t", "token_type": "x", **members}).encode()
    ),
    _values.map(lambda value: json.dumps(value).encode()),
    _near_misses(),
    st.binary(max_size=60),
)

statuses = st.sampled_from(
    [200, 201, 204, 299, 302, 307, 400, 401, 403, 404, 429, 429, 500, 502, 503, 504, 520]
) | st.integers(200, 999)

_header_names = st.sampled_from(
    [
        "content-type",
        "Date",
        "x-okta-request-id",
        "X-Rate-Limit-Limit",
        "x-rate-limit-remaining",
        "x-rate-limit-reset",
        "www-authenticate",
        "location",
        "set-cookie",
        "content-encoding",
        "retry-after",
    ]
)
_header_values = st.one_of(
    st.sampled_from(
        [
            "",
            "application/json",
            "application/json; charset=utf-8",
            "text/html",
            "text/plain",
            "Mon, 23 Nov 2026 12:00:00 GMT",
            "Mon, 23 Nov 2026 12:00:00 -0000",
            "Mon, 23 Nov 9999999 12:00:00 GMT",
            "0",
            "-1",
            "1795435230",
            "1795435230, 1795435260",
            "99999999999999999999",
            "gzip",
            *SECRETS[:2],
        ]
    ),
    st.text(
        st.characters(min_codepoint=32, max_codepoint=255, blacklist_characters="\x7f"), max_size=30
    ),
)
headers = st.lists(st.tuples(_header_names, _header_values), max_size=6)


# The same from a seed, for the long run: twenty times as fast, and not to be shrunk.

_JSON_TEXTS = [
    "",
    " ",
    "Bearer",
    "invalid_grant",
    "invalid_client",
    "invalid_request",
    "access_denied",
    "temporarily_unavailable",
    "E0000007",
    "E0000015",
    "E0000047",
    "3600",
    "\ud800",
    "\0\r\n\x1b[31m",
    "é" * 200,
    *SECRETS,
    *(f"{'x' * 290} {secret}" for secret in SECRETS),
]
_JSON_ATOMS = [None, True, False, 0, -1, 3600, 10**30, 1e308, float("inf"), 0.5, *_JSON_TEXTS]
_HEADERS = {
    "content-type": ["application/json", "text/html", "text/plain", "", "a/b+json; c=d", "%%"],
    "date": ["Mon, 23 Nov 2026 12:00:00 GMT", "now", "", "Mon, 23 Nov 99999 12:00:00 GMT"],
    "x-okta-request-id": ["abc", "\xff\xfe", "x" * 2000, *SECRETS[:2]],
    "x-rate-limit-limit": ["0", "100", "", "-1", "1,2"],
    "x-rate-limit-remaining": ["0", "7", "NaN"],
    "x-rate-limit-reset": ["1795435230", "0", "-5", "1e9", "9" * 30, "1795435230, 1795435260"],
    "location": ["https://example.com/", "http://[", ""],
    "www-authenticate": ['Basic realm="x"', "Bearer", ""],
}
_STATUSES = [200, 200, 200, 201, 204, 302, 400, 400, 401, 403, 404, 429, 429, 500, 502, 503, 520]


def random_reply(rng: random.Random) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body."""
    pairs = [
        (name, rng.choice(_HEADERS[name]))
        for name in rng.choices(list(_HEADERS), k=rng.randrange(7))
    ]
    status = rng.choice(_STATUSES) if rng.random() < 0.9 else rng.randrange(200, 1000)
    return status, pairs, _random_body(rng)


def _random_body(rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.1:
        return rng.randbytes(rng.randrange(60))
    if kind < 0.5:
        return _mutated(rng, rng.choice(_GENUINE), 40)
    members = {rng.choice(_NAMES): _random_value(rng, 3) for _ in range(rng.randrange(8))}
    members |= rng.choice(_FRAMES)
    body = json.dumps(members).encode()
    return body if kind < 0.95 else _mutated(rng, body, 10)


_FRAMES: list[dict[str, Any]] = [{}, {"active": True}, {"access_token": "t", "token_type": "x"}]


def _random_value(rng: random.Random, depth: int) -> Any:
    kind = rng.random()
    if kind < 0.15 and depth:
        return [_random_value(rng, depth - 1) for _ in range(rng.randrange(3))]
    if kind < 0.3 and depth:
        return {rng.choice(_NAMES): _random_value(rng, depth - 1) for _ in range(rng.randrange(3))}
    if kind < 0.4:
        return rng.randrange(-(2**70), 2**70)
    return rng.choice(_JSON_ATOMS)


def _mutated(rng: random.Random, data: bytes, longest: int) -> bytes:
    for _ in range(rng.randrange(1, 4)):
        start = rng.randrange(len(data) + 1)
        end = min(len(data), start + rng.randrange(longest))
        data = data[:start] + rng.choice(_SPLINTERS) * rng.randrange(3) + data[end:]
    return data


_SPLINTERS = [
    b"", b'"', b"{", b"}", b"[", b",", b":", b"\\", b"\0", b"\xff", b"\r\n", b"0", b"1e9", b"null",
    b"\xef\xbb\xbf", b"\\ud800", b"chunked",
]  # fmt: skip


def random_wire(rng: random.Random) -> bytes:
    """An answer to the byte."""
    kind = rng.random()
    if kind < 0.1:
        return rng.randbytes(rng.randrange(200))
    if kind < 0.6:
        return _mutated(rng, rng.choice(_WIRES), 20)
    status, pairs, body = random_reply(rng)
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in pairs]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


# What must hold


def check_reply(
    index: int, name: CallName, status: int, pairs: list[tuple[str, str]], body: bytes
) -> None:
    """One reply through the pure half of the package."""
    flow, call = FLOWS[index], CALLS[index][name]()
    # A limit that one reply tells of would hold back the next.
    flow.runtime.limits = RateLimits()
    steps = flow.steps(call)
    next(steps)
    raw = [(key.encode(), value.encode("latin-1")) for key, value in pairs]
    reply = Reply(status, httpx.Headers(raw), body, arrived_at=1795435200.0)
    try:
        steps.send(reply)
    except StopIteration as done:
        check_result(name, status, done.value)
    except (APIError, MalformedResponseError) as error:
        check_error(name, error, status, body)
    else:
        raise AssertionError("a single attempt was not the end")


def check_result(name: CallName, status: int, result: Any) -> None:
    """A result is there for a success only, of its own type and silent."""
    assert 200 <= status <= 299
    if name in ("code", "refresh"):
        assert isinstance(result, Tokens)
        assert result.access_token
        assert result.token_type
        assert (result.expires_in is None) is (result.expires_at is None)
        assert result.access_token not in repr(result) or len(result.access_token) < 12
    elif name == "introspect":
        assert isinstance(result, Introspection)
        assert isinstance(result.active, bool)
        assert repr(result)
    elif name == "revoke":
        assert result is None


def check_error(
    name: CallName,
    error: APIError | MalformedResponseError,
    status: int,
    body: bytes | None = None,
) -> None:
    """An error is of the class that the status asks for, holds the answer and says no secret."""
    if 200 <= status <= 299:
        assert type(error) is MalformedResponseError
    else:
        assert isinstance(error, APIError)
        assert error.status == status
        if status == 429:
            assert type(error) is RateLimitError
            assert error.retry_after is None or error.retry_after >= 0
        elif 500 <= status <= 599:
            assert type(error) is ServerError
        elif error.code == "invalid_grant":
            assert type(error) is InvalidGrantError
        elif error.code == "invalid_client":
            assert type(error) is InvalidClientError
        assert error.code != ""
        assert error.description != ""
        assert repr(error.extra)
    assert body is None or error.body == body
    assert str(status) in str(error)
    check_silence(name, error)


def check_silence(
    name: CallName, error: APIError | MalformedResponseError | TransportError
) -> None:
    """Neither the text of the error nor its traceback says what was sent."""
    text = f"{error}{error!r}"
    assert str(error).isprintable()
    assert len(str(error)) < 1500
    for secret in _SENT[name]:
        assert secret not in text
        # Nor its beginning, where a long text is cut short; unless the server did that itself.
        if all(secret in said for said in _said(error) if secret[:8] in said):
            assert f"x {secret[:8]}" not in text
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert str(twin) == str(error)


def _said(error: OktaError) -> list[str]:
    values = (getattr(error, name, None) for name in ("code", "description"))
    return [value for value in values if value]


# Bytes at the socket


@st.composite
def wires(draw: st.DrawFn) -> bytes:
    """An answer, to the byte: near misses of genuine ones, put together ones, and noise."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.binary(max_size=200))
    if kind == 1:
        body = draw(bodies)
        lines = [f"HTTP/1.1 {draw(statuses)} x", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in draw(headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
    wire = draw(st.sampled_from(_WIRES))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(wire)))
        end = draw(st.integers(start, min(len(wire), start + 20)))
        wire = wire[:start] + draw(_PIECES | st.just(b"\r\n")) + wire[end:]
    return wire


def check_call(call: Callable[[], Any], name: CallName) -> None:
    """One call over a socket: a result, or an error of this package."""
    try:
        result = call()
    except (APIError, MalformedResponseError) as error:
        check_error(name, error, error.http.status)
    except TransportError as error:
        _check_broken(name, error)
    else:
        check_result(name, 200, result)


def _check_broken(name: CallName, error: TransportError) -> None:
    assert error.request_sent is None
    check_silence(name, error)
    text = "".join(traceback.format_exception(error))
    assert not any(secret in text for secret in _SENT[name])

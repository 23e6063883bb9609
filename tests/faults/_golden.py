"""The golden table, ``tests/golden/responses.yaml``: from rows to bytes and to expectations."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from okta_oidc import ORG, ClientSecretBasic, ClientSecretPost

from tests.support.faces import CallName
from tests.support.samples import CLIENT_ID, CLIENT_SECRET
from tests.support.servers import Answer

_TABLE = Path(__file__).parents[1] / "golden" / "responses.yaml"
_LARGEST_KEPT = 1024 * 1024
_ANCESTORS = {
    "InvalidClientError": "APIError",
    "InvalidGrantError": "APIError",
    "RateLimitError": "APIError",
    "ServerError": "APIError",
    "TransportTimeoutError": "TransportError",
}


@dataclass(frozen=True)
class Case:
    """One call and one answer, and what is to come of it."""

    name: str
    call: CallName
    auth: ClientSecretBasic | ClientSecretPost | None
    auth_server_id: Any
    response: Answer
    status: int | None
    headers: tuple[tuple[str, str], ...]
    kept: bytes
    outcome: str
    attributes: dict[str, Any]
    says: tuple[str, ...]
    hides: tuple[str, ...]


@cache
def cases() -> tuple[Case, ...]:
    """Every row, once for each of its calls and statuses."""
    table = yaml.safe_load(_TABLE.read_text("utf-8"))
    known = {
        "name", "call", "auth", "server", "status", "headers", "bare", "body", "framing", "wire",
        "closes", "kept", "gives",
    }  # fmt: skip
    found: list[Case] = []
    for row in table["rows"]:
        if unknown := row.keys() - known:
            raise ValueError(f"row {row['name']!r} has unknown keys: {unknown}")
        for call in _listed(row.get("call", "code")):
            found.extend(_case(table, row, call, status) for status in _statuses(row))
    names = [case.name for case in found]
    if len(names) != len(set(names)):
        raise ValueError(f"not unique: {sorted({n for n in names if names.count(n) > 1})}")
    return tuple(found)


def _statuses(row: dict[str, Any]) -> Sequence[Any]:
    return [None] if "wire" in row else _listed(row.get("status", 200))


def _case(table: dict[str, Any], row: dict[str, Any], call: CallName, status: Any) -> Case:
    name = f"{row['name']}, {call}" if isinstance(row.get("call"), list) else row["name"]
    if isinstance(row.get("status"), list):
        name = f"{name}, {status}"
    ((outcome, listed),) = row["gives"].items()
    absent = table["absent"][_ANCESTORS.get(outcome, outcome)]
    attributes = {**absent, **{key: _value(value) for key, value in listed.items()}}
    if status is None:
        response = Answer(_body(_lines(row["wire"])))
        headers: tuple[tuple[str, str], ...] = ()
        kept = b""
        status = attributes.pop("status", None)
    else:
        headers = _headers(table, row)
        kept = _body(row.get("body", ""))
        response = Answer(_framed(status, headers, kept, row.get("framing", "length")))
        response.close = row.get("framing") == "close"
    if "kept" in row:
        kept = _body(row["kept"])
    response.close = response.close or row.get("closes", False)
    return Case(
        name=name,
        call=call,
        auth=_auth(row.get("auth")),
        auth_server_id=ORG if row.get("server") == "org" else None,
        response=response,
        status=status,
        headers=headers,
        kept=kept[:_LARGEST_KEPT],
        outcome=outcome,
        says=tuple(attributes.pop("says", ())),
        hides=tuple(attributes.pop("hides", ())),
        attributes=attributes,
    )


def _auth(method: str | None) -> ClientSecretBasic | ClientSecretPost | None:
    match method:
        case None:
            return None
        case "post":
            return ClientSecretPost(CLIENT_ID, CLIENT_SECRET)
        case "basic":
            return ClientSecretBasic(CLIENT_ID, CLIENT_SECRET)
        case "odd":
            return ClientSecretBasic(CLIENT_ID, CLIENT_SECRET + " +/é")
        case _:
            raise ValueError(f"no such method: {method!r}")


def _headers(table: dict[str, Any], row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    chosen: dict[str, tuple[str, Any]] = {}
    if not row.get("bare"):
        chosen = {name.lower(): (name, value) for name, value in table["okta"].items()}
    for name, value in row.get("headers", {}).items():
        chosen[name.lower()] = (name, value)
    return tuple(
        (name, _value(single))
        for name, value in chosen.values()
        if value is not None
        for single in _listed(value)
    )


def _framed(status: int, headers: tuple[tuple[str, str], ...], body: bytes, framing: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Golden", *(f"{name}: {value}" for name, value in headers)]
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    elif framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        pieces = [body[start : start + 65536] for start in range(0, len(body), 65536)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _body(spec: Any) -> bytes:
    match spec:
        case str():
            return spec.encode()
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case {"gzip": inner}:
            return gzip.compress(_body(inner), mtime=0)
        case {"deflate": inner}:
            return zlib.compress(_body(inner))
        case {"join": parts}:
            return b"".join(map(_body, _listed(parts)))
        case {"repeat": str(text), "times": int(times)}:
            return text.encode() * times
        case _:
            raise ValueError(f"no such body: {spec!r}")


def _lines(lines: list[Any]) -> dict[str, list[Any]]:
    parts = [part for line in lines for part in (line, "\r\n")]
    return {"join": parts[:-1]}


def _value(spec: Any) -> Any:
    match spec:
        case {"number": inner}:
            return int(_body(inner))
        case {"repeat": _}:
            return _body(spec).decode()
        case _:
            return spec


def _listed(value: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list) else [value]

"""What goes back over the wire, and Okta's two shapes of refusal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from secrets import token_hex
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._limits import Allowance

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, header pairs in wire order, and body bytes."""

    status: int
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


class RefusalError(Exception):
    """A request the server turns down.

    ``shape`` is ``"oauth"`` (``error``, ``error_description``) or ``"okta"`` (``errorCode``,
    ``errorSummary``, ``errorLink``, ``errorId``, ``errorCauses``); ``code`` may be an OAuth word in
    either, as it is at Okta.
    """

    def __init__(
        self,
        status: int,
        code: str,
        description: str,
        *,
        shape: Literal["oauth", "okta"] = "oauth",
        extra: Mapping[str, object] | None = None,
        headers: Headers = (),
    ) -> None:
        super().__init__(f"{status} {code}: {description}")
        self.status = status
        self.code = code
        self.description = description
        self.shape = shape
        self.extra = dict(extra or {})
        self.headers = headers

    def answer(self) -> Answer:
        """The refusal as JSON."""
        members: dict[str, object]
        if self.shape == "oauth":
            members = {"error": self.code, "error_description": self.description}
        else:
            members = {
                "errorCode": self.code,
                "errorSummary": self.description,
                "errorLink": self.code,
                "errorId": "oae" + token_hex(12),
                "errorCauses": [],
            }
        return json_answer(self.status, {**members, **self.extra}, headers=self.headers)


def invalid_client(description: str, *, shape_is_okta: bool = False) -> RefusalError:
    """401 ``invalid_client`` with its challenge, in either shape."""
    return RefusalError(
        401,
        "invalid_client",
        description,
        shape="okta" if shape_is_okta else "oauth",
        headers=(("WWW-Authenticate", 'Basic realm="okta"'),),
    )


def refused(answer: Answer) -> tuple[str, str]:
    """Code and description of a refusal in either shape; a status where it has none."""
    try:
        members: object = json.loads(answer.body)
    except ValueError:
        members = None
    found = cast("dict[str, object]", members) if isinstance(members, dict) else {}
    code = found.get("error") or found.get("errorCode") or answer.status
    return str(code), str(found.get("error_description") or found.get("errorSummary") or "")


def json_answer(status: int, members: Mapping[str, object], *, headers: Headers = ()) -> Answer:
    """``members`` as a JSON object."""
    body = json.dumps(members, separators=(",", ":")).encode()
    return Answer(status, (("Content-Type", "application/json"), *headers), body)


def with_okta_headers(
    answer: Answer,
    *,
    now: float,
    request_id: str,
    allowance: Allowance | None,
    secure: bool,
) -> Answer:
    """``answer`` dressed as Okta dresses every response, 429 and 404 included.

    The cookies are there to be refused: Okta's calls misbehave when its session cookie returns.
    ``secure`` must be false on plain HTTP, or no cookie jar would ever send them back and a client
    that keeps one would go unnoticed.
    """
    cookie_flags = "; Path=/; Secure; HttpOnly" if secure else "; Path=/; HttpOnly"
    expired = "; Expires=Thu, 01 Jan 1970 00:00:10 GMT"
    headers: list[tuple[str, str]] = [
        ("Date", formatdate(int(now), usegmt=True)),
        *answer.headers,
        ("Content-Length", str(len(answer.body))),
        ("X-Okta-Request-Id", request_id),
    ]
    if allowance is not None:
        headers += [
            ("X-Rate-Limit-Limit", str(allowance.limit)),
            ("X-Rate-Limit-Remaining", str(allowance.remaining)),
            ("X-Rate-Limit-Reset", str(allowance.reset)),
        ]
    if not any(name == "Cache-Control" for name, _ in answer.headers):
        headers += [
            ("Cache-Control", "no-cache, no-store"),
            ("Pragma", "no-cache"),
            ("Expires", "0"),
        ]
    headers += [
        ("Set-Cookie", f'sid=""{expired}; Path=/'),
        ("Set-Cookie", f'autolaunch_triggered=""{expired}; Path=/'),
        ("Set-Cookie", f"JSESSIONID={token_hex(16).upper()}{cookie_flags}"),
    ]
    return replace(answer, headers=tuple(headers))

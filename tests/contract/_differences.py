"""Where servers rightly differ: the one table, which docs/servers.md shows.

``python -m tests.contract._differences`` brings the page up to date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "servers.md"
BEGIN = "<!-- table: begin -->\n"
END = "<!-- table: end -->\n"


class Server(Enum):
    """What the suite runs against, in the words of the page."""

    FAKE_IN_MEMORY = "FakeOkta, in memory"
    FAKE_ON_PORT = "FakeOkta, on a port"
    OIDC_PROVIDER = "oidc-provider, http"
    OIDC_PROVIDER_TLS = "oidc-provider, TLS"
    OKTA_ORG = "an Okta org"

    @property
    def id(self) -> str:
        """The name in test ids."""
        return self.name.lower().replace("_", "-")


FAKES = (Server.FAKE_IN_MEMORY, Server.FAKE_ON_PORT)
OIDC_PROVIDERS = (Server.OIDC_PROVIDER, Server.OIDC_PROVIDER_TLS)


@dataclass(frozen=True)
class Point:
    """A question that servers answer differently, and what Okta and FakeOkta answer."""

    question: str
    okta: str


@dataclass(frozen=True)
class Difference:
    """Another answer, and why it is right for that server to give it."""

    point: Point
    answer: str
    cause: str


CODE_ELSEWHERE = Point(
    "A code or refresh token at another authorization server than its own",
    "APIError 400 invalid_request",
)
VERIFIER_MISSING = Point(
    "A challenged code without its `code_verifier`", "APIError 400 invalid_request"
)
VERIFIER_NEEDLESS = Point(
    "A `code_verifier` for a code that was never challenged", "APIError 400 invalid_request"
)
SCOPE_WIDENED = Point(
    "A refresh that asks for a scope beyond the grant", "APIError 400 access_denied"
)
SCOPE_UNKNOWN = Point(
    "`client_credentials` for a scope that does not exist", "APIError 400 invalid_scope"
)
SERVICE_AT_ORG = Point(
    "`client_credentials` with a secret at the org server", "InvalidClientError 401 invalid_client"
)
SUPERSEDED = Point("A rotated refresh token, used once more at once", "tokens")
SUPERSEDED_FAMILY = Point("The refresh token that replaced it, after that", "active")
OTHER_METHOD = Point(
    "Right credentials by the method the client is not registered for",
    "InvalidClientError 401 invalid_client",
)
CLIENT_UNKNOWN_SHAPE = Point("An unknown client: an `errorId` beside the code", "yes")
SERVER_UNKNOWN = Point("A server id that does not exist", "APIError 404 E0000007")
ID_TOKEN = Point("Introspection of an ID token", "active")
REFRESH_TOKEN_TYPE = Point("Introspection of a refresh token: its `token_type`", "Bearer")
FOREIGN_REFRESH_TOKEN = Point("Introspection of another client's refresh token", "inactive")
ACCESS_TOKEN_REVOKED = Point(
    "Revocation of an access token: its refresh token afterwards", "active"
)
USER_MEMBERS = Point("Introspection: `username`, `uid`, `aud` and `jti`", "username uid aud jti")
REQUEST_ID = Point("`X-Okta-Request-Id` and `X-Rate-Limit-…` on answers", "yes")

_AT_OIDC_PROVIDER = (
    Difference(
        CODE_ELSEWHERE,
        "InvalidGrantError 400 invalid_grant",
        "Each server has a store of its own, in which the grant is simply unknown.",
    ),
    Difference(
        VERIFIER_MISSING,
        "InvalidGrantError 400 invalid_grant",
        "RFC 7636 §4.6 names `invalid_grant`; Okta reports a missing parameter.",
    ),
    Difference(
        VERIFIER_NEEDLESS,
        "InvalidGrantError 400 invalid_grant",
        "It treats the pair of challenge and verifier as one check, with one error.",
    ),
    Difference(
        SCOPE_WIDENED,
        "APIError 400 invalid_scope",
        "RFC 6749 §5.2 has `invalid_scope` for this; `access_denied` is Okta's policy engine.",
    ),
    Difference(
        SCOPE_UNKNOWN,
        "tokens",
        "RFC 6749 §3.3 lets a server ignore scopes, and it drops those it does not know.",
    ),
    Difference(
        SERVICE_AT_ORG,
        "tokens",
        "Okta keeps its org server for its own APIs; here it is a server like the others.",
    ),
    Difference(
        SUPERSEDED,
        "InvalidGrantError 400 invalid_grant",
        "Okta lets a rotated token work for a leeway of 30 seconds; here there is none.",
    ),
    Difference(
        SUPERSEDED_FAMILY,
        "inactive",
        "Without leeway the second use is already the reuse that ends the family.",
    ),
    Difference(
        OTHER_METHOD,
        "inactive",
        "Either way of sending a secret is accepted from a client that has one.",
    ),
    Difference(
        CLIENT_UNKNOWN_SHAPE,
        "no",
        "The second error shape is Okta's own.",
    ),
    Difference(
        SERVER_UNKNOWN,
        "APIError 404 None",
        "No authorization server is there to answer: the HTTP server says Not Found, as text.",
    ),
    Difference(
        ID_TOKEN,
        "APIError 400 unsupported_token_type",
        "It introspects tokens that it keeps; an ID token is verified by its signature.",
    ),
    Difference(
        REFRESH_TOKEN_TYPE,
        "None",
        "RFC 7662 §2.2 makes the member optional.",
    ),
    Difference(
        FOREIGN_REFRESH_TOKEN,
        "active",
        "RFC 7662 §4 leaves it to policy, and ours lets any client with a secret ask.",
    ),
    Difference(
        ACCESS_TOKEN_REVOKED,
        "inactive",
        "RFC 7009 §2.1 leaves it to the server; this one ends the whole grant.",
    ),
    Difference(
        USER_MEMBERS,
        "",
        "All optional in RFC 7662 §2.2; its opaque tokens have no audience and no id.",
    ),
    Difference(
        REQUEST_ID,
        "no",
        "Okta's own headers.",
    ),
)

#: Everything that is not here is the same everywhere.
DIFFERENCES: Mapping[Server, tuple[Difference, ...]] = {
    Server.FAKE_IN_MEMORY: (),
    Server.FAKE_ON_PORT: (),
    Server.OIDC_PROVIDER: _AT_OIDC_PROVIDER,
    Server.OIDC_PROVIDER_TLS: _AT_OIDC_PROVIDER,
    Server.OKTA_ORG: (),
}


def points() -> tuple[Point, ...]:
    """Every point of this module, in its order."""
    return tuple(value for value in globals().values() if isinstance(value, Point))


def expected(server: Server, point: Point) -> str:
    """What ``server`` answers at ``point``."""
    for difference in DIFFERENCES[server]:
        if difference.point is point:
            return difference.answer
    return point.okta


@dataclass(frozen=True)
class Undescribed:
    """An answer that the document does not describe, as Okta does not give it."""

    status: int
    media_type: str
    cause: str


_PLAIN_404 = Undescribed(404, "text/plain", "The HTTP server's own Not Found, for an unknown id.")

UNDESCRIBED: Mapping[Server, tuple[Undescribed, ...]] = {
    Server.FAKE_IN_MEMORY: (),
    Server.FAKE_ON_PORT: (),
    Server.OIDC_PROVIDER: (_PLAIN_404,),
    Server.OIDC_PROVIDER_TLS: (_PLAIN_404,),
    Server.OKTA_ORG: (),
}


class Feature(Enum):
    """What a test may need beyond one client with a secret."""

    CLOCK = "moving the server's clock"
    SIGN_IN = "signing a user in"
    BASIC = "a client registered for `client_secret_basic`"
    POST = "a client registered for `client_secret_post`"
    ODD = "a client whose credentials hold every odd character"
    SECOND_SERVER = "a second custom authorization server"
    ORG_SIGN_IN = "signing a user in at the org server"
    SERVICE = "`client_credentials` for a scope of the custom server"


#: What the suite can do without anywhere but at an org, and how an org's owner supplies it:
#: the environment variables, or none where it cannot be had.
NEEDED_OF_ORG: Mapping[Feature, tuple[str, ...]] = {
    Feature.CLOCK: (),
    Feature.SIGN_IN: ("OKTA_USERNAME", "OKTA_PASSWORD", "OKTA_REDIRECT_URI"),
    Feature.BASIC: ("OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"),
    Feature.POST: ("OKTA_POST_CLIENT_ID", "OKTA_POST_CLIENT_SECRET"),
    Feature.ODD: (),
    Feature.SECOND_SERVER: ("OKTA_SECOND_AUTH_SERVER_ID",),
    Feature.ORG_SIGN_IN: ("OKTA_USERNAME", "OKTA_PASSWORD", "OKTA_REDIRECT_URI"),
    Feature.SERVICE: ("OKTA_SERVICE_SCOPE",),
}


def _rows() -> Iterator[tuple[str, ...]]:
    for point in points():
        for difference in DIFFERENCES[Server.OIDC_PROVIDER]:
            if difference.point is point:
                yield point.question, point.okta, difference.answer, difference.cause


def _table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"| {' | '.join('---' for _ in header)} |"
    for row in rows:
        yield f"| {' | '.join(cell or '(none)' for cell in row)} |"


def rendered() -> str:
    """The tables as Markdown."""
    lines = [
        "### Answers",
        "",
        *_table(("", "Okta, FakeOkta", "oidc-provider", "why oidc-provider differs"), _rows()),
        "",
        "### Answers outside the document",
        "",
        *_table(
            ("server", "status", "media type", "cause"),
            (
                (server.value, str(answer.status), answer.media_type, answer.cause)
                for server, answers in UNDESCRIBED.items()
                for answer in answers
            ),
        ),
        "",
        "### What an org has to be given",
        "",
        *_table(
            ("for tests that need", "environment"),
            (
                (feature.value, " ".join(f"`{name}`" for name in names) or "not possible")
                for feature, names in NEEDED_OF_ORG.items()
            ),
        ),
    ]
    return "\n".join(lines) + "\n"


def updated(page: str) -> str:
    """``page`` with its tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{rendered()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")

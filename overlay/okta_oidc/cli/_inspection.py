"""``introspect`` and ``revoke``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

import click

from ._connections import Connection, connected
from ._exits import Exit
from ._http_rows import http_document, http_rows
from ._screens import Answer, Row, Tone
from ._secrets import TOKEN
from ._sessions import Session
from ._words import epoch_text, value_text

if TYPE_CHECKING:
    from okta_oidc import Introspection, OktaOIDC

IntrospectHint = Literal["access_token", "device_secret", "id_token", "refresh_token"]
RevokeHint = Literal["access_token", "device_secret", "oauth_sts", "refresh_token"]

EPOCHS: Final = frozenset({"exp", "iat", "nbf", "auth_time", "updated_at"})

_token_file = click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="A file that holds the token, '-' for standard input. "
    "Left out: OKTA_OIDC_TOKEN, else standard input, else a prompt.",
)


@click.command()
@_token_file
@click.option(
    "--hint",
    type=click.Choice(get_args(IntrospectHint)),
    help="What kind of token it is, which spares the server a search.",
)
@connected
def introspect(
    session: Session, connection: Connection, token_file: str | None, hint: IntrospectHint | None
) -> int:
    """Ask Okta whether a token is active, and what it stands for.

    The exit code is 0 for an active token and 1 for one that is not: expired, revoked, unknown, of
    another authorization server. Okta gives no reason.
    """
    with connection.open(session) as okta:
        token = session.secrets.read(TOKEN, token_file)
        info = okta.introspect(token, token_type_hint=hint)
    now = session.now()
    session.screen.show(
        Answer(
            title="Introspection",
            rows=(
                *_introspection_rows(info, now),
                Row("token from", session.secrets.sources[TOKEN.name], "faint"),
                *http_rows(info.http, now),
            ),
            document={**info.raw, "_http": http_document(info.http)},
        )
    )
    return Exit.OK if info.active else Exit.NO


@click.command()
@_token_file
@click.option(
    "--hint",
    type=click.Choice(get_args(RevokeHint)),
    help="What kind of token it is. An oauth_sts token, of the org server, needs it.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Introspect the token afterwards; exit code 1 if it is still active.",
)
@connected
def revoke(
    session: Session,
    connection: Connection,
    token_file: str | None,
    hint: RevokeHint | None,
    verify: bool,
) -> int:
    """Make a token useless. Revoking a refresh token ends its access tokens too.

    Okta answers an unknown token, or one of another application, in the same way: success says
    that the request was understood. --verify asks what became of it.
    """
    with connection.open(session) as okta:
        token = session.secrets.read(TOKEN, token_file)
        okta.revoke(token, token_type_hint=hint)
        active = _is_active(okta, token) if verify else None
    source = Row("token from", session.secrets.sources[TOKEN.name], "faint")
    shown: dict[bool | None, tuple[str, Tone]] = {
        None: ("accepted; whether it was active before, Okta does not say", "good"),
        False: ("accepted, and the token is not active", "good"),
        True: ("accepted, but the token is still active: is it this application's?", "bad"),
    }
    document: dict[str, object] = {"accepted": True}
    if active is not None:
        document["active"] = active
    session.screen.show(Answer("Revocation", (Row("revocation", *shown[active]), source), document))
    return Exit.NO if active else Exit.OK


def _is_active(okta: OktaOIDC, token: str) -> bool:
    return okta.introspect(token).active


def _introspection_rows(info: Introspection, now: float) -> tuple[Row, ...]:
    rows = [Row("active", "true" if info.active else "false", "good" if info.active else "bad")]
    rows += [claim_row(name, value, now) for name, value in info.raw.items() if name != "active"]
    return tuple(rows)


def claim_row(name: str, value: object, now: float) -> Row:
    """One claim; an ``exp`` that is past stands out."""
    if name not in EPOCHS:
        return Row(name, value_text(value))
    is_past = isinstance(value, int | float) and value <= now
    return Row(name, epoch_text(value, now), "bad" if name == "exp" and is_past else "plain")

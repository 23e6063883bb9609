"""``metadata`` and ``keys``: what an authorization server tells everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ._connections import Connection, addressed
from ._exits import Exit
from ._screens import Answer, Row
from ._sessions import Session
from ._words import duration, value_text

issuer_option = click.option(
    "--issuer",
    metavar="URL",
    help="What tokens carry as their issuer, where it is not the org URL's own: behind a custom "
    "domain. It is compared, and nothing is sent to it.",
)


@click.command()
@issuer_option
@addressed
def metadata(session: Session, connection: Connection, issuer: str | None) -> int:
    """Show what the authorization server says of itself: its endpoints, and what it can do.

    It has to be the issuer that was asked (OpenID Connect Discovery 1.0 section 4).
    """
    with connection.open_unnamed(issuer) as okta:
        members = okta.metadata().to_dict()
    rows = tuple(Row(name, value_text(value)) for name, value in members.items())
    session.screen.show(Answer("Metadata", rows, members))
    return Exit.OK


@click.command()
@addressed
def keys(session: Session, connection: Connection) -> int:
    """Show the public keys that the authorization server signs tokens with (RFC 7517).

    With --json they are as verifiers take them, a JSON Web Key Set.
    """
    # Brings httpx.
    from ._published import key_members
    from ._published import keys as read_keys

    with connection.open_unnamed(None) as okta:
        published = read_keys(okta, connection.custom_server_id)
    if published.error is not None:
        raise published.error
    rows = [
        Row(value_text(jwk.get("kid")), _key_text(jwk)) for jwk in key_members(published.members)
    ]
    if published.keep_for is not None:
        rows.append(Row("may be kept for", duration(published.keep_for), "faint"))
    session.screen.show(Answer("Keys", tuple(rows), published.members))
    return Exit.OK


def _key_text(jwk: Mapping[str, Any]) -> str:
    return ", ".join(value_text(jwk[name]) for name in ("kty", "alg", "use", "crv") if name in jwk)

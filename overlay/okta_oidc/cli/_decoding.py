"""``decode``: the claims of a JWT, unverified."""

from __future__ import annotations

import click

from ._connections import json_option
from ._exits import Exit, InputError
from ._inspection import claim_row
from ._jwts import NotAJWTError, read_jwt
from ._screens import Answer, Row
from ._secrets import TOKEN
from ._sessions import Session
from ._words import value_text


@click.command()
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="A file that holds the token, '-' for standard input. "
    "Left out: OKTA_OIDC_TOKEN, else standard input, else a prompt.",
)
@json_option
def decode(session: Session, token_file: str | None) -> int:
    """Show what a JWT says of itself, UNVERIFIED.

    The signature is not checked, nothing is sent, and anyone can write such a token. To know
    whether a token is good, introspect it.
    """
    token = session.secrets.read(TOKEN, token_file)
    try:
        jwt = read_jwt(token)
    except NotAJWTError as error:
        raise InputError(str(error)) from None
    now = session.now()
    session.screen.show(
        Answer(
            title="Claims, UNVERIFIED",
            rows=(
                Row("verified", "no: the signature was not checked, do not rely on it", "doubtful"),
                *(Row(f"header {name}", value_text(value)) for name, value in jwt.header.items()),
                *(claim_row(name, value, now) for name, value in jwt.claims.items()),
                Row("token from", session.secrets.sources[TOKEN.name], "faint"),
            ),
            document={"verified": False, "header": jwt.header, "claims": jwt.claims},
        )
    )
    return Exit.OK

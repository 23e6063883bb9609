"""``decode``: the claims of a JWT, unverified unless asked for."""

from __future__ import annotations

from typing import Any

import click

import okta_oidc

from ._connections import Connection, addressed
from ._exits import Exit, InputError
from ._inspection import claim_row
from ._jwts import JWT, NotAJWTError, read_jwt
from ._publishing import issuer_option
from ._screens import Answer, Row
from ._secrets import TOKEN
from ._sessions import Session
from ._words import printable, value_text


@click.command()
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="A file that holds the token, '-' for standard input. "
    "Left out: OKTA_OIDC_TOKEN, else standard input, else a prompt.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Check signature and claims by the keys of the authorization server; exit code 1 if they "
    "do not hold. An ID token has to be for the client id, an access token for --audience.",
)
@click.option(
    "--audience",
    metavar="AUDIENCE",
    help="Whom an access token has to be for: as a rule api://…, the authorization server's.",
)
@issuer_option
@addressed
def decode(
    session: Session,
    connection: Connection,
    token_file: str | None,
    verify: bool,
    audience: str | None,
    issuer: str | None,
) -> int:
    """Show what a JWT says of itself, UNVERIFIED unless --verify is there.

    Without it the signature is not checked, nothing is sent, and anyone can write such a token. A
    token that was revoked passes --verify too: to know whether it is good, introspect it.
    """
    token = session.secrets.read(TOKEN, token_file)
    try:
        jwt = read_jwt(token)
    except NotAJWTError as error:
        raise InputError(str(error)) from None
    document: dict[str, Any] = {"verified": False}
    verdict = Row("verified", "no: the signature was not checked, do not rely on it", "doubtful")
    if verify:
        try:
            verdict = Row("verified", _verified(connection, token, jwt, audience, issuer), "good")
            document["verified"] = True
        except okta_oidc.InvalidTokenError as error:
            verdict = Row("verified", f"no, {error.reason}: {printable(str(error))}", "bad")
            document["reason"] = error.reason
    now = session.now()
    session.screen.show(
        Answer(
            title="Claims" if document["verified"] else "Claims, UNVERIFIED",
            rows=(
                verdict,
                *(Row(f"header {name}", value_text(value)) for name, value in jwt.header.items()),
                *(claim_row(name, value, now) for name, value in jwt.claims.items()),
                Row("token from", session.secrets.sources[TOKEN.name], "faint"),
            ),
            document={**document, "header": jwt.header, "claims": jwt.claims},
        )
    )
    return Exit.NO if verify and not document["verified"] else Exit.OK


def _verified(
    connection: Connection, token: str, jwt: JWT, audience: str | None, issuer: str | None
) -> str:
    """In what a token holds.

    Raises:
        InputError: it is not said whom it has to be for.
        okta_oidc.InvalidTokenError: it does not hold.
        okta_oidc.OktaError: the keys cannot be had.
    """
    # What it seems to be only says which check is made: that makes sure of it.
    if "cid" in jwt.claims or "scp" in jwt.claims:
        if audience is None:
            raise InputError(
                "an access token has to be for somebody: pass --audience",
                "it is the authorization server's, under Security > API in the Admin Console",
            )
        with connection.open_unnamed(issuer) as okta:
            claims = okta.verify_access_token(token, audience=audience)
        return f"yes: an access token of {printable(claims.iss)}, by its keys"
    if not connection.client_id:
        raise InputError("an ID token has to be for a client: set OKTA_CLIENT_ID, or --client-id")
    sent = jwt.claims.get("nonce")
    with connection.open_unnamed(issuer) as okta:
        claims = okta.verify_id_token(token, nonce=sent if isinstance(sent, str) else None)
    nonce = "" if sent is None else "; which nonce was sent is not known here"
    return f"yes: an ID token of {printable(claims.iss)}, by its keys{nonce}"

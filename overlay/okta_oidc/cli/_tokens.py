"""``token refresh``, ``token code``, ``token client-credentials`` and ``login``."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

import okta_oidc

from ._commands import Commands
from ._connections import Command, Connection, connected
from ._exits import Exit
from ._files import TokenFile, rescued, token_file
from ._http_rows import http_document, http_rows
from ._invitations import invite
from ._screens import Answer, Row
from ._secrets import CODE, CODE_VERIFIER, DPOP_KEY, REFRESH_TOKEN
from ._sessions import Session
from ._words import duration, moment, value_text

if TYPE_CHECKING:
    from okta_oidc import DPoP, HttpInfo, OktaOIDC, Tokens

# Everything else in a token response may be a secret, members that are yet to be invented too.
_PUBLIC: Final = frozenset({"token_type", "expires_in", "scope", "issued_token_type"})


@click.group(cls=Commands)
def token() -> None:
    """Get tokens: by a refresh token, by a code, or for the application itself.

    Tokens are not printed unless --show-tokens asks for it. --save FILE keeps them in a file that
    only you can read.
    """


def _token_options(command: Command) -> Command:
    command = connected(command)
    for option in (
        click.option(
            "--save",
            metavar="FILE",
            type=click.Path(dir_okay=False),
            help="Write the answer to FILE, as JSON, readable by you alone.",
        ),
        click.option("--show-tokens", is_flag=True, help="Print the tokens too."),
        click.option(
            "--dpop-key-file",
            metavar="FILE",
            type=click.Path(dir_okay=False, allow_dash=True),
            help="A file that holds the key for --dpop, PEM or JWK. "
            "Left out: OKTA_OIDC_DPOP_KEY, else a fresh key, which ends with this command.",
        ),
        click.option("--dpop", is_flag=True, help="Bind the tokens to a key (RFC 9449)."),
    ):
        command = option(command)
    return command


def _dpop(session: Session, dpop: bool, file: str | None) -> DPoP | None:
    """The key that the tokens are to be bound to, if they are."""
    if not dpop and file is None:
        return None
    key = session.secrets.find(DPOP_KEY, file)
    if key is None:
        session.screen.warn(
            "the tokens are bound to a fresh key, which ends with this command: nothing will take "
            "them after it. --dpop-key-file names a key that stays"
        )
    return okta_oidc.DPoP(key)


@token.command()
@click.option(
    "--refresh-token-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="A file that holds the refresh token, '-' for standard input. "
    "Left out: OKTA_OIDC_REFRESH_TOKEN, else standard input, else a prompt.",
)
@click.option("--scope", help="Fewer scopes than were granted. Left out: all of them.")
@_token_options
def refresh(
    session: Session,
    connection: Connection,
    show_tokens: bool,
    save: str | None,
    dpop: bool,
    dpop_key_file: str | None,
    refresh_token_file: str | None,
    scope: str | None,
) -> int:
    """Exchange a refresh token for fresh tokens.

    Where Okta rotates refresh tokens, the old one stops working soon after: keep the new one, with
    --save or --show-tokens.
    """
    with connection.open(session, dpop=_dpop(session, dpop, dpop_key_file)) as okta:
        old = session.secrets.read(REFRESH_TOKEN, refresh_token_file)

        def call(okta: OktaOIDC) -> Tokens:
            return okta.token_for_refresh_token(old, scope=scope)

        tokens = _redeemed(session, okta, save, "refresh token", call)
    _show_tokens(session, tokens, show_tokens, save)
    if tokens.refresh_token != old and not (show_tokens or save):
        session.screen.warn(
            "Okta rotated the refresh token, and the new one is not shown. The old one works for a "
            "few seconds more (30 by default): repeat now with --save FILE or --show-tokens"
        )
    return Exit.OK


@token.command()
@click.option(
    "--code-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="A file that holds the authorization code, '-' for standard input. "
    "Left out: OKTA_OIDC_CODE, else standard input, else a prompt.",
)
@click.option(
    "--redirect-uri",
    metavar="URI",
    envvar="OKTA_REDIRECT_URI",
    show_envvar=True,
    required=True,
    help="The very string that was sent to /authorize.",
)
@click.option(
    "--code-verifier-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="A file that holds the PKCE code verifier, if a challenge was sent. "
    "Left out: OKTA_OIDC_CODE_VERIFIER, else none.",
)
@_token_options
def code(
    session: Session,
    connection: Connection,
    show_tokens: bool,
    save: str | None,
    dpop: bool,
    dpop_key_file: str | None,
    code_file: str | None,
    redirect_uri: str,
    code_verifier_file: str | None,
) -> int:
    """Exchange an authorization code for tokens.

    A code is good once, for five minutes: its tokens are lost unless --save or --show-tokens keeps
    them.
    """
    with connection.open(session, dpop=_dpop(session, dpop, dpop_key_file)) as okta:
        value = session.secrets.read(CODE, code_file)
        verifier = session.secrets.find(CODE_VERIFIER, code_verifier_file)

        def call(okta: OktaOIDC) -> Tokens:
            return okta.token_for_code(value, redirect_uri, code_verifier=verifier)

        tokens = _redeemed(session, okta, save, "code", call)
    _show_tokens(session, tokens, show_tokens, save)
    return Exit.OK


@token.command(name="client-credentials")
@click.option("--scope", help="Space-delimited. Left out: the server's default scopes.")
@_token_options
def client_credentials(
    session: Session,
    connection: Connection,
    show_tokens: bool,
    save: str | None,
    dpop: bool,
    dpop_key_file: str | None,
    scope: str | None,
) -> int:
    """Get an access token for the application itself.

    The org server has them for clients with a key alone, and for scopes of Okta's own API.
    """
    with (
        connection.open(session, dpop=_dpop(session, dpop, dpop_key_file)) as okta,
        token_file(save) as file,
    ):
        response = okta.token({"grant_type": "client_credentials", "scope": scope})
        _keep(session, file, save, members := response.to_dict())
    _show(session, members, None, show_tokens, save)
    return Exit.OK


@click.command()
@click.option("--scope", default="openid", show_default=True, help="Space-delimited.")
@_token_options
def login(
    session: Session,
    connection: Connection,
    show_tokens: bool,
    save: str | None,
    dpop: bool,
    dpop_key_file: str | None,
    scope: str,
) -> int:
    """Sign a user in, who approves it in a browser on any device (RFC 8628).

    Shows where to go and the code to type there, and waits. An application without a secret or key
    is a public client. The exit code is 1 if nobody approved in time.
    """
    key = _dpop(session, dpop, dpop_key_file)
    with connection.open(session, dpop=key, may_be_public=True) as okta:
        if not (show_tokens or save):
            session.screen.warn("the tokens will be lost: --save FILE or --show-tokens keeps them")

        def call(okta: OktaOIDC) -> Tokens:
            pending = okta.start_device_login(scope)
            invite(session, pending)
            return okta.wait_for(pending)

        tokens = _redeemed(session, okta, save, None, call)
    _show_tokens(session, tokens, show_tokens, save)
    return Exit.OK


def _redeemed(
    session: Session,
    okta: OktaOIDC,
    save: str | None,
    spends: str | None,
    call: Callable[[OktaOIDC], Tokens],
) -> Tokens:
    with token_file(save) as file:
        session.spends = spends
        try:
            tokens = call(okta)
        except (okta_oidc.MalformedResponseError, okta_oidc.TransportError) as error:
            # What arrived may be the only copy of the tokens that the code was spent on.
            if file is not None and error.body:
                _keep(session, file, save, error.body)
                session.kept = f"what arrived is in {save}, as received: it may hold the tokens"
            raise
        session.spends = None
        _keep(session, file, save, tokens.raw)
    return tokens


def _keep(
    session: Session, file: TokenFile | None, save: str | None, issued: bytes | Mapping[str, Any]
) -> None:
    if file is not None:
        with _never_lost(session, issued, save):
            file.keep(issued)
        session.kept = f"the tokens are in {save}, which only you can read"


@contextmanager
def _never_lost(
    session: Session, issued: bytes | Mapping[str, Any], save: str | None
) -> Generator[None]:
    """See that what was issued is somewhere, even if it could not be written where it was to be."""
    try:
        yield
    except BaseException:
        if session.kept is None:
            refuge = rescued(issued, save)
            session.kept = (
                f"the tokens are in {refuge}, which only you can read"
                if refuge is not None
                else "no file could be written at all: repeat at once with --show-tokens"
            )
        raise


def _show_tokens(session: Session, tokens: Tokens, show: bool, save: str | None) -> None:
    _show(session, tokens.raw, tokens.http, show, save)


def _show(
    session: Session,
    members: Mapping[str, Any],
    http: HttpInfo | None,
    show: bool,
    save: str | None,
) -> None:
    now = session.now()
    hidden = [] if show else sorted(members.keys() - _PUBLIC)
    document: dict[str, Any] = {
        name: value for name, value in members.items() if name not in hidden
    }
    if hidden:
        document["_hidden"] = hidden
    if save is not None:
        document["_saved"] = save
    if http is not None:
        document["_http"] = http_document(http)
    rows = [_row(name, value, name in hidden, now) for name, value in members.items()]
    if save is not None:
        rows.append(Row("saved in", value_text(save), "good"))
    if http is not None:
        rows += http_rows(http, now)
    with _never_lost(session, members, save) if show else nullcontext():
        session.screen.show(Answer("Tokens", tuple(rows), document, shows_secrets=show))


def _row(name: str, value: object, hidden: bool, now: float) -> Row:
    if hidden:
        return Row(name, f"received, not shown{_size(value)}", "faint")
    if name == "expires_in" and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            at = datetime.fromtimestamp(now + value, UTC)
        except (OverflowError, ValueError, OSError):
            return Row(name, value_text(value))
        return Row(name, f"{value} ({duration(value)}, until {moment(at)})")
    return Row(name, value_text(value))


def _size(value: object) -> str:
    if not isinstance(value, str):
        return ""
    kind = "a JWT" if value.count(".") == 2 else "opaque"
    return f" ({kind}, {len(value)} characters)"

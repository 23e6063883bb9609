"""Which Okta, as which application: the options that every call shares."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, Final
from urllib.parse import quote

import click

import okta_oidc

from ._exits import InputError
from ._screens import Screen
from ._secrets import CLIENT_SECRET
from ._sessions import Session, current_session

ORG_SERVER: Final = "org"
METHODS: Final = ("client_secret_basic", "client_secret_post")
# Longer than this, a person would rather know than wait.
_LONGEST_WAIT: Final = 5.0

Command = Callable[..., int]


@dataclass(frozen=True, slots=True)
class Connection:
    """The values of the shared options, not yet checked; see :func:`connected` for each."""

    org_url: str | None
    auth_server_id: str | None
    client_id: str | None
    client_secret_file: str | None
    auth_method: str
    timeout: float
    attempts: int

    def open(self, session: Session) -> okta_oidc.OktaOIDC:
        """A client, its secret read.

        Raises:
            InputError: something is missing.
            okta_oidc.ConfigurationError: something cannot be right.
        """
        if not self.org_url:
            raise InputError("there is no org URL: set OKTA_ORG_URL, or pass --org-url")
        if not self.client_id:
            raise InputError("there is no client id: set OKTA_CLIENT_ID, or pass --client-id")
        secret = session.secrets.read(CLIENT_SECRET, self.client_secret_file)
        auth = credentials(session.screen, self.auth_method, self.client_id, secret)
        return self.client(auth, okta_oidc.Retry(self.attempts, _LONGEST_WAIT))

    def client(
        self,
        auth: okta_oidc.ClientSecretBasic | okta_oidc.ClientSecretPost,
        retry: okta_oidc.Retry | None,
    ) -> okta_oidc.OktaOIDC:
        """A client with these credentials.

        Raises:
            InputError: the environment names certificates that cannot be read.
            okta_oidc.ConfigurationError: something cannot be right.
        """
        server = self.auth_server_id or None
        try:
            return okta_oidc.OktaOIDC(
                self.org_url or "",
                auth,
                auth_server_id=okta_oidc.ORG if server == ORG_SERVER else server,
                timeout=self.timeout,
                retry=retry,
            )
        except okta_oidc.ConfigurationError as error:
            cause = error.__cause__
            if not isinstance(cause, OSError):
                raise
            raise InputError(
                f"the CA certificates cannot be read: {cause.strerror or cause}",
                "look at SSL_CERT_FILE and SSL_CERT_DIR",
            ) from None


def credentials(
    screen: Screen, method: str, client_id: str, secret: str
) -> okta_oidc.ClientSecretBasic | okta_oidc.ClientSecretPost:
    """The auth object of an ``--auth-method``; ``screen`` keeps silent about what it sends."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    screen.hide(b64encode(pair.encode()).decode())
    if method.removeprefix("client_secret_") == "post":
        return okta_oidc.ClientSecretPost(client_id, secret)
    return okta_oidc.ClientSecretBasic(client_id, secret)


def json_option(command: Command) -> Command:
    """``--json``, and the session as the first argument."""

    @click.option(
        "--json",
        is_flag=True,
        # Looked for before anything is parsed, so that what is wrong is told as JSON too.
        expose_value=False,
        help="Print JSON, errors too.",
    )
    @wraps(command)
    def run(**options: Any) -> int:
        return command(current_session(), **options)

    return run


def connected(command: Command) -> Command:
    """The shared options; ``command`` gets the session, a ``Connection`` and its own options.

    Stands below a command's own options, so that ``--help`` shows those first.
    """

    @wraps(command)
    def run(session: Session, **options: Any) -> int:
        names = [field.name for field in fields(Connection)]
        connection = Connection(**{name: options.pop(name) for name in names})
        return command(session, connection, **options)

    decorated = json_option(run)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


_OPTIONS: Final = (
    click.option(
        "--org-url",
        metavar="URL",
        envvar="OKTA_ORG_URL",
        show_envvar=True,
        help="https://{your Okta domain}, a custom domain, or an issuer URL.",
    ),
    click.option(
        "--auth-server-id",
        metavar="ID",
        envvar="OKTA_AUTH_SERVER_ID",
        show_envvar=True,
        help="A custom authorization server's id, or 'org' for the org's own server. "
        "Left out: the issuer URL's, else 'default'.",
    ),
    click.option(
        "--client-id",
        metavar="ID",
        envvar="OKTA_CLIENT_ID",
        show_envvar=True,
        help="The application's client id.",
    ),
    click.option(
        "--client-secret-file",
        metavar="FILE",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="A file that holds the client secret, '-' for standard input. "
        "Left out: OKTA_CLIENT_SECRET, else a prompt.",
    ),
    click.option(
        "--auth-method",
        type=click.Choice([*METHODS, "basic", "post"], case_sensitive=False),
        envvar="OKTA_AUTH_METHOD",
        show_envvar=True,
        default=METHODS[0],
        show_default=True,
        help="How the application is registered to authenticate.",
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        default=10.0,
        show_default=True,
        help="For one attempt, from connecting to the last byte.",
    ),
    click.option(
        "--attempts",
        metavar="COUNT",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        help=f"How often to send at most. Waits of {_LONGEST_WAIT:.0f} s in all are waited out.",
    ),
)

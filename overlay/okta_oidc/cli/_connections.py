"""Which Okta, as which application: the options that every call shares."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

import okta_oidc

from ._exits import InputError
from ._secrets import CLIENT_SECRET, PRIVATE_KEY, PRIVATE_KEY_FILE
from ._sessions import Session, current_session

if TYPE_CHECKING:
    from okta_oidc import ClientAuth, DPoP, OktaOIDC, Retry

ORG_SERVER: Final = "org"
# `_from_env.METHODS`, which brings httpx: completion and --help do without.
METHODS: Final = (
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "none",
)
# Longer than this, a person would rather know than wait.
_LONGEST_WAIT: Final = 5.0
KEY_ID: Final = "OKTA_KEY_ID"
_PREFIX: Final = "OKTA_"
# Which variables are about which kind of credentials.
_KINDS: Final = {
    CLIENT_SECRET.variable: "secret",
    PRIVATE_KEY.variable: "key",
    PRIVATE_KEY_FILE: "key",
    KEY_ID: "key",
}

Command = Callable[..., int]


@dataclass(frozen=True, slots=True)
class Connection:
    """The values of the shared options, not yet checked; see :func:`connected` for each."""

    org_url: str | None
    auth_server_id: str | None
    client_id: str | None
    timeout: float
    attempts: int
    client_secret_file: str | None = None
    key_file: str | None = None
    key_id: str | None = None
    auth_method: str | None = None

    @property
    def server_id(self) -> str:
        """The authorization server's, ``org`` for the org's own."""
        path = urlsplit((self.org_url or "").strip()).path.strip("/")
        return self.auth_server_id or path.rpartition("/")[2] or "default"

    @property
    def custom_server_id(self) -> str | None:
        """The custom authorization server's; ``None`` is the org's own."""
        return None if self.server_id == ORG_SERVER else self.server_id

    @property
    def retry(self) -> Retry:
        """How often to try."""
        return okta_oidc.Retry(self.attempts, _LONGEST_WAIT)

    def open(
        self, session: Session, *, dpop: DPoP | None = None, may_be_public: bool = False
    ) -> OktaOIDC:
        """A client, its credentials read; see :meth:`credentials`.

        Raises:
            InputError: something is missing.
            okta_oidc.ConfigurationError: something cannot be right.
        """
        self._check_org_url()
        if not self.client_id:
            raise InputError("there is no client id: set OKTA_CLIENT_ID, or pass --client-id")
        return self.client(self.credentials(session, may_be_public), self.retry, dpop)

    def open_unnamed(self, issuer: str | None) -> OktaOIDC:
        """A client for what Okta tells everybody. It needs no credentials.

        ``issuer`` is what tokens carry where the org URL is another.

        Raises:
            InputError: the org URL is missing.
            okta_oidc.ConfigurationError: something cannot be right.
        """
        self._check_org_url()
        auth = okta_oidc.PublicClient(self.client_id or "nobody")
        return self.client(auth, self.retry, issuer=issuer)

    def _check_org_url(self) -> None:
        if not self.org_url:
            raise InputError("there is no org URL: set OKTA_ORG_URL, or pass --org-url")

    def client(
        self,
        auth: ClientAuth,
        retry: Retry | None,
        dpop: DPoP | None = None,
        issuer: str | None = None,
    ) -> OktaOIDC:
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
                issuer=issuer,
                dpop=dpop,
            )
        except okta_oidc.ConfigurationError as error:
            cause = error.__cause__
            if not isinstance(cause, OSError):
                raise
            raise InputError(
                f"the CA certificates cannot be read: {cause.strerror or cause}",
                "look at SSL_CERT_FILE and SSL_CERT_DIR",
            ) from None

    def credentials(self, session: Session, may_be_public: bool = False) -> ClientAuth:
        """How the client authenticates, by the rules of ``OktaOIDC.from_env``.

        A secret that is missing is asked for, unless the client ``may_be_public``.

        Raises:
            InputError: there is no secret, or it cannot be read.
            okta_oidc.ConfigurationError: something cannot be right.
        """
        environ = self.environment(session, may_be_public)
        # Brings httpx.
        from .._from_env import credentials_from_env

        auth = credentials_from_env(environ, _PREFIX)
        for secret in auth.secrets:
            session.screen.hide(secret)
        return auth

    def environment(self, session: Session, may_be_public: bool = False) -> dict[str, str]:
        """The environment as it would say what the options say.

        An option leaves aside what the environment has on other kinds of credentials.
        """
        environ = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
        method = (self.auth_method or "").lower()
        source = click.get_current_context().get_parameter_source("auth_method")
        kind = "key" if self.key_file else "secret" if self.client_secret_file else None
        if source is ParameterSource.COMMANDLINE:
            kind = _kind_of(method)
        elif kind is not None and _kind_of(method) != kind:
            method = ""
        if kind is not None:
            for name in _KINDS:
                if _KINDS[name] != kind:
                    environ.pop(name, None)
        environ["OKTA_CLIENT_ID"] = self.client_id or ""
        environ["OKTA_AUTH_METHOD"] = method
        if self.key_id is not None:
            environ[KEY_ID] = self.key_id
        self._read_credentials(session, environ, method, may_be_public)
        return environ

    def _read_credentials(
        self, session: Session, environ: dict[str, str], method: str, may_be_public: bool
    ) -> None:
        file = self.key_file
        if file is not None:
            environ.pop(PRIVATE_KEY.variable, None)
        elif not environ.get(PRIVATE_KEY.variable):
            file = environ.get(PRIVATE_KEY_FILE)
        if file:
            environ.pop(PRIVATE_KEY_FILE, None)
            environ[PRIVATE_KEY.variable] = session.secrets.read(PRIVATE_KEY, file)
        is_secret = _kind_of(method) == "secret" or not (
            method or environ.get(PRIVATE_KEY.variable)
        )
        if self.client_secret_file or (is_secret and not may_be_public):
            secret = session.secrets.read(CLIENT_SECRET, self.client_secret_file)
            environ[CLIENT_SECRET.variable] = secret


def _kind_of(method: str) -> str:
    return {"none": "none", "": "", "private_key_jwt": "key"}.get(method, "secret")


def json_option(command: Command) -> Command:
    """``--json``, and the session as the first argument."""

    @click.option(
        "--json",
        is_flag=True,
        # Looked for before anything is parsed, so that errors of parsing are JSON, too.
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
    return _with_connection(command, _ADDRESS + _CREDENTIALS + _PATIENCE)


def addressed(command: Command) -> Command:
    """The same, for a command that needs no credentials."""
    return _with_connection(command, _ADDRESS + _PATIENCE)


def _with_connection(command: Command, options: tuple[Any, ...]) -> Command:
    @wraps(command)
    def run(session: Session, **values: Any) -> int:
        names = values.keys() & {field.name for field in fields(Connection)}
        connection = Connection(**{name: values.pop(name) for name in names})
        return command(session, connection, **values)

    decorated = json_option(run)
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


_ADDRESS: Final = (
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
)
_CREDENTIALS: Final = (
    click.option(
        "--client-secret-file",
        metavar="FILE",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="A file that holds the client secret, '-' for standard input. "
        "Left out: OKTA_CLIENT_SECRET, else a prompt.",
    ),
    click.option(
        "--key-file",
        metavar="FILE",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="A file that holds the private key, PEM or JWK. "
        "Left out: OKTA_PRIVATE_KEY, or the file that OKTA_PRIVATE_KEY_FILE names.",
    ),
    click.option(
        "--key-id",
        metavar="ID",
        help="The private key's id (kid) at Okta, where the application has several keys. "
        "Left out: OKTA_KEY_ID, else the JWK's own.",
    ),
    click.option(
        "--auth-method",
        type=click.Choice([*METHODS, "basic", "post"], case_sensitive=False),
        envvar="OKTA_AUTH_METHOD",
        show_envvar=True,
        help="How the application is registered to authenticate. Left out: private_key_jwt if "
        "there is a private key, else client_secret_basic.",
    ),
)
_PATIENCE: Final = (
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

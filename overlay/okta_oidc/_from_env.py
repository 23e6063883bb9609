"""A client's settings out of environment variables: the names that the command line reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ._auth import ClientAuth, ClientSecretBasic, ClientSecretPost, PublicClient
from ._config import ORG, AuthServerId, check_kind
from ._errors import ConfigurationError
from ._silence import silent

METHODS: Final = (
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "none",
)
_SHORT: Final = {"basic": METHODS[0], "post": METHODS[1]}
_ORG: Final = "org"


@silent
def options_from_env(
    environ: Mapping[str, str], prefix: str
) -> tuple[str, ClientAuth, AuthServerId | None]:
    """``base_url``, ``auth`` and ``auth_server_id`` of a client.

    A variable that is empty counts as absent.

    Raises:
        ConfigurationError: a variable is missing, or two contradict each other. It names them, and
            shows the value of none.
    """
    check_kind("prefix", prefix, str)
    variables = _Variables(environ, prefix)
    base_url = variables.needed("ORG_URL")
    server = variables.get("AUTH_SERVER_ID")
    auth = _auth(variables, variables.needed("CLIENT_ID"))
    return base_url, auth, ORG if server == _ORG else server


class _Variables:
    """Variables of one prefix."""

    def __init__(self, environ: Mapping[str, str], prefix: str) -> None:
        self._environ: Final = environ
        self._prefix: Final = prefix

    def name(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def get(self, name: str) -> str | None:
        value = self._environ.get(self.name(name), "")
        return value if value.strip() else None

    def needed(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise ConfigurationError(f"{self.name(name)} is not set")
        return value


def _auth(variables: _Variables, client_id: str) -> ClientAuth:
    name = variables.name
    secret = variables.get("CLIENT_SECRET")
    key = variables.get("PRIVATE_KEY")
    key_file = variables.get("PRIVATE_KEY_FILE")
    key_id = variables.get("KEY_ID")
    kinds = {"CLIENT_SECRET": secret, "PRIVATE_KEY": key, "PRIVATE_KEY_FILE": key_file}
    given = [kind for kind, value in kinds.items() if value is not None]
    if len(given) > 1:
        raise ConfigurationError(
            f"{' and '.join(map(name, given))} are both set: a client has one kind of credentials"
        )
    has_key = key is not None or key_file is not None
    if key_id is not None and not has_key:
        raise ConfigurationError(
            f"{name('KEY_ID')} is the id of a private key, and neither {name('PRIVATE_KEY')} nor "
            f"{name('PRIVATE_KEY_FILE')} is set"
        )
    method = _method(variables, has_secret=secret is not None, has_key=has_key)
    pem = key if key_file is None else _read(name("PRIVATE_KEY_FILE"), key_file)
    try:
        return _made(method, client_id, secret or "", pem or "", key_id)
    except ConfigurationError as error:
        text = str(error)
    raise ConfigurationError(f"{', '.join(map(name, ('CLIENT_ID', *given)))}: {text}")


def _made(
    method: str, client_id: str, secret: str, pem: str | bytes, key_id: str | None
) -> ClientAuth:
    match method:
        case "client_secret_basic":
            return ClientSecretBasic(client_id, secret)
        case "client_secret_post":
            return ClientSecretPost(client_id, secret)
        case "client_secret_jwt":
            from ._credentials._assertions import ClientSecretJwt

            return ClientSecretJwt(client_id, secret)
        case "private_key_jwt":
            from ._credentials._assertions import PrivateKeyJwt

            return PrivateKeyJwt(client_id, pem, kid=key_id)
        case _:
            return PublicClient(client_id)


def _method(variables: _Variables, *, has_secret: bool, has_key: bool) -> str:
    """The method that is named, or the one that the credentials are for."""
    name = variables.name
    named = variables.get("AUTH_METHOD")
    if named is None:
        if has_secret:
            return "client_secret_basic"
        return "private_key_jwt" if has_key else "none"
    method = _SHORT.get(named.strip().lower(), named.strip().lower())
    if method not in METHODS:
        raise ConfigurationError(f"{name('AUTH_METHOD')} must be one of {', '.join(METHODS)}")
    if method == "none":
        if has_secret or has_key:
            kinds = name("CLIENT_SECRET")
            if has_key:
                kinds = f"{name('PRIVATE_KEY')} or {name('PRIVATE_KEY_FILE')}"
            raise ConfigurationError(
                f"{name('AUTH_METHOD')} is none, for a client without credentials, "
                f"and {kinds} is set"
            )
    elif method == "private_key_jwt":
        if not has_key:
            raise ConfigurationError(
                f"{name('AUTH_METHOD')} is {method}, and neither {name('PRIVATE_KEY')} nor "
                f"{name('PRIVATE_KEY_FILE')} is set"
            )
    elif not has_secret:
        raise ConfigurationError(
            f"{name('AUTH_METHOD')} is {method}, and {name('CLIENT_SECRET')} is not set"
        )
    return method


def _read(name: str, path: str) -> bytes:
    # The error of a failed open shows the path, which may be a key that was put in the wrong place.
    try:
        return Path(path).read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
    except ValueError:
        why = "it cannot be the name of a file"
    raise ConfigurationError(f"the file that {name} names cannot be read: {why}")

"""A client's settings out of environment variables: the names that the command line reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ._auth import ClientAuth, ClientSecretBasic, ClientSecretPost, PublicClient
from ._config import ORG, AuthServerId, Server, check_kind
from ._errors import ConfigurationError
from ._silence import silent

_SECRET: Final = ("CLIENT_SECRET",)
_KEY: Final = ("PRIVATE_KEY", "PRIVATE_KEY_FILE")
# What each method needs one of. Without AUTH_METHOD it is the first that fits.
METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "client_secret_basic": _SECRET,
    "client_secret_post": _SECRET,
    "client_secret_jwt": _SECRET,
    "private_key_jwt": _KEY,
    "none": (),
}
_SHORT: Final = {"basic": "client_secret_basic", "post": "client_secret_post"}
_ORG: Final = "org"


@silent
def options_from_env(
    environ: Mapping[str, str], prefix: str, server: AuthServerId | None = None
) -> tuple[str, ClientAuth, AuthServerId | None]:
    """``base_url``, ``auth`` and ``auth_server_id`` of a client; ``server`` comes first.

    A variable that is empty counts as absent.

    Raises:
        ConfigurationError: a variable is missing or cannot be right, or two contradict each other.
            It names them, and shows no credential.
    """
    check_kind("prefix", prefix, str)
    variables = _Variables(environ, prefix)
    base_url, names = variables.needed("ORG_URL"), ["ORG_URL"]
    named = variables.get("AUTH_SERVER_ID") if server is None else None
    if named is not None:
        server, names = ORG if named == _ORG else named, [*names, "AUTH_SERVER_ID"]
    try:
        Server(base_url, None if named is None else server)
    except ConfigurationError as error:
        why = str(error)
    else:
        return base_url, _auth(variables, variables.needed("CLIENT_ID")), server
    raise variables.refused(names, why)


@silent
def credentials_from_env(environ: Mapping[str, str], prefix: str) -> ClientAuth:
    """``auth`` alone: see :func:`options_from_env`."""
    variables = _Variables(environ, prefix)
    return _auth(variables, variables.needed("CLIENT_ID"))


class _Variables:
    """Variables of one prefix."""

    def __init__(self, environ: Mapping[str, str], prefix: str) -> None:
        self._environ: Final = environ
        self._prefix: Final = prefix

    def name(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def absent(self, names: tuple[str, ...]) -> str:
        """Words for none of them being set."""
        words = " nor ".join(map(self.name, names))
        return f"neither {words} is set" if len(names) > 1 else f"{words} is not set"

    def get(self, name: str) -> str | None:
        value = self._environ.get(self.name(name), "")
        return value if value.strip() else None

    def needed(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise ConfigurationError(self.absent((name,)))
        return value

    def refused(self, names: list[str], why: str) -> ConfigurationError:
        """An error that names the variables it is about."""
        return ConfigurationError(f"{', '.join(map(self.name, names))}: {why}")


def _auth(variables: _Variables, client_id: str) -> ClientAuth:
    name = variables.name
    given = [kind for kind in (*_SECRET, *_KEY) if variables.get(kind) is not None]
    if len(given) > 1:
        raise ConfigurationError(
            f"{' and '.join(map(name, given))} are both set: a client has one kind of credentials"
        )
    kind = given[0] if given else None
    key_id = variables.get("KEY_ID")
    if key_id is not None and kind not in _KEY:
        raise ConfigurationError(
            f"{name('KEY_ID')} is the id of a private key, and {variables.absent(_KEY)}"
        )
    method = _method(variables, kind)
    credential: Any = None if kind is None else variables.get(kind)
    if kind == "PRIVATE_KEY_FILE":
        credential = _read(name(kind), credential)
    try:
        return _made(method, client_id, credential, key_id)
    except ConfigurationError as error:
        why = str(error)
    raise variables.refused(["CLIENT_ID", *given], why)


def _method(variables: _Variables, kind: str | None) -> str:
    """The method that is named, or the one that this kind of credentials is for."""
    named = variables.get("AUTH_METHOD")
    if named is None:
        return next((method for method, needed in METHODS.items() if kind in needed), "none")
    method = _SHORT.get(named.strip().lower(), named.strip().lower())
    name = variables.name
    if method not in METHODS:
        raise ConfigurationError(f"{name('AUTH_METHOD')} must be one of {', '.join(METHODS)}")
    needed = METHODS[method]
    if needed and kind not in needed:
        raise ConfigurationError(
            f"{name('AUTH_METHOD')} is {method}, and {variables.absent(needed)}"
        )
    if not needed and kind is not None:
        raise ConfigurationError(
            f"{name('AUTH_METHOD')} is {method}, for a client without credentials, "
            f"and {name(kind)} is set"
        )
    return method


def _made(method: str, client_id: str, credential: Any, key_id: str | None) -> ClientAuth:
    match method:
        case "client_secret_basic":
            return ClientSecretBasic(client_id, credential)
        case "client_secret_post":
            return ClientSecretPost(client_id, credential)
        case "client_secret_jwt":
            from ._credentials._assertions import ClientSecretJwt

            return ClientSecretJwt(client_id, credential)
        case "private_key_jwt":
            from ._credentials._assertions import PrivateKeyJwt

            return PrivateKeyJwt(client_id, credential, kid=key_id)
        case _:
            return PublicClient(client_id)


def _read(name: str, path: str) -> bytes:
    # The error of a failed open shows the path, which may be a key that was put in the wrong place.
    try:
        return Path(path).read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
    except ValueError:
        why = "it cannot be the name of a file"
    raise ConfigurationError(f"the file that {name} names cannot be read: {why}")

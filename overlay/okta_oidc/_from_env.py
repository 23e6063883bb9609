"""A client's settings out of environment variables: the names that the command line reads."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
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
_NAMES: Final = ("ORG_URL", "AUTH_SERVER_ID", "CLIENT_ID", "AUTH_METHOD", "KEY_ID", *_SECRET, *_KEY)
_SHORT: Final = {"basic": "client_secret_basic", "post": "client_secret_post"}
# The methods that send the secret itself.
_SENT: Final = {each.method: each for each in (ClientSecretBasic, ClientSecretPost)}


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
    given = _given(environ, prefix, "ORG_URL", "CLIENT_ID")
    if server is not None:
        given.pop("AUTH_SERVER_ID", None)
    named = given.get("AUTH_SERVER_ID")
    found = ORG if named == ORG.value else named
    with _about(prefix, given, "ORG_URL", "AUTH_SERVER_ID"):
        Server(given["ORG_URL"], found)
    return given["ORG_URL"], _auth(prefix, given), found or server


@silent
def credentials_from_env(environ: Mapping[str, str], prefix: str) -> ClientAuth:
    """``auth`` alone: see :func:`options_from_env`."""
    return _auth(prefix, _given(environ, prefix, "CLIENT_ID"))


def _given(environ: Mapping[str, str], prefix: str, *needed: str) -> dict[str, str]:
    """The variables that are set, by their names without the prefix."""
    given = {name: value for name in _NAMES if (value := environ.get(prefix + name, "")).strip()}
    for name in needed:
        if name not in given:
            raise ConfigurationError(_absent(prefix, name))
    return given


def _absent(prefix: str, *names: str) -> str:
    words = " nor ".join(prefix + name for name in names)
    return f"neither {words} is set" if len(names) > 1 else f"{words} is not set"


@contextmanager
def _about(prefix: str, given: Mapping[str, str], *names: str) -> Generator[None]:
    """Let a refusal name the variables that it is about, as far as they are set."""
    try:
        yield
    except ConfigurationError as error:
        words = ", ".join(prefix + name for name in names if name in given)
        raise ConfigurationError(f"{words}: {error}") from None


def _auth(prefix: str, given: Mapping[str, str]) -> ClientAuth:
    kinds = [kind for kind in (*_SECRET, *_KEY) if kind in given]
    if len(kinds) > 1:
        raise ConfigurationError(
            f"{prefix}{kinds[0]} and {prefix}{kinds[1]} are both set: "
            "a client has one kind of credentials"
        )
    kind = kinds[0] if kinds else None
    key_id = given.get("KEY_ID")
    if key_id is not None and kind not in _KEY:
        raise ConfigurationError(
            f"{prefix}KEY_ID is the id of a private key, and {_absent(prefix, *_KEY)}"
        )
    method = _method(prefix, given, kind)
    client_id = given["CLIENT_ID"]
    credential: Any = None if kind is None else given[kind]
    if kind == "PRIVATE_KEY_FILE":
        credential = _read(f"{prefix}{kind}", credential)
    with _about(prefix, given, "CLIENT_ID", *kinds):
        if kind is None:
            return PublicClient(client_id)
        if method in _SENT:
            return _SENT[method](client_id, credential)
        from ._credentials._assertions import ClientSecretJwt, PrivateKeyJwt

        if kind in _KEY:
            return PrivateKeyJwt(client_id, credential, kid=key_id)
        return ClientSecretJwt(client_id, credential)


def _method(prefix: str, given: Mapping[str, str], kind: str | None) -> str:
    """The method that is named, or the one that this kind of credentials is for."""
    named = given.get("AUTH_METHOD")
    if named is None:
        return next((method for method, needed in METHODS.items() if kind in needed), "none")
    method = _SHORT.get(named.strip().lower(), named.strip().lower())
    if method not in METHODS:
        raise ConfigurationError(f"{prefix}AUTH_METHOD must be one of {', '.join(METHODS)}")
    needed = METHODS[method]
    if needed and kind not in needed:
        raise ConfigurationError(f"{prefix}AUTH_METHOD is {method}, and {_absent(prefix, *needed)}")
    if not needed and kind is not None:
        raise ConfigurationError(
            f"{prefix}AUTH_METHOD is {method}, for a client without credentials, "
            f"and {prefix}{kind} is set"
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

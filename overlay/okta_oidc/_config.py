"""The org URL and the authorization server, checked once and before any I/O."""

from __future__ import annotations

import enum
import re
from importlib import import_module
from typing import Final, Literal, Self, TypeAlias
from urllib.parse import SplitResult, urlsplit

import httpx

from ._errors import ConfigurationError
from ._wire.environment import is_loopback


class AuthServer(enum.Enum):
    """Authorization servers that have no id."""

    ORG = "org"

    def __repr__(self) -> str:
        return self.name


ORG: Final = AuthServer.ORG
"""The org authorization server, ``https://{org}/oauth2/v1/…``: pass it as ``auth_server_id``."""

AuthServerId: TypeAlias = str | Literal[AuthServer.ORG]

DEFAULT_SERVER: Final = "default"

_SERVER_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_ISSUER_PATH: Final = re.compile(r"/oauth2/(?P<id>[^/]+)")
# Letters of any script: httpx turns an internationalised name into its ASCII form.
_HOST_LABEL: Final = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_PLACEHOLDER: Final = re.compile(r"[{}<>]|%7[bd]|youroktadomain", re.IGNORECASE)

# The Admin Console answers on "{org}-admin.{domain}"; the token endpoints do not.
_OKTA_DOMAINS: Final = (
    "okta.com",
    "oktapreview.com",
    "okta-emea.com",
    "okta-gov.com",
    "okta.mil",
    "okta-miltest.com",
    "trex-gov.com",
    "trex-govcloud.com",
)


class Server:
    """One org, and the authorization server its calls go to unless they name another.

    ``issuer`` is what tokens carry where it is not the base URL's own: a custom domain whose
    servers keep the org URL (Okta: ``issuerMode``). It is compared, and nothing is sent to it.

    Raises:
        ConfigurationError: one cannot be right, or they name different servers.
    """

    __slots__ = ("_issuer", "default", "origin", "url")

    def __init__(
        self, base_url: object, auth_server_id: AuthServerId | None, issuer: str | None = None
    ) -> None:
        parts = _split(text_of("base_url", base_url))
        # An internationalised host name goes out in its ASCII form.
        try:
            self.url: Final = httpx.URL(scheme=parts.scheme, host=_host(parts), port=parts.port)
        except httpx.InvalidURL:
            raise ConfigurationError("base_url does not hold a valid host name") from None
        self.origin: Final = str(self.url)
        issuer_id = _issuer_id(parts)
        explicit = None if auth_server_id is None else checked_server_id(auth_server_id)
        if issuer_id is not None and explicit is not None and explicit != issuer_id:
            raise ConfigurationError(
                f"the issuer URL names authorization server {issuer_id!r}, "
                f"but auth_server_id is {explicit!r}"
            )
        self.default: Final[AuthServerId] = explicit or issuer_id or DEFAULT_SERVER
        named = self if issuer is None else Server.of_issuer(issuer)
        if named.default not in (ORG, self.default):
            raise ConfigurationError(
                f"issuer names authorization server {named.default!r}, "
                f"but the client is for {self.default!r}"
            )
        self._issuer: Final = named.origin

    @classmethod
    def of_issuer(cls, issuer: str) -> Self:
        """The server that an issuer URL names.

        Raises:
            ConfigurationError: it cannot be an issuer.
        """
        try:
            is_org = str(issuer).strip().rstrip("/").count("/") == 2
            return cls(issuer, ORG if is_org else None)
        except ConfigurationError as error:
            raise ConfigurationError(str(error).replace("base_url", "issuer")) from None

    def named(self, auth_server_id: AuthServerId | None) -> AuthServerId:
        """The authorization server of a call, which names one or none."""
        return self.default if auth_server_id is None else checked_server_id(auth_server_id)

    def issuer(self, server: AuthServerId) -> str:
        """The ``iss`` of ``server``'s tokens: the org server's is the bare URL."""
        return self._issuer if server is ORG else f"{self._issuer}/oauth2/{server}"


# Types that hold a URL, by the packages they come from.
_URLS: Final = frozenset({"httpx", "httpx2", "pydantic", "pydantic_core", "starlette", "yarl"})


def text_of(name: str, value: object) -> str | None:
    """``value`` as text, if it is a URL object of a package that has some; else ``value`` itself.

    Raises:
        ConfigurationError: it is ``b"…"``, a path or the like, which are near to text.
    """
    if isinstance(value, str) or value is None:
        return value
    kind = type(value)
    if kind.__module__.partition(".")[0] in _URLS and "url" in kind.__name__.lower():
        return str(value)
    raise ConfigurationError(f"{name} must be a string, not {kind.__name__}")


def check_kind(name: str, value: object, *kinds: type) -> None:
    """Raise ``ConfigurationError`` for a value of another type, before anything is sent."""
    if not isinstance(value, kinds):
        wanted = " or ".join(kind.__name__.replace("NoneType", "None") for kind in kinds)
        raise ConfigurationError(f"{name} must be {wanted}, not {type(value).__name__}")


def checked_text(name: str, value: str) -> str:
    """``value`` itself, if it is text, and not empty."""
    check_kind(name, value, str)
    if not value.strip():
        raise ConfigurationError(f"{name} is empty")
    return value


def need_joserfc(what: str) -> None:
    """See that the extra is there.

    Raises:
        ConfigurationError: it is not.
    """
    try:
        import_module("joserfc.jws")
    except ImportError as error:
        raise ConfigurationError(f"{what} needs joserfc: install okta-oidc[jwt]") from error


def checked_server_id(auth_server_id: object) -> AuthServerId:
    """``auth_server_id`` itself, if it can be one.

    Dots survive percent-encoding, so an id of ``..`` would climb out of its path segment:
    only Okta's own alphabet is let through.
    """
    if auth_server_id is ORG:
        return ORG
    if not isinstance(auth_server_id, str) or not _SERVER_ID.fullmatch(auth_server_id):
        # Something that is no id may be a secret passed in the wrong place.
        kind = f"a {type(auth_server_id).__name__} of another form"
        shown = "an empty string" if auth_server_id == "" else kind
        raise ConfigurationError(
            f"not an authorization server id: {shown}. "
            "Pass an id of letters, digits, '_' and '-', or okta_oidc.ORG for the org server"
        )
    return auth_server_id


def _split(base_url: str | None) -> SplitResult:
    if not base_url or not base_url.strip():
        raise ConfigurationError("base_url is missing: pass https://{your Okta domain}")
    url = base_url.strip()
    if _PLACEHOLDER.search(url):
        raise ConfigurationError("base_url still holds a placeholder: fill in your Okta domain")
    # urlsplit() drops tabs and newlines without a word.
    if any(char.isspace() or not char.isprintable() or char == "\\" for char in url):
        raise ConfigurationError("base_url holds white space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # read for the ValueError it raises when it is no port number
    except ValueError:
        raise ConfigurationError("base_url is not a URL") from None
    host = _host(parts)
    if parts.scheme not in ("https", "http") or not host:
        raise ConfigurationError("base_url must be of the form https://{your Okta domain}")
    if "@" in parts.netloc:
        raise ConfigurationError("base_url must not hold a user name or password")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ConfigurationError("base_url must not have a query or a fragment")
    _check_host(host)
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            "base_url must be https: plain http is for loopback hosts only, "
            "as client secrets and tokens would cross the network in the clear"
        )
    return parts


def _check_host(host: str) -> None:
    if ":" in host:  # an IPv6 address, which httpx checks
        return
    if len(host) > 253 or not all(map(_HOST_LABEL.fullmatch, host.split("."))):
        raise ConfigurationError("base_url does not hold a valid host name")
    if host.endswith(".com.com"):
        raise ConfigurationError("the host of base_url ends in '.com.com'")
    if any(host.endswith(f"-admin.{domain}") for domain in _OKTA_DOMAINS):
        raise ConfigurationError("base_url is the address of the Admin Console: leave out '-admin'")


def _host(parts: SplitResult) -> str:
    # The dot of the DNS root is in no certificate, and in no org's name.
    return (parts.hostname or "").removesuffix(".")


def _issuer_id(parts: SplitResult) -> str | None:
    path = parts.path.rstrip("/")
    if not path:
        return None
    match = _ISSUER_PATH.fullmatch(path)
    # "/oauth2/v1" is where the org server's endpoints are, not an issuer.
    if match is None or match["id"] == "v1" or not _SERVER_ID.fullmatch(match["id"]):
        raise ConfigurationError(
            "base_url must be an org URL or an issuer URL (https://{org}/oauth2/{id}), "
            "with no further path; for the org server pass auth_server_id=okta_oidc.ORG"
        )
    return match["id"]

"""The checks of ``doctor``, in the order in which one depends on another."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

import okta_oidc
from okta_oidc._wire.environment import is_loopback

from ._connections import ORG_SERVER, Connection
from ._credentials import Trial, credentials_finding, tried
from ._errors import advice_on, message_of
from ._exits import InputError, MissingSecretError
from ._findings import Finding
from ._http_rows import budget_text
from ._network import addresses, connect, handshake
from ._published import Published, clock_skew, keys, keys_finding, metadata
from ._sessions import Session
from ._words import duration

_CHECKS: Final = (
    "org URL",
    "DNS",
    "connection",
    "discovery document",
    "clock",
    "authorization server",
    "keys",
    "credentials",
    "rate limit",
)
_DAY: Final = 86_400.0
# `iat` and `exp` are compared with this machine's clock, by most libraries with a minute's leeway.
_NOTICEABLE_SKEW: Final = 5.0
_HARMFUL_SKEW: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the calls go."""

    origin: str
    host: str
    port: int
    server_id: str
    proxy: str | None = field(repr=False)

    @property
    def proxy_name(self) -> str:
        """The proxy without its user name and password."""
        return urlsplit(self.proxy or "").netloc.rpartition("@")[2]

    @property
    def issuer(self) -> str:
        if self.server_id == ORG_SERVER:
            return self.origin
        return f"{self.origin}/oauth2/{self.server_id}"

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https:")


def examine(connection: Connection, session: Session) -> Iterator[Finding]:
    """Every check, as it is made; what cannot be made for want of an earlier one is skipped."""
    try:
        place = _place(connection)
    except (InputError, okta_oidc.ConfigurationError) as error:
        yield Finding(
            "org URL",
            "failed",
            _text_of(error),
            (error.hint if isinstance(error, InputError) else "")
            or "pass --org-url, or set OKTA_ORG_URL, to https://{your Okta domain}",
        )
        yield from _skipped("org URL")
        return
    yield Finding("org URL", "ok", f"{place.origin}, authorization server {place.server_id}")

    context = httpx.create_ssl_context()
    if place.proxy is not None:
        found = f"left to the proxy {place.proxy_name}, which the environment names"
        advice = "if it is not meant for this host, add the host to NO_PROXY"
        yield Finding("DNS", "skipped", found, advice)
        yield Finding("connection", "skipped", found, advice)
    else:
        yield (finding := _dns(place))
        if finding.status == "ok":
            yield (finding := _link(place, connection, session, context))
        if finding.status == "failed":
            yield from _skipped(finding.check)
            return

    discovery: Published | None = None
    trouble = ""
    with connection.client(okta_oidc.PublicClient("nobody"), None) as okta:
        try:
            discovery = metadata(okta, connection.custom_server_id)
        except okta_oidc.TransportError as error:
            trouble = message_of(error)
        yield _document(place, discovery, trouble)

        trial: Trial | None = None
        unreadable: InputError | okta_oidc.ConfigurationError | None = None
        try:
            trial = _tried(connection, session)
        except (InputError, okta_oidc.ConfigurationError) as error:
            unreadable = error
        skew = _skew(discovery, trial)
        yield _clock(skew)
        yield _server(place, discovery, trial)
        published: Published | None = None
        with suppress(okta_oidc.TransportError):
            published = keys(okta, connection.custom_server_id)
        yield keys_finding(published)
    if unreadable is not None:
        advice = "fix it, and run this again"
        yield Finding("credentials", "failed", _text_of(unreadable), advice)
        yield from _skipped("credentials")
        return
    yield credentials_finding(connection, session, trial, skew)
    yield _budget(trial, session)


def _text_of(error: InputError | okta_oidc.ConfigurationError) -> str:
    return message_of(error) if isinstance(error, okta_oidc.ConfigurationError) else str(error)


def _skipped(after: str) -> Iterator[Finding]:
    for check in _CHECKS[_CHECKS.index(after) + 1 :]:
        yield Finding(check, "skipped", f"not without the {after}", f"fix the {after} first")


def _place(connection: Connection) -> _Place:
    # Its rules are the client's: a client is made, and asked where it would send.
    client = connection.client(okta_oidc.PublicClient("nobody"), None)
    with client:
        url = client.api.get_httpx_client().base_url
    host = url.raw_host.decode("ascii")
    return _Place(
        origin=str(url).rstrip("/"),
        host=host,
        port=url.port or (443 if url.scheme == "https" else 80),
        server_id=connection.server_id,
        proxy=_proxy(host, url.scheme),
    )


def _proxy(host: str, scheme: str) -> str | None:
    if is_loopback(host):
        return None
    proxies = getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or proxy_bypass(host):
        return None
    return address if "://" in address else f"http://{address}"


def _dns(place: _Place) -> Finding:
    try:
        found = addresses(place.host, place.port)
    except OSError as error:
        return Finding(
            "DNS",
            "failed",
            f"{place.host}: {error.strerror or error}",
            "check the spelling of the host, then this machine's resolver and VPN",
        )
    if found == [place.host]:
        return Finding("DNS", "ok", f"{place.host} is an address")
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return Finding("DNS", "ok", f"{place.host} is {', '.join(found[:3])}{more}")


def _link(
    place: _Place, connection: Connection, session: Session, context: ssl.SSLContext
) -> Finding:
    where = f"{place.host}, port {place.port}"
    try:
        if not place.secure:
            connect(place.host, place.port, connection.timeout)
            return Finding("connection", "ok", f"{where}: plain http, on this machine")
        shake = handshake(place.host, place.port, connection.timeout, context)
    except ssl.SSLCertVerificationError as error:
        return Finding(
            "connection",
            "failed",
            f"{where}: the certificate is not trusted: {error.verify_message}",
            "if your company inspects TLS, set SSL_CERT_FILE to its CA bundle; "
            "else check the host and this machine's clock",
        )
    except ssl.SSLError as error:
        return Finding(
            "connection",
            "failed",
            f"{where}: no TLS: {error.reason or error}",
            "something other than Okta answers there: check the port, the proxy and the firewall",
        )
    except OSError as error:
        return Finding(
            "connection",
            "failed",
            f"{where}: {error.strerror or error}",
            "check the firewall, or set HTTPS_PROXY if this network needs a proxy",
        )
    left = shake.expires_at - session.now()
    text = f"{where}: {shake.version}, certificate by {shake.issuer} for {duration(left)} more"
    if left < 7 * _DAY:
        return Finding(
            "connection", "warning", text, "tell whoever keeps this domain to renew its certificate"
        )
    return Finding("connection", "ok", text)


def _document(place: _Place, discovery: Published | None, trouble: str) -> Finding:
    check = "discovery document"
    if discovery is None:
        return Finding(
            check, "failed", f"no complete answer: {trouble}", "see whether a proxy stands between"
        )
    members = discovery.members
    if 300 <= discovery.status <= 399:
        target = _host_of(discovery.headers.get("location", "")) or "another address"
        return Finding(
            check,
            "failed",
            f"HTTP {discovery.status}, a redirect to {target}",
            "was the org renamed, or does a proxy answer? set the org URL to where it is now: "
            "redirects are not followed",
        )
    if members.get("errorCode") == "E0000007":
        return Finding(
            check,
            "failed",
            f"HTTP {discovery.status}: there is no authorization server {place.server_id!r}",
            "look for its id under Security > API in the Admin Console, "
            "or pass --auth-server-id org",
        )
    if discovery.status != 200 or "issuer" not in members:
        return Finding(
            check,
            "warning",
            f"HTTP {discovery.status}, and no such document",
            "Okta has one, so check that the org URL leads to Okta; calls do without it",
        )
    if members["issuer"] != place.issuer:
        return Finding(
            check,
            "warning",
            f"its issuer is {members['issuer']}, not {place.issuer}",
            "tokens will name that issuer: let those who check them expect it (issuer=), or use "
            "its domain",
        )
    return Finding(check, "ok", f"issuer {place.issuer}")


def _host_of(location: str) -> str:
    try:
        return httpx.URL(location).host
    except httpx.InvalidURL:
        return ""


def _skew(discovery: Published | None, trial: Trial | None) -> float | None:
    """Seconds that this machine's clock is ahead of the server's; ``None`` if nothing was dated."""
    measured = None
    if trial is not None and trial.http is not None:
        # Never from a cache, unlike a document.
        measured = clock_skew(trial.http.headers, trial.at)
    return discovery.skew if measured is None and discovery is not None else measured


def _clock(skew: float | None) -> Finding:
    if skew is None:
        return Finding(
            "clock", "skipped", "no answer was dated", "compare this machine's clock yourself"
        )
    size = abs(skew)
    if size <= _NOTICEABLE_SKEW:
        return Finding("clock", "ok", "agrees with the server's")
    text = f"this machine is {duration(size)} {'ahead of' if skew > 0 else 'behind'} the server"
    if size <= _HARMFUL_SKEW:
        return Finding("clock", "warning", text, "see whether NTP runs")
    return Finding(
        "clock",
        "failed",
        text,
        "set the clock, by NTP: tokens look expired, or not yet valid, to this machine",
    )


def _server(place: _Place, discovery: Published | None, trial: Trial | None) -> Finding:
    check = "authorization server"
    if trial is not None and trial.names_server:
        assert isinstance(trial.error, okta_oidc.APIError)
        return Finding(
            check,
            "failed",
            f"{place.server_id}: {message_of(trial.error)}",
            "API Access Management is not licensed: pass --auth-server-id org"
            if trial.error.code == "E0000015"
            else "look for its id under Security > API in the Admin Console, "
            "or pass --auth-server-id org",
        )
    if trial is not None and trial.info is not None:
        return Finding(check, "ok", f"{place.server_id} answers")
    if discovery is not None and discovery.status == 200 and "issuer" in discovery.members:
        return Finding(check, "ok", f"{place.server_id} has a discovery document")
    return Finding(
        check, "skipped", f"{place.server_id}: not known", "fix what failed, and run this again"
    )


def _tried(connection: Connection, session: Session) -> Trial | None:
    if not connection.client_id:
        return None
    try:
        auth = connection.credentials(session)
    except MissingSecretError:
        return None
    return tried(connection, auth)


def _budget(trial: Trial | None, session: Session) -> Finding:
    check = "rate limit"
    http = None if trial is None else trial.http
    if trial is not None and isinstance(trial.error, okta_oidc.RateLimitError):
        return Finding(check, "failed", message_of(trial.error), advice_on(trial.error, session))
    if http is None:
        return Finding(check, "skipped", "no call was answered", "fix the credentials first")
    if http.rate_limit is None:
        return Finding(
            check,
            "skipped",
            "the answer does not tell it",
            "Okta tells it: does a gateway remove the X-Rate-Limit headers?",
        )
    text = f"{budget_text(http, trial.at if trial else session.now())} (introspect and revoke)"
    if http.rate_limit.remaining * 10 < http.rate_limit.limit:
        return Finding(
            check,
            "warning",
            text,
            "call less often, or see Reports > Rate Limits for who else does",
        )
    return Finding(check, "ok", text)

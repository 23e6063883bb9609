"""The checks of ``doctor``, in the order in which one depends on another."""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Final, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

import okta_oidc

from ._connections import METHODS, ORG_SERVER, Connection, credentials
from ._discovery import Discovery, clock_skew, discover
from ._errors import advice_on, message_of
from ._exits import InputError
from ._http_rows import budget_text
from ._network import addresses, connect, handshake
from ._secrets import CLIENT_SECRET
from ._sessions import Session
from ._words import duration

Status = Literal["ok", "warning", "failed", "skipped"]

NOTHING: Final = "nothing to do"
_CHECKS: Final = (
    "org URL",
    "DNS",
    "connection",
    "discovery document",
    "clock",
    "authorization server",
    "credentials",
    "rate limit",
)
_DAY: Final = 86_400.0
# `iat` and `exp` are compared with this machine's clock, by most libraries with a minute's leeway.
_NOTICEABLE_SKEW: Final = 5.0
_HARMFUL_SKEW: Final = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, and what to do next."""

    check: str
    status: Status
    text: str
    advice: str = NOTHING


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


@dataclass(frozen=True, slots=True)
class _Trial:
    """What became of the harmless call."""

    info: okta_oidc.Introspection | None
    error: okta_oidc.OktaError | None
    at: float
    secret: str = field(repr=False)


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
        yield (finding := _dns(place, connection))
        if finding.status == "ok":
            yield (finding := _link(place, connection, session, context))
        if finding.status == "failed":
            yield from _skipped(finding.check)
            return

    discovery: Discovery | None = None
    trouble: Exception | None = None
    try:
        discovery = discover(place.issuer, connection.timeout, context, place.proxy)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        trouble = error
    yield _document(place, discovery, trouble)

    try:
        trial = _tried(connection, session)
    except (InputError, okta_oidc.ConfigurationError) as error:
        yield _clock(discovery, None, session)
        yield _server(place, discovery, None, session)
        yield Finding("credentials", "failed", _text_of(error), "mend it, and run this again")
        yield from _skipped("credentials")
        return
    yield _clock(discovery, trial, session)
    yield _server(place, discovery, trial, session)
    yield _credentials(connection, session, trial)
    yield _budget(trial, session)


def _text_of(error: InputError | okta_oidc.ConfigurationError) -> str:
    return message_of(error) if isinstance(error, okta_oidc.ConfigurationError) else str(error)


def _skipped(after: str) -> Iterator[Finding]:
    for check in _CHECKS[_CHECKS.index(after) + 1 :]:
        yield Finding(check, "skipped", f"not without the {after}", f"mend the {after} first")


def _place(connection: Connection) -> _Place:
    # Its rules are the client's: a client is made, and asked where it would send.
    client = connection.client(okta_oidc.ClientSecretBasic("nobody", "nothing"), None)
    with client:
        url = client.api.get_httpx_client().base_url
    path = urlsplit((connection.org_url or "").strip()).path.strip("/")
    host = url.raw_host.decode("ascii")
    return _Place(
        origin=str(url).rstrip("/"),
        host=host,
        port=url.port or (443 if url.scheme == "https" else 80),
        server_id=connection.auth_server_id or path.rpartition("/")[2] or "default",
        proxy=_proxy(host, url.scheme),
    )


def _proxy(host: str, scheme: str) -> str | None:
    if _is_loopback(host):
        return None
    proxies = getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or proxy_bypass(host):
        return None
    return address if "://" in address else f"http://{address}"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _dns(place: _Place, connection: Connection) -> Finding:
    try:
        found = addresses(place.host, place.port, connection.timeout)
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


def _document(place: _Place, discovery: Discovery | None, trouble: Exception | None) -> Finding:
    check = "discovery document"
    if discovery is None:
        text = str(trouble) or type(trouble).__name__
        return Finding(
            check, "failed", f"no complete answer: {text}", "see whether a proxy stands between"
        )
    members = discovery.members or {}
    if 300 <= discovery.status <= 399:
        target = _host_of(discovery.location or "") or "another address"
        return Finding(
            check,
            "failed",
            f"HTTP {discovery.status}, a redirect to {target}",
            "was the org renamed? set the org URL to where it is now: redirects are not followed",
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
            "tokens will name that issuer: let those who check them expect it, or use its domain",
        )
    return Finding(check, "ok", f"issuer {place.issuer}")


def _host_of(location: str) -> str:
    try:
        return httpx.URL(location).host
    except httpx.InvalidURL:
        return ""


def _clock(discovery: Discovery | None, trial: _Trial | None, session: Session) -> Finding:
    skew = discovery.skew if discovery is not None else None
    answer = _http(trial)
    if answer is not None and trial is not None:
        # Never from a cache, unlike a document.
        measured = clock_skew(answer.headers, trial.at)
        skew = skew if measured is None else measured
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


def _server(
    place: _Place, discovery: Discovery | None, trial: _Trial | None, session: Session
) -> Finding:
    check = "authorization server"
    error = None if trial is None else trial.error
    if isinstance(error, okta_oidc.APIError) and _names_server(error):
        return Finding(
            check,
            "failed",
            f"{place.server_id}: {message_of(error)}",
            "API Access Management is not licensed: pass --auth-server-id org"
            if error.code == "E0000015"
            else "look for its id under Security > API in the Admin Console, "
            "or pass --auth-server-id org",
        )
    members = {} if discovery is None else discovery.members or {}
    if trial is not None and trial.info is not None:
        return Finding(check, "ok", f"{place.server_id} answers")
    if discovery is not None and discovery.status == 200 and "issuer" in members:
        return Finding(check, "ok", f"{place.server_id} has a discovery document")
    return Finding(
        check, "skipped", f"{place.server_id}: not known", "mend what failed, and run this again"
    )


def _names_server(error: okta_oidc.APIError) -> bool:
    return error.code in ("E0000007", "E0000015") or (
        error.code == "invalid_request"
        and "authorization server" in (error.description or "").lower()
    )


def _tried(connection: Connection, session: Session) -> _Trial | None:
    if not connection.client_id:
        return None
    secret = session.secrets.find(CLIENT_SECRET, connection.client_secret_file)
    if secret is None:
        if not session.secrets.can_ask:
            return None
        secret = session.secrets.read(CLIENT_SECRET, None)
    return _trial(connection, session, connection.auth_method, connection.client_id, secret)


def _trial(
    connection: Connection, session: Session, method: str, client_id: str, secret: str
) -> _Trial:
    auth = credentials(session.screen, method, client_id, secret)
    with connection.client(auth, None) as okta:
        begun = time.time()
        try:
            # No such token exists, so the answer is "not active" and nothing changes.
            info = okta.introspect(f"okta-oidc-doctor-{token_urlsafe(16)}")
        except okta_oidc.OktaError as error:
            return _Trial(None, error, (begun + time.time()) / 2, secret)
        return _Trial(info, None, (begun + time.time()) / 2, secret)


def _credentials(connection: Connection, session: Session, trial: _Trial | None) -> Finding:
    check = "credentials"
    if trial is None:
        return Finding(
            check,
            "skipped",
            "there are none to try",
            "set OKTA_CLIENT_ID and OKTA_CLIENT_SECRET to have them tried",
        )
    error = trial.error
    if error is None:
        return Finding(check, "ok", f"accepted for {connection.client_id}")
    text = message_of(error)
    if isinstance(error, okta_oidc.InvalidClientError):
        return Finding(
            check, "failed", text, _credentials_advice(connection, session, trial, error)
        )
    if isinstance(error, okta_oidc.RateLimitError):
        return Finding(check, "skipped", "not tried: the rate limit is used up", "wait, and rerun")
    if isinstance(error, okta_oidc.APIError) and _names_server(error):
        return Finding(
            check,
            "skipped",
            "the authorization server did not try them",
            "mend the authorization server first",
        )
    if isinstance(error, okta_oidc.TransportError):
        advice = "see whether a proxy or a firewall stops POST requests, or raise --timeout"
        return Finding(check, "failed", text, advice)
    if isinstance(error, okta_oidc.MalformedResponseError):
        advice = "see what answers at the org URL: a proxy, or a sign-in page?"
        return Finding(check, "failed", text, advice)
    return Finding(check, "failed", text, advice_on(error, session))


def _credentials_advice(
    connection: Connection,
    session: Session,
    trial: _Trial,
    error: okta_oidc.InvalidClientError,
) -> str:
    if error.error_id is not None:
        # Okta answers an id that it does not know in another form than a wrong secret.
        return "this org does not know the client id: check OKTA_CLIENT_ID and the org URL"
    other = METHODS[connection.auth_method.endswith("basic")]
    if _trial(connection, session, other, connection.client_id or "", trial.secret).error is None:
        return f"the application is registered for {other}: pass --auth-method {other}"
    return "neither method is accepted: copy the secret anew, and see that it was not rotated"


def _budget(trial: _Trial | None, session: Session) -> Finding:
    check = "rate limit"
    http = _http(trial)
    if trial is not None and isinstance(trial.error, okta_oidc.RateLimitError):
        return Finding(check, "failed", message_of(trial.error), advice_on(trial.error, session))
    if http is None:
        return Finding(check, "skipped", "no call was answered", "mend the credentials first")
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


def _http(trial: _Trial | None) -> okta_oidc.HttpInfo | None:
    if trial is None:
        return None
    if trial.info is not None:
        return trial.info.http
    return trial.error.http if isinstance(trial.error, okta_oidc.APIError) else None

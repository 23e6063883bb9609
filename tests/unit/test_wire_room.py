"""The room for HTTP: what it may know, and what it makes of the environment and of bodies."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import ast
import gzip
import os
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import certifi
import httpx
import okta_oidc
import pytest
import trustme
from httpcore._utils import is_socket_readable
from httpx._utils import URLPattern, get_environment_proxies
from okta_oidc import (
    AsyncOktaOIDC,
    ConfigurationError,
    InvalidGrantError,
    MalformedResponseError,
    OktaOIDC,
    ServerError,
)
from okta_oidc._wire import connections
from okta_oidc._wire.bodies import LARGEST, Answer, SentBody
from okta_oidc._wire.environment import Unusable, proxy_address, tls
from okta_oidc._wire.exchanges import AsyncWire, Broken, Wire

from tests.support.samples import BASIC, CALLBACK, ORG_URL
from tests.support.servers import RawServer, http_bytes

from .conftest import OpenOkta, ServeRaw

_ROOM = Path(okta_oidc.__file__).parent / "_wire"


# What it imports


def _reaches_out(source: str) -> list[str]:
    """The imports by which a module of the room would know what is outside it."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            if node.level > 1 or (node.level == 0 and name.startswith("okta_oidc")):
                found.append(name)
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith("okta_oidc")]
    return found


def test_the_room_imports_nothing_of_ours_but_itself() -> None:
    modules = list(_ROOM.glob("*.py"))
    assert len(modules) > 5
    assert {module.name: _reaches_out(module.read_text("utf-8")) for module in modules} == {
        module.name: [] for module in modules
    }


@pytest.mark.parametrize(
    "line",
    [
        "from .._errors import ConfigurationError",
        "from .. import ORG",
        "import okta_oidc",
        "from okta_oidc import ORG",
        "import okta_oidc_api.models",
        "def f():\n    from .._config import Server",
    ],
)
def test_an_import_of_ours_would_be_seen(line: str) -> None:
    assert _reaches_out(line)
    assert not _reaches_out("from .bodies import SentBody\nimport httpx")


# Bodies that were compressed unasked

ACTIVE = b'{"active":true}'


def _zeros(size: int, form: int = 31) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, form)
    return b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(size >> 20)) + squeeze.flush()


def _bare_deflate(body: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(body) + squeeze.flush()


PLAIN: dict[str, tuple[str, bytes]] = {
    "none": ("", ACTIVE),
    "identity": ("identity", ACTIVE),
    "gzip": ("gzip", gzip.compress(ACTIVE)),
    "capitals": (" GZIP ", gzip.compress(ACTIVE)),
    "deflate": ("deflate", zlib.compress(ACTIVE)),
    "deflate without a header": ("deflate", _bare_deflate(ACTIVE)),
    "one layer among none": ("identity, gzip, identity", gzip.compress(ACTIVE)),
    "said, not done": ("gzip", ACTIVE),
}
KEPT: dict[str, tuple[str, bytes]] = {
    "two layers": ("gzip, gzip", gzip.compress(gzip.compress(ACTIVE))),
    "two layers of two kinds": ("deflate,gzip", gzip.compress(zlib.compress(ACTIVE))),
    "many layers": (", ".join(["gzip"] * 9), gzip.compress(ACTIVE)),
    "a bomb in two layers": ("gzip, gzip", gzip.compress(_zeros(256 << 20))),
    "brotli": ("br", b"\x0b\x07\x80" + ACTIVE + b"\x03"),
    "zstandard": ("zstd", b"\x28\xb5\x2f\xfd\x20\x0f\x79\x00\x00" + ACTIVE),
    "unknown, though it is JSON": ("x-rot13", ACTIVE),
}


def _encoded(coding: str, body: bytes, status: str = "200 OK") -> bytes:
    headers = [("Content-Type", "application/json"), ("Content-Encoding", coding)]
    return http_bytes(status, body, headers if coding else headers[:1])


@pytest.mark.parametrize("case", PLAIN)
def test_one_layer_of_the_two_old_codings_is_undone(
    open_okta: OpenOkta, serve_raw: ServeRaw, case: str
) -> None:
    assert open_okta(serve_raw(_encoded(*PLAIN[case])).url).introspect("t").active


@pytest.mark.parametrize("case", KEPT)
def test_any_other_coding_is_kept_as_it_came(
    open_okta: OpenOkta, serve_raw: ServeRaw, case: str
) -> None:
    """A success is none then, a revocation's too; a refusal is what its status says."""
    coding, body = KEPT[case]
    okta = open_okta(serve_raw(_encoded(coding, body)).url, retry=None)
    calls: tuple[Callable[[], object], ...] = (
        lambda: okta.introspect("t"),
        lambda: okta.revoke("t"),
        lambda: okta.token_for_code("c", CALLBACK),
    )
    for call in calls:
        with pytest.raises(MalformedResponseError, match="coding") as malformed:
            call()
        assert malformed.value.body == body
    refusing = open_okta(serve_raw(_encoded(coding, body, "503 Busy")).url, retry=None)
    with pytest.raises(ServerError) as refused:
        refusing.introspect("t")
    assert refused.value.body == body


def test_nothing_at_all_is_in_no_coding(open_okta: OpenOkta, serve_raw: ServeRaw) -> None:
    open_okta(serve_raw(_encoded("br", b"")).url).revoke("t")


def test_a_refusal_in_one_layer_is_read(open_okta: OpenOkta, serve_raw: ServeRaw) -> None:
    body = gzip.compress(b'{"error":"invalid_grant"}')
    okta = open_okta(serve_raw(_encoded("gzip", body, "400 Bad Request")).url)
    with pytest.raises(InvalidGrantError):
        okta.token_for_code("c", CALLBACK)


@pytest.mark.parametrize("form", [31, 15, -15], ids=["gzip", "zlib", "bare"])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_no_bomb_takes_memory_or_time(form: int, layers: int) -> None:
    raw = _zeros(512 << 20, form)
    for _ in range(layers - 1):
        raw = gzip.compress(raw)
    coding = "gzip" if form == 31 else "deflate"
    headers = {"Content-Encoding": ", ".join([coding] * layers)}
    answer = Answer(httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"")))
    for start in range(0, len(raw), 65536):
        answer.add(raw[start : start + 65536])
    tracemalloc.start()
    began = time.process_time()
    answer.finished()
    seconds = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * LARGEST
    assert seconds < 0.5
    assert answer.is_plain is (layers == 1)
    if layers == 1:
        assert answer.body == bytes(LARGEST)
        assert not answer.is_complete
    else:
        assert answer.body == raw[:LARGEST]


# Headers


@pytest.mark.parametrize(
    "value",
    [b"plain", "J\xfcrgen \u20ac".encode(), "J\xfcrgen".encode("latin-1"), b"\xff\xfe", b""],
    ids=["ascii", "utf-8", "latin-1", "neither", "empty"],
)
def test_headers_are_decoded_as_httpx_decodes_them(value: bytes) -> None:
    raw = [(b"Content-Type", b"application/json"), (b"X-Name", value)]
    answer = Answer(httpx.Response(200, headers=raw))
    assert answer.headers["x-name"] == httpx.Headers(raw)["x-name"]
    assert answer.headers.encoding == httpx.Headers(raw).encoding


# Certificates


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_variables")
def test_certificates_that_the_next_client_trusts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that is made after the variables have changed, as a new ``httpx.Client`` does."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    store = tmp_path / "store.pem"
    default = tls()
    assert tls() is default
    trustme.CA().cert_pem.write_to_path(str(store))
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    other = tls()
    assert other is not default
    assert tls() is other
    # The same file, with something else in it.
    authority.cert_pem.write_to_path(str(store))
    os.utime(store, ns=(1, 1))
    mended = tls()
    assert mended is not other
    assert len(mended.get_ca_certs()) == 1
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert tls() is not mended
    monkeypatch.delenv("SSL_CERT_DIR")
    assert tls() is default


@pytest.mark.usefixtures("no_variables")
def test_a_class_of_contexts_that_was_put_in_place_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by truststore, which takes the place of ``ssl.SSLContext``."""
    before = tls()

    class Injected(ssl.SSLContext):
        pass

    with monkeypatch.context() as patched:
        patched.setattr(ssl, "SSLContext", Injected)
        patched.setattr(httpx, "create_ssl_context", lambda: "of the new class")
        assert str(tls()) == "of the new class"
    assert tls() is before


@pytest.mark.usefixtures("no_variables")
def test_a_store_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tls()
    monkeypatch.setattr(httpx, "create_ssl_context", None)
    for cls in (OktaOIDC, AsyncOktaOIDC):
        cls(ORG_URL, BASIC)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.usefixtures("no_variables")
def test_a_store_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "missing"))
    with pytest.raises(Unusable, match="certificate store"):
        tls()
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        okta_oidc.aiohttp_client()
    assert certifi.where()


# Proxies

_PROXY = "http://user:hush-password@proxy.example:3128"
_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_ORIGINS = {
    "https": httpx.URL("https://dev-1.okta.com"),
    "port": httpx.URL("https://dev-1.okta.com:8443"),
    "port of https": httpx.URL("https://dev-1.okta.com:443"),
    "address": httpx.URL("https://10.1.2.3"),
    "IPv6": httpx.URL("https://[2001:db8::1]:8443"),
    "international": httpx.URL("https://xn--bcher-kva.example"),
}


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(**values: str) -> None:
        for name in _VARIABLES:
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


EXCEPTIONS: list[tuple[str, set[str]]] = [
    ("", set()),
    ("*", set(_ORIGINS)),
    ("elsewhere.example,  *", set(_ORIGINS)),
    ("okta.com", {"https", "port", "port of https"}),
    (".okta.com", {"https", "port", "port of https"}),
    ("dev-1.okta.com", {"https", "port", "port of https"}),
    ("kta.com", set[str]()),
    ("dev-1.okta.com:8443", {"port"}),
    ("dev-1.okta.com:443", set[str]()),
    ("okta.com:8443", {"port"}),
    ("https://dev-1.okta.com", {"https", "port", "port of https"}),
    ("https://dev-1.okta.com:8443", {"port"}),
    ("http://dev-1.okta.com", set[str]()),
    ("all://dev-1.okta.com", {"https", "port", "port of https"}),
    ("10.1.2.3", {"address"}),
    ("10.1.2.3/32", {"address"}),
    ("2001:db8::1", {"IPv6"}),
    ("a.example, dev-1.okta.com:8443 ,10.1.2.3", {"port", "address"}),
]


@pytest.mark.parametrize(("no_proxy", "direct"), EXCEPTIONS)
def test_every_form_of_an_exception(
    variables: Callable[..., None], no_proxy: str, direct: set[str]
) -> None:
    """As httpx reads it, whose own choice is the other half of this test."""
    variables(HTTPS_PROXY=_PROXY, NO_PROXY=no_proxy)
    found = {name for name, origin in _ORIGINS.items() if proxy_address(origin) is None}
    # httpx takes the port of its own scheme for none.
    theirs = {
        name for name, origin in _ORIGINS.items() if _choice_of_httpx(origin) in (None, "direct")
    }
    assert found == theirs
    if no_proxy != "dev-1.okta.com:443":
        assert found == direct


@pytest.mark.parametrize("no_proxy", ["2001:db8::1/128", "bücher.example", "[", "::1]"])
def test_an_exception_that_httpx_cannot_read(variables: Callable[..., None], no_proxy: str) -> None:
    """It excepts nothing, and is no reason to fail."""
    variables(HTTPS_PROXY=_PROXY, NO_PROXY=f"{no_proxy},10.1.2.3")
    found = {name for name, origin in _ORIGINS.items() if proxy_address(origin) is None}
    assert found == {"address"}


def _choice_of_httpx(origin: httpx.URL) -> str | None:
    with httpx.Client(verify=False) as client:
        chosen = client._transport_for_url(origin)
        return "direct" if chosen is client._transport else "proxied"


@pytest.mark.parametrize(
    ("values", "scheme", "expected"),
    [
        ({"HTTPS_PROXY": _PROXY}, "https", "proxy.example"),
        ({"HTTPS_PROXY": "proxy.example:3128"}, "https", "proxy.example"),
        ({"ALL_PROXY": _PROXY}, "https", "proxy.example"),
        ({"HTTPS_PROXY": _PROXY, "ALL_PROXY": "http://other.example"}, "https", "proxy.example"),
        ({"HTTP_PROXY": _PROXY}, "https", None),
        ({"HTTP_PROXY": _PROXY}, "http", "proxy.example"),
    ],
)
def test_the_proxy_for_a_scheme(
    variables: Callable[..., None], values: dict[str, str], scheme: str, expected: str | None
) -> None:
    variables(**values)
    found = proxy_address(httpx.URL(f"{scheme}://host.example"))
    assert (found and found.url.host) == expected
    assert proxy_address(httpx.URL(f"{scheme}://127.0.0.1")) is None


@pytest.mark.parametrize("address", ["ftp://proxy.example", "http://user:hush-password@[::1"])
def test_a_proxy_that_is_none(variables: Callable[..., None], address: str) -> None:
    variables(HTTPS_PROXY=address)
    with pytest.raises(ConfigurationError, match="proxy address") as raised:
        OktaOIDC(ORG_URL, BASIC)
    assert "hush" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_socks_proxy_without_what_it_takes(
    variables: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables(HTTPS_PROXY="socks5://user:hush-password@proxy.example")
    monkeypatch.setattr(connections, "find_spec", dict[str, None]().get)
    for cls in (OktaOIDC, AsyncOktaOIDC):
        with pytest.raises(ConfigurationError, match=r"httpx\[socks\]") as raised:
            cls(ORG_URL, BASIC)
        assert "hush" not in str(raised.value)


def test_what_httpx_knows_of_proxies_is_where_it_is_looked_for() -> None:
    """It is its own affair, of a version that is pinned."""
    assert URLPattern("all://x.example").matches(httpx.URL("https://x.example"))
    assert isinstance(get_environment_proxies(), dict)


def test_what_httpcore_knows_of_sockets_is_where_it_is_looked_for() -> None:
    """For aiohttp's connections, of which the loop may not have read what came."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not is_socket_readable(ours)
        theirs.send(b"x")
        assert is_socket_readable(ours)
    assert is_socket_readable(None)


# Bytes behind an answer


def test_what_tls_still_holds() -> None:
    """A record that was read together with the answer, an end of the connection too."""
    authority = trustme.CA()
    contexts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(contexts[0])  # pyright: ignore[reportUnknownMemberType]
    authority.configure_trust(contexts[1])  # pyright: ignore[reportUnknownMemberType]
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = contexts[0].wrap_bio(there, back, server_side=True)
    client = contexts[1].wrap_bio(back, there, server_hostname="localhost")
    for side in (client, server, client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    assert not connections._holds_more(None)
    assert not connections._holds_more(client)
    server.write(b"more")
    assert connections._holds_more(client)
    client.read(3)
    assert not connections._holds_more(client)
    with suppress(ssl.SSLWantReadError):
        server.unwrap()
    assert connections._holds_more(client)


# Requests of any kind


REQUESTS: dict[str, Callable[[str], httpx.Request]] = {
    "GET": lambda url: httpx.Request("GET", url),
    "HEAD": lambda url: httpx.Request("HEAD", url),
    "DELETE": lambda url: httpx.Request("DELETE", url),
    "POST of nothing": lambda url: httpx.Request("POST", url),
    "PUT of JSON": lambda url: httpx.Request("PUT", url, json={"a": 1}),
    "PATCH of a form": lambda url: httpx.Request("PATCH", url, data={"a": "1"}),
    "POST with limits": lambda url: httpx.Request(
        "POST", url, content=b"abc", extensions={"timeout": {"read": 1.0}}
    ),
}


async def _by_task(wire: Any, request: httpx.Request, limit: float | None) -> Any:
    try:
        return await wire.exchange(request, limit)
    finally:
        await wire.aclose()


@pytest.mark.parametrize("limit", [None, 5.0])
@pytest.mark.parametrize("case", REQUESTS)
@pytest.mark.parametrize("face", ["sync", "asyncio", "trio", "aiohttp", "lent", "lent async"])
def test_any_request(face: str, case: str, limit: float | None) -> None:
    """Of any method, with a body or without, and with no limits of its own."""
    with RawServer(http_bytes(body=ACTIVE if case != "HEAD" else b"")) as server:
        request = REQUESTS[case](f"{server.url}/path?query=1")
        request.stream = SentBody(request.content)
        origin = httpx.URL(server.url)
        client: Any
        if face == "sync":
            wire = Wire(origin)
            answer = wire.exchange(request, limit)
            wire.close()
        elif face == "lent":
            with httpx.Client(trust_env=False) as client:
                answer = Wire(origin, client).exchange(request, limit)
        elif face == "aiohttp":
            pytest.importorskip("aiohttp")

            async def by_aiohttp() -> Any:
                wire = AsyncWire(origin, okta_oidc.aiohttp_client())
                return await _by_task(wire, request, limit)

            answer = anyio.run(by_aiohttp)
        elif face == "lent async":

            async def by_client() -> Any:
                async with httpx.AsyncClient(trust_env=False) as client:
                    return await AsyncWire(origin, client).exchange(request, limit)

            answer = anyio.run(by_client)
        else:
            answer = anyio.run(_by_task, AsyncWire(origin), request, limit, backend=face)
        (sent,) = server.requests
    assert sent.request_line == f"{request.method} /path?query=1 HTTP/1.1"
    assert sent.body == request.content
    assert sent.header("host") == [origin.netloc.decode()]
    assert answer.status == 200
    assert answer.body == (b"" if case == "HEAD" else ACTIVE)


def test_a_body_that_was_never_asked_for() -> None:
    """Of an empty one nothing tells."""
    assert SentBody(b"").started
    body = SentBody(b"form")
    assert not body.started
    assert b"".join(body) == b"form"
    assert body.started


def test_nobody_there_is_never_sent() -> None:
    with RawServer() as server:
        url = server.url
    wire = Wire(httpx.URL(url))
    with pytest.raises(Broken) as broken:
        wire.exchange(httpx.Request("POST", url, stream=SentBody(b"form")), 5.0)
    assert broken.value.never_sent
    assert not broken.value.is_timeout
    assert broken.value.is_quotable
    assert broken.value.answer is None

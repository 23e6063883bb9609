"""Every promise, at every server, by either face."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from importlib.util import find_spec
from typing import Any, Protocol, cast

import httpx
import pytest
from okta_oidc import AsyncOktaOIDC, aiohttp_client
from okta_oidc.testing import FakeOkta

from tests.support.faces import EVERY_KIND, awaited
from tests.support.oidc_provider import LoopbackTLS, RegisteredClient, start

from ._authorities import (
    Authority,
    FakeAuthority,
    OIDCProviderAuthority,
    credentials,
    org_in_environment,
)
from ._differences import UNDESCRIBED, Feature, Point, Server, expected
from ._judge import AsyncJudgedTransport, Judge, JudgedTransport, watch, watch_aiohttp

# Where the package makes its own connections, which is where faces differ. What goes through an
# ``http_client`` is the same code for both event loops, and aiohttp_client() takes none.
OWN_CONNECTIONS = (Server.FAKE_ON_PORT, Server.OIDC_PROVIDER, Server.OKTA_ORG)
AIOHTTP_ABSENT = "aiohttp_client(): not judged, as okta-oidc[aiohttp] is not installed"
ORG_ABSENT = (
    "an Okta org: not judged, as OKTA_ORG_URL, OKTA_CLIENT_ID and OKTA_CLIENT_SECRET are not all "
    "in the environment"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*features): what a test needs of its server")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = {item for item in items if _is_absent(item)}
    if absent:
        config.hook.pytest_deselected(items=list(absent))
        items[:] = [item for item in items if item not in absent]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # In the summary, where -q and xdist show it too.
    if org_in_environment() is None:
        terminalreporter.write_line(ORG_ABSENT)
    if not _has_aiohttp():
        terminalreporter.write_line(AIOHTTP_ABSENT)


def _is_absent(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    params: dict[str, object] = {} if callspec is None else callspec.params
    server, face_name = params.get("server"), params.get("face_name")
    if server is Server.OKTA_ORG and org_in_environment() is None:
        return True
    if face_name == "aiohttp" and not _has_aiohttp():
        return True
    if server is None:
        return False
    return face_name in ("aiohttp", "trio") and server not in OWN_CONNECTIONS


def _has_aiohttp() -> bool:
    return find_spec("aiohttp") is not None


@pytest.fixture(params=list(Server), ids=lambda server: cast("Server", server).id)
def server(request: pytest.FixtureRequest) -> Server:
    return cast("Server", request.param)


@pytest.fixture(params=(*EVERY_KIND, "aiohttp"))
def face_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def anyio_backend(face_name: str) -> str:
    return "trio" if face_name == "trio" else "asyncio"


@pytest.fixture(scope="session")
def oidc_providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Server], Any]]:
    """The two processes, each started when a test first asks for it."""
    running: dict[Server, OIDCProviderAuthority] = {}
    with ExitStack() as stack:

        def authority(server: Server) -> OIDCProviderAuthority:
            if server not in running:
                tls = None
                if server is Server.OIDC_PROVIDER_TLS:
                    tls = LoopbackTLS.issue(tmp_path_factory.mktemp("tls"))
                running[server] = OIDCProviderAuthority(stack.enter_context(start(tls=tls)))
            return running[server]

        yield authority


@pytest.fixture
def authority(
    server: Server,
    oidc_providers: Callable[[Server], OIDCProviderAuthority],
    request: pytest.FixtureRequest,
) -> Iterator[Authority]:
    with ExitStack() as stack:
        found: Authority
        match server:
            case Server.FAKE_IN_MEMORY:
                found = FakeAuthority(server, FakeOkta(refuse_cookies=True))
            case Server.FAKE_ON_PORT:
                fake = FakeOkta(refuse_cookies=True)
                stack.enter_context(fake.serve())
                found = FakeAuthority(server, fake)
            case Server.OIDC_PROVIDER | Server.OIDC_PROVIDER_TLS:
                found = oidc_providers(server)
            case Server.OKTA_ORG:
                org = org_in_environment()
                assert org is not None
                found = org
        for marker in request.node.iter_markers("needs"):
            for feature in cast("tuple[Feature, ...]", marker.args):
                reason = found.lacks(feature)
                if reason is not None:
                    pytest.skip(reason)
        yield found


@pytest.fixture
def judge(server: Server) -> Judge:
    return Judge((answer.status, answer.media_type) for answer in UNDESCRIBED[server])


@pytest.fixture
def all_seen(
    judge: Judge, authority: Authority, face_name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Shows the judge what clients send by themselves, below the transports that they make."""
    if face_name == "aiohttp":
        watch_aiohttp(judge, monkeypatch)
    elif authority.transport() is None and authority.tls() is None:
        watch(judge, monkeypatch)
    yield
    assert judge.exchanges, "nothing came past the judge"


class Connect(Protocol):
    """Makes a client of the face under test."""

    def __call__(
        self, client: RegisteredClient, **options: Any
    ) -> AbstractAsyncContextManager[AsyncOktaOIDC]: ...


@pytest.fixture
def connect(authority: Authority, judge: Judge, all_seen: None, face_name: str) -> Connect:
    @asynccontextmanager
    async def connected(client: RegisteredClient, **options: Any) -> AsyncGenerator[AsyncOktaOIDC]:
        defaults = {
            "base_url": authority.base_url,
            "auth_server_id": authority.default,
            "retry": None,
        }
        options = defaults | options
        auth = credentials(client)
        http: Any
        if face_name == "aiohttp":
            http = aiohttp_client()
        else:
            make = _http_client if face_name.startswith("sync") else _async_http_client
            http = make(authority, judge)
        async with awaited(face_name, auth=auth, http_client=http, **options) as face:
            yield face

    return connected


def _http_client(authority: Authority, judge: Judge) -> httpx.Client | None:
    transport, tls = authority.transport(), authority.tls()
    if transport is not None:
        return httpx.Client(transport=JudgedTransport(judge, transport))
    if tls is not None:
        return httpx.Client(verify=tls, event_hooks={"response": [judge.on_response]})
    return None


def _async_http_client(authority: Authority, judge: Judge) -> httpx.AsyncClient | None:
    transport, tls = authority.async_transport(), authority.tls()
    if transport is not None:
        return httpx.AsyncClient(transport=AsyncJudgedTransport(judge, transport))
    if tls is not None:
        hooks = {"response": [judge.on_async_response]}
        return httpx.AsyncClient(verify=tls, event_hooks=hooks)
    return None


@pytest.fixture
async def okta(connect: Connect, authority: Authority) -> AsyncIterator[AsyncOktaOIDC]:
    """The client registered for ``client_secret_basic``."""
    async with connect(authority.basic) as face:
        yield face


@pytest.fixture
def differs(server: Server) -> Callable[[Point], str]:
    """What this server answers at a point of the table."""
    return lambda point: expected(server, point)

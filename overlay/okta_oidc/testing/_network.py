"""What ``no_okta_network`` stands on: no connection of this package's may be opened meanwhile."""

from __future__ import annotations

import inspect
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

# These call stores, by clients that are the caller's: where they lead to is not Okta.
_STORES: Final = ("okta_oidc.redis", "okta_oidc._holding", "okta_oidc._resource")
_PORTS: Final = {"http": 80, "https": 443}


class NetworkGuard:
    """Fails the test in which this package opens a connection, by whatever transport.

    ``attempts`` are those that were stopped, as ``"host:port"``, in order.
    """

    def __init__(self) -> None:
        self.attempts: list[str] = []
        self._allowed: set[tuple[str, int]] = set()

    def allow(self, url: str) -> None:
        """Let connections to this URL's host and port pass: a server of the test's own."""
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
        if not parts.hostname or port is None:
            raise ValueError("a URL with a host is needed, such as http://127.0.0.1:8080")
        self._allowed.add((parts.hostname, port))

    def check(self, host: object, port: object) -> None:
        """Fail the test if the code that is opening this connection is the package's."""
        if (_text(host), port) in self._allowed or not _is_ours():
            return
        address = f"{_text(host)}:{port}"
        self.attempts.append(address)
        pytest.fail(_message(address))

    def verify(self) -> None:
        """Fail the test if a connection was stopped, wherever its failure went."""
        if self.attempts:
            pytest.fail(_message(", ".join(self.attempts)), pytrace=False)

    @contextmanager
    def watching(self) -> Generator[None]:
        """Look at every connection that is opened until the block ends.

        It is looked at as early as possible, before names are resolved, and where the calling code
        is still on the stack: asynchronous libraries connect in tasks of their own.
        """
        with pytest.MonkeyPatch.context() as patch:
            self._watch_sockets(patch)
            self._watch_anyio(patch)
            if find_spec("aiohttp") is not None:
                self._watch_aiohttp(patch)
            yield

    def _watch_sockets(self, patch: pytest.MonkeyPatch) -> None:
        resolve: Callable[..., Any] = socket.getaddrinfo

        def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            self.check(host, port)
            return resolve(host, port, *args, **options)

        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, self._checked(getattr(socket.socket, name)))

    def _checked(self, connect: Callable[..., Any]) -> Callable[..., Any]:
        def checked(this: socket.socket, address: Any) -> Any:
            if not isinstance(address, (str, bytes)):  # the path of a socket on this machine
                self.check(address[0], address[1])
            return connect(this, address)

        return checked

    def _watch_anyio(self, patch: pytest.MonkeyPatch) -> None:
        import anyio

        connect: Callable[..., Any] = anyio.connect_tcp

        async def connect_tcp(remote_host: object, remote_port: int, **options: Any) -> Any:
            self.check(remote_host, remote_port)
            return await connect(remote_host, remote_port, **options)

        patch.setattr(anyio, "connect_tcp", connect_tcp)

    def _watch_aiohttp(self, patch: pytest.MonkeyPatch) -> None:
        # Its resolver runs in a task of its own. A name that aiohttp takes away is an error here:
        # better than a guard that sees nothing.
        connector: Any = import_module("aiohttp").TCPConnector
        create: Callable[..., Any] = connector._create_connection  # noqa: SLF001

        async def create_connection(this: Any, request: Any, *args: Any, **options: Any) -> Any:
            self.check(request.url.host, request.url.port)
            return await create(this, request, *args, **options)

        patch.setattr(connector, "_create_connection", create_connection)


def _is_ours() -> bool:
    frame = inspect.currentframe()
    while frame is not None:
        name: str = frame.f_globals.get("__name__", "")
        # The guard is part of the package too, and on top of every stack that it looks at.
        if name.startswith("okta_oidc.") and not name.startswith("okta_oidc.testing."):
            return not name.startswith(_STORES)
        frame = frame.f_back
    return False


def _text(host: object) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)


def _message(address: str) -> str:
    return (
        f"okta-oidc opened a connection ({address}) in a test with no_okta_network: use"
        " fake_okta.client(), or mock what http_client=httpx.Client() sends"
    )

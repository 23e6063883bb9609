"""A headless Chromium, oidc-provider, and the web application between them."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from okta_oidc import AsyncMemoryTokenStore
from okta_oidc._runtime import RUNTIME
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from examples.web_app.app import create_app
from examples.web_app.settings import Settings
from tests.support.oidc_provider import BASIC, RunningServer, start

# Debian's names first.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    # Its sandbox needs rights that containers do not have; the pages it opens are our own.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    # Nothing but loopback is asked for anything.
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--lang=en",
    "--window-size=1100,900",
)


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: ``SCREENSHOTS`` in the environment, or pytest's own folder."""
    named = os.environ.get("SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail(
            f"none of {', '.join(names)} is installed; on Debian: apt-get install chromium "
            "chromium-driver",
            pytrace=False,
        )
    return found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = _program(*BROWSERS)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    # Named, so that Selenium looks for no driver to download.
    service = ChromeService(executable_path=_program("chromedriver"))
    driver = Chrome(options=options, service=service)
    try:
        driver.set_page_load_timeout(30)
        yield driver
    finally:
        driver.quit()


class _Server(uvicorn.Server):
    """One that says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


@dataclass
class Stage:
    """The URL of the application, and the server it is a client of."""

    url: str
    provider: RunningServer
    seconds: int = 0

    def advance(self, seconds: int) -> None:
        """Let time pass for both."""
        self.provider.advance(seconds)
        self.seconds += seconds


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        callback = f"{url}/authorization-code/callback"
        with start(redirect_uris=[callback], logout_uris=[f"{url}/"]) as provider:
            settings = Settings(
                issuer=provider.issuer("default"),
                client_id=BASIC.client_id,
                client_secret=BASIC.client_secret or "",
                redirect_uri=callback,
                prompt="consent",
            )
            found = Stage(url, provider)

            def clock() -> float:
                return time.monotonic() + found.seconds

            monkeypatch.setattr(RUNTIME, "monotonic", clock)
            monkeypatch.setattr(RUNTIME, "now", lambda: time.time() + found.seconds)
            app = create_app(settings, store=AsyncMemoryTokenStore(clock=clock))
            server = _Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            try:
                assert server.is_up.wait(30), "the application did not start"
                yield found
            finally:
                server.should_exit = True
                thread.join(30)


@pytest.fixture
def photograph(browser: Chrome, screenshots: Path) -> Callable[[str], Path]:
    """Save what the browser shows under a name."""

    def take(name: str) -> Path:
        path = screenshots / f"{name}.png"
        driver: Any = browser  # partly untyped
        assert driver.save_screenshot(str(path))
        return path

    return take

"""The site as it is seen: at a desk and on a phone, with no other host to ask."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.support.ui import WebDriverWait

SIZES: Final = {"desk": (1280, 900), "phone": (390, 844)}
# Where to leave pictures of every page, for people to look at.
PICTURES: Final = "SCREENSHOTS"
RENDERED: Final = "reference/okta-oauth.html"

_ALONE: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# The search dialog is a tree of its own, in the shadow of an element without a name.
_IN_SEARCH: Final = """
const found = (tag) => [...document.querySelectorAll("*")]
  .filter((host) => host.shadowRoot)
  .flatMap((host) => [...host.shadowRoot.querySelectorAll(`dialog[open] ${tag}`)]);
"""


# Words in the cells of tables that stand on two lines: of code, and what looks like a name.
_BROKEN: Final = """
const broken = [];
for (const cell of document.querySelectorAll("table td, table th")) {
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const isCode = node.parentElement.closest("code") !== null;
    for (const word of node.data.matchAll(/\\S+/g)) {
      if (!isCode && !/_|:\\/\\//.test(word[0])) continue;
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (lines.size > 1) broken.push(word[0]);
    }
  }
}
return broken;
"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # not our name
        """Leave pytest's output alone."""


class Browser:
    """What the tests ask of Chromium. The library's own types are unfinished."""

    def __init__(self, driver: Any) -> None:
        self.driver: Final = driver

    def open(self, url: str) -> None:
        """Go there, and wait for a heading."""
        self.driver.get(url)
        self.wait_for("return document.querySelector('h1') !== null")

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript, and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, script: str, *arguments: Any) -> None:
        """Wait until a script returns something true."""
        wait = WebDriverWait(self.driver, 20)
        wait.until(lambda _: self.run(script, *arguments), f"never true: {script}")

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What was logged since the last look."""
        entries: list[dict[str, Any]] = self.driver.get_log(kind)
        return entries


@pytest.fixture(scope="module")
def origin(site: Path) -> Iterator[str]:
    """The site on a loopback port."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=list(SIZES))
def browser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Headless Chromium, as wide as a desk's screen or a phone's."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.fail("install Debian's packages chromium and chromium-driver")
    width, height = SIZES[request.param]
    options: Any = ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*_ALONE, f"--window-size={width},{height}", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if request.param == "phone":
        metrics = {"width": width, "height": height, "pixelRatio": 2}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    chrome = Browser(Chrome(options=options, service=ChromeService(driver)))
    try:
        yield chrome
    finally:
        chrome.driver.quit()


def test_pages_fit_and_ask_nobody_else(browser: Browser, origin: str, site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        if path.name == "404.html":
            continue
        name = path.relative_to(site).as_posix().removesuffix("index.html")
        browser.open(f"{origin}/{name}")
        needed, there = browser.run(
            "return [document.documentElement.scrollWidth, window.innerWidth]"
        )
        assert needed <= there, f"{name} is {needed} wide on {there}"
        assert not browser.run(_BROKEN), f"{name} breaks identifiers in tables"
        keep_picture(browser, name)
        assert not strangers(browser, origin), name
        # The one thing that Redoc is kept from loading is its logo.
        errors = [entry["message"] for entry in browser.log("browser") if serious(entry)]
        assert not errors, name


def test_a_broken_identifier_is_noticed(browser: Browser, origin: str) -> None:
    browser.open(f"{origin}/when-things-fail/")
    browser.run(
        "for (const code of document.querySelectorAll('td code'))"
        " code.style = 'white-space: normal; word-break: break-all; display: block; width: 4em'"
    )
    assert "MalformedResponseError" in browser.run(_BROKEN)


def test_search_finds_a_page(browser: Browser, origin: str) -> None:
    browser.open(f"{origin}/")
    # A phone shows a button of another look, which does the same.
    browser.run("document.querySelector('.md-search__button').click()")
    browser.wait_for(f"{_IN_SEARCH} return found('input').length")
    browser.driver.switch_to.active_element.send_keys("concurrency limit")
    browser.wait_for(f"{_IN_SEARCH} return found('a').some((a) => a.href.includes('/retries/'))")


def test_the_openapi_document_can_be_read(browser: Browser, origin: str) -> None:
    browser.open(f"{origin}/{RENDERED}")
    said = "Request tokens from the org authorization server"
    browser.wait_for("return document.body.textContent.includes(arguments[0])", said)
    browser.run("document.querySelector('a.back').click()")
    browser.wait_for("return location.href === arguments[0]", f"{origin}/reference/http/")


def strangers(browser: Browser, origin: str) -> list[str]:
    """Requests to other hosts that really went out."""
    asked: dict[str, str] = {}
    for entry in browser.log("performance"):
        event = json.loads(entry["message"])["message"]
        told = event["params"]
        if event["method"] == "Network.requestWillBeSent":
            asked[told["requestId"]] = told["request"]["url"]
        elif event["method"] == "Network.loadingFailed" and told.get("blockedReason") == "csp":
            asked.pop(told["requestId"], None)
    local = (f"{origin}/", "data:", "blob:", "about:", "chrome:")
    return [url for url in asked.values() if not url.startswith(local)]


def serious(entry: dict[str, Any]) -> bool:
    """Whether a line of the console is an error that we did not bring about ourselves."""
    blocked = "logo-mini" in entry["message"] and "Content Security Policy" in entry["message"]
    return entry["level"] == "SEVERE" and not blocked


def keep_picture(browser: Browser, name: str) -> None:
    """Save a picture of the page, if the environment names a folder for it."""
    if PICTURES in os.environ:
        folder = Path(os.environ[PICTURES])
        folder.mkdir(parents=True, exist_ok=True)
        width = browser.run("return window.innerWidth")
        browser.driver.save_screenshot(
            folder / f"{name.strip('/').replace('/', '-') or 'home'}-{width}.png"
        )

"""One life of a sign-in, by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import (
    presence_of_element_located,
    url_to_be,
)
from selenium.webdriver.support.wait import WebDriverWait

from .conftest import Stage

SECONDS = 20


def untyped(browser: Chrome) -> Any:
    """For the methods whose parameters Selenium leaves untyped."""
    return browser


def wait_for(browser: Chrome, css: str) -> str:
    """The text of an element that a page to come has."""
    there = presence_of_element_located((By.CSS_SELECTOR, css))
    return str(WebDriverWait(browser, SECONDS).until(there).text)


def click(browser: Chrome, css: str) -> None:
    browser.find_element(By.CSS_SELECTOR, css).click()


def listed(browser: Chrome) -> dict[str, str]:
    """The facts on the page, by their names."""
    names = browser.find_elements(By.TAG_NAME, "dt")
    values = browser.find_elements(By.TAG_NAME, "dd")
    return {name.text: value.text for name, value in zip(names, values, strict=True)}


def issued_at(browser: Chrome) -> datetime:
    """When the access token was issued, by the first time on the page."""
    return datetime.fromisoformat(
        str(browser.find_element(By.TAG_NAME, "time").get_attribute("datetime"))
    )


def sign_in(browser: Chrome, stage: Stage, login: str) -> None:
    """From the application's first page through the provider's pages and back."""
    click(browser, "#login")
    wait_for(browser, "input[name=login]")
    asked = parse_qs(urlsplit(browser.current_url).query)
    assert not asked.get("code_verifier")
    browser.find_element(By.NAME, "login").send_keys(login)
    browser.find_element(By.NAME, "password").send_keys("anything")
    click(browser, "[type=submit]")
    wait_for(browser, "input[name=prompt][value=consent], form button[autofocus]")
    click(browser, "[type=submit]")
    WebDriverWait(browser, SECONDS).until(url_to_be(f"{stage.url}/"))


def test_sign_in_stay_signed_in_and_log_out(
    browser: Chrome, stage: Stage, photograph: Callable[[str], Path]
) -> None:
    browser.get(stage.url)
    assert wait_for(browser, "h1") == "Welcome"
    photograph("1-signed-out")

    sign_in(browser, stage, "ada@example.com")
    assert wait_for(browser, "#who") == "ada@example.com"
    assert wait_for(browser, "#state") == "active"
    first = listed(browser)
    assert first["Subject"] == "ada@example.com"
    assert set(first["Scopes"].split()) == {"openid", "profile", "email", "offline_access"}
    issued = issued_at(browser)
    photograph("2-signed-in")

    # Nothing of a token reaches the browser.
    held = untyped(browser).execute_script(
        "return JSON.stringify([document.cookie, {...localStorage}])"
    )
    assert held == '["",{}]'

    stage.advance(3601)
    browser.refresh()
    assert wait_for(browser, "#state.active") == "active"
    assert listed(browser)["Subject"] == "ada@example.com"
    assert issued_at(browser) - issued >= timedelta(seconds=3601)
    photograph("3-still-signed-in")

    # The session at the provider ends too, where its page asks the user first.
    click(browser, "#logout")
    wait_for(browser, "button[name=logout]")
    photograph("4-logging-out")
    click(browser, "button[name=logout]")
    assert wait_for(browser, "#login") == "Sign in"
    assert browser.current_url == f"{stage.url}/"
    photograph("5-logged-out")
    # Nothing of it is left in the browser's own memory, and the next one to sign in is asked who.
    for _ in range(2):
        browser.back()
        assert not browser.find_elements(By.ID, "who")
    browser.get(stage.url)
    click(browser, "#login")
    wait_for(browser, "input[name=login]")


def test_callback_that_nobody_asked_for(
    browser: Chrome, stage: Stage, photograph: Callable[[str], Path]
) -> None:
    browser.get(f"{stage.url}/authorization-code/callback?code=stolen&state=guessed")
    assert "not begun here" in wait_for(browser, "#reason")
    photograph("6-refused")


def test_narrow_screen(browser: Chrome, stage: Stage, photograph: Callable[[str], Path]) -> None:
    browser.get(stage.url)
    sign_in(browser, stage, "ada@example.com")
    assert wait_for(browser, "#who") == "ada@example.com"
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    untyped(browser).execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.refresh()
    width = untyped(browser).execute_script("return document.documentElement.scrollWidth")
    assert width <= 390
    photograph("7-narrow")

"""The web application against FakeOkta: what a browser would meet, and what an attacker would."""

from __future__ import annotations

import base64
import hashlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from anyio import create_task_group
from okta_oidc import AsyncMemoryTokenStore
from okta_oidc.testing import FakeOkta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from examples.web_app.app import create_app
from examples.web_app.login import Login
from examples.web_app.sessions import SECONDS, SESSION, SIGN_IN, Sessions
from examples.web_app.settings import Settings
from tasks.size import lines_of_code

ORIGIN = "http://localhost:8080"
LOGIN_PAGE = "fake.okta.test"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeOkta:
    fake = FakeOkta()
    # The application makes a client of its own. It lives by the same clock here.
    for name in ("now", "monotonic"):
        monkeypatch.setattr(f"okta_oidc._runtime.RUNTIME.{name}", fake.clock.now)
    return fake


@pytest.fixture
def settings(fake: FakeOkta) -> Settings:
    return Settings(fake.issuer(), fake.client_id, fake.client_secret)


def app_of(fake: FakeOkta, settings: Settings) -> Starlette:
    return create_app(
        settings,
        sessions=Sessions(secure=settings.is_https, clock=fake.clock.now),
        store=AsyncMemoryTokenStore(clock=fake.clock.now),
        http_client=httpx.AsyncClient(transport=fake.transport),
    )


@pytest.fixture
def browser(fake: FakeOkta, settings: Settings) -> Iterator[TestClient]:
    with TestClient(app_of(fake, settings), base_url=ORIGIN, follow_redirects=False) as client:
        yield client


def another(browser: TestClient) -> TestClient:
    """Another browser at the same application, which runs as long as the first one's."""
    return TestClient(browser.app, base_url=ORIGIN, follow_redirects=False)


def to_login_page(browser: TestClient) -> httpx.URL:
    response = browser.get("/login")
    assert response.status_code == 303
    url = httpx.URL(response.headers["location"])
    assert url.host == LOGIN_PAGE
    return url


def from_login_page(fake: FakeOkta, url: httpx.URL) -> httpx.URL:
    """Where Okta sends the browser once its user has signed in."""
    with httpx.Client(transport=fake.transport) as okta:
        return httpx.URL(okta.get(url).headers["location"])


def sign_in(browser: TestClient, fake: FakeOkta) -> Any:
    callback = from_login_page(fake, to_login_page(browser))
    response = browser.get(str(callback))
    assert (response.status_code, response.headers["location"]) == (303, "/")
    return browser.get("/")


def reason(response: Any) -> str:
    found = re.search(r'id="reason">([^<]*)<', response.text)
    assert found
    return found[1]


def is_signed_in(browser: TestClient) -> bool:
    return 'id="who"' in browser.get("/").text


class TestSignIn:
    def test_life(self, browser: TestClient, fake: FakeOkta) -> None:
        assert 'href="/login"' in browser.get("/").text
        page = sign_in(browser, fake)
        assert fake.user.username in page.text
        assert fake.user.user_id in page.text
        assert '<span class="state active" id="state">active</span>' in page.text
        assert browser.post("/logout").status_code == 303
        assert not is_signed_in(browser)
        assert [request.endpoint for request in fake.requests if request.endpoint] == [
            *("authorize", "keys", "token", "introspect", "revoke"),
        ]

    def test_it_is_the_librarys_calls_and_little_else(self) -> None:
        assert lines_of_code(inspect.getsource(Login)) < 40

    def test_authorization_request(
        self, browser: TestClient, fake: FakeOkta, settings: Settings
    ) -> None:
        first, second = to_login_page(browser), to_login_page(browser)
        assert str(first).startswith(f"{settings.issuer}/v1/authorize?")
        asked = dict(first.params)
        for once in ("state", "nonce", "code_challenge"):
            assert len(asked[once]) >= 43
            assert asked[once] != second.params[once]
        assert asked == {
            "client_id": fake.client_id,
            "response_type": "code",
            "redirect_uri": f"{ORIGIN}/authorization-code/callback",
            "scope": "openid profile email offline_access",
            "code_challenge_method": "S256",
            **{once: asked[once] for once in ("state", "nonce", "code_challenge")},
        }

    def test_verifier_fits_the_challenge(self, browser: TestClient, fake: FakeOkta) -> None:
        url = to_login_page(browser)
        browser.get(str(from_login_page(fake, url)))
        (verifier,) = filter(None, (it.parameter("code_verifier") for it in fake.requests))
        digest = hashlib.sha256(verifier.encode()).digest()
        expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert url.params["code_challenge"] == expected

    def test_prompt_is_sent_if_asked_for(self, fake: FakeOkta, settings: Settings) -> None:
        app = app_of(fake, replace(settings, prompt="consent"))
        with TestClient(app, base_url=ORIGIN, follow_redirects=False) as browser:
            assert to_login_page(browser).params["prompt"] == "consent"

    def test_no_token_reaches_the_browser(self, browser: TestClient, fake: FakeOkta) -> None:
        callback = from_login_page(fake, to_login_page(browser))
        back = browser.get(str(callback))
        page = browser.get("/")
        seen = f"{back.headers} {back.text} {page.headers} {page.text}"
        assert "eyJ" not in seen
        with fake.client() as okta:
            for cookie in browser.cookies.values():
                assert not okta.introspect(cookie)

    @pytest.mark.parametrize("is_https", [True, False], ids=["https", "http"])
    def test_cookies(self, fake: FakeOkta, settings: Settings, is_https: bool) -> None:
        scheme = "https" if is_https else "http"
        uri = f"{scheme}://app.example/authorization-code/callback"
        app = app_of(fake, replace(settings, redirect_uri=uri))
        origin = f"{scheme}://app.example"
        with TestClient(app, base_url=origin, follow_redirects=False) as browser:
            cookie = browser.get("/login").headers["set-cookie"]
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/", "max-age=600"} <= attributes
        assert ("secure" in attributes) is is_https

    def test_pages_are_not_cached(self, browser: TestClient, fake: FakeOkta) -> None:
        assert sign_in(browser, fake).headers["cache-control"] == "no-store"
        assert browser.get("/authorization-code/callback").headers["cache-control"] == "no-store"

    def test_claims_are_shown_as_text(self, browser: TestClient, fake: FakeOkta) -> None:
        claims = {"<b>": "<script>alert(1)</script>", "n": [1]}
        fake.add_user("<i>eve</i>@example.com", claims=claims)
        url = to_login_page(browser).copy_set_param("login_hint", "<i>eve</i>@example.com")
        browser.get(str(from_login_page(fake, url)))
        page = browser.get("/").text
        assert "<i>" not in page
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert "<dt>n</dt><dd>[1]</dd>" in page


class TestCallback:
    def test_wrong_state(self, browser: TestClient, fake: FakeOkta) -> None:
        callback = from_login_page(fake, to_login_page(browser))
        response = browser.get(str(callback.copy_set_param("state", "of-someone-else")))
        assert (response.status_code, is_signed_in(browser)) == (400, False)
        assert "token" not in [request.endpoint for request in fake.requests]

    def test_missing_state(self, browser: TestClient, fake: FakeOkta) -> None:
        callback = from_login_page(fake, to_login_page(browser))
        assert browser.get(str(callback.copy_remove_param("state"))).status_code == 400

    def test_another_browser(self, browser: TestClient, fake: FakeOkta) -> None:
        """A victim led to an attacker's callback must not end up in the attacker's account."""
        callback = from_login_page(fake, to_login_page(browser))
        victim = another(browser)
        assert victim.get(str(callback)).status_code == 400
        assert not is_signed_in(victim)

    def test_twice(self, browser: TestClient, fake: FakeOkta) -> None:
        callback = from_login_page(fake, to_login_page(browser))
        assert browser.get(str(callback)).status_code == 303
        again = browser.get(str(callback))
        assert again.status_code == 400
        assert is_signed_in(browser)

    def test_refusal_at_okta(self, browser: TestClient, fake: FakeOkta) -> None:
        url = to_login_page(browser).copy_set_param("scope", "openid no:such:scope")
        response = browser.get(str(from_login_page(fake, url)))
        assert response.status_code == 403
        assert "no such scope" in reason(response)

    def test_refusal_is_shown_as_text(self, browser: TestClient) -> None:
        state = to_login_page(browser).params["state"]
        query = {"state": state, "error": "x", "error_description": "<script>alert(1)</script>"}
        response = browser.get("/authorization-code/callback", params=query)
        assert response.status_code == 403
        assert "<script>" not in response.text

    def test_code_that_was_made_up(self, browser: TestClient) -> None:
        query = {"state": to_login_page(browser).params["state"], "code": "made-up"}
        response = browser.get("/authorization-code/callback", params=query)
        assert (response.status_code, is_signed_in(browser)) == (403, False)

    def test_no_code(self, browser: TestClient, fake: FakeOkta) -> None:
        query = {"state": to_login_page(browser).params["state"]}
        assert browser.get("/authorization-code/callback", params=query).status_code == 400
        assert not fake.requests

    def test_two_codes(self, browser: TestClient, fake: FakeOkta) -> None:
        callback = from_login_page(fake, to_login_page(browser))
        assert browser.get(f"{callback}&code=another").status_code == 400
        assert "token" not in [request.endpoint for request in fake.requests]

    def test_code_of_another_sign_in(self, browser: TestClient, fake: FakeOkta) -> None:
        """A code that was slipped in fails by PKCE, whoever's it is."""
        mine = to_login_page(browser)
        other = from_login_page(fake, to_login_page(another(browser)))
        query = {"state": mine.params["state"], "code": other.params["code"]}
        response = browser.get("/authorization-code/callback", params=query)
        assert (response.status_code, is_signed_in(browser)) == (403, False)

    def test_wrong_nonce(self, browser: TestClient, fake: FakeOkta) -> None:
        url = to_login_page(browser).copy_set_param("nonce", "of-someone-else")
        response = browser.get(str(from_login_page(fake, url)))
        assert (response.status_code, is_signed_in(browser)) == (403, False)

    def test_another_issuer(self, browser: TestClient, fake: FakeOkta) -> None:
        callback = from_login_page(fake, to_login_page(browser))
        mixed_up = callback.copy_set_param("iss", "https://evil.example")
        assert browser.get(str(mixed_up)).status_code == 400
        assert "token" not in [request.endpoint for request in fake.requests]

    def test_session_gets_a_new_id(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        first = browser.cookies["session"]
        sign_in(browser, fake)
        assert browser.cookies["session"] != first
        browser.cookies.set("session", first)
        browser.cookies.delete("session", domain="localhost.local", path="/")
        assert not is_signed_in(browser)

    def test_sign_in_that_took_too_long(self, browser: TestClient, fake: FakeOkta) -> None:
        callback = from_login_page(fake, to_login_page(browser))
        fake.clock.advance(SECONDS[SIGN_IN])
        assert browser.get(str(callback)).status_code == 400

    def test_session_that_is_none(self, browser: TestClient) -> None:
        """A sign-in that was begun is nobody's session, whatever the cookie is called."""
        to_login_page(browser)
        browser.cookies.set(SESSION, browser.cookies[SIGN_IN])
        assert not is_signed_in(browser)
        assert browser.post("/logout").headers["location"] == "/"


class TestSession:
    def test_ends_by_itself(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        fake.clock.advance(SECONDS[SESSION] - 1.0)
        assert is_signed_in(browser)
        fake.clock.advance(1.0)
        assert not is_signed_in(browser)

    def test_user_stays_signed_in(self, browser: TestClient, fake: FakeOkta) -> None:
        """An access token lives for an hour, a day's work longer."""
        sign_in(browser, fake)
        for _ in range(7):
            fake.clock.advance(3600)
            assert 'id="state">active<' in browser.get("/").text
        used = [request.parameter("refresh_token") for request in fake.requests]
        assert len([token for token in used if token is not None]) == 7
        assert fake.families_ended == 0

    def test_user_may_not_sign_in_any_more(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        fake.suspend_user(fake.user.username)
        assert 'id="state">inactive<' in browser.get("/").text
        fake.clock.advance(3600)
        response = browser.get("/")
        assert response.status_code == 403
        assert "sign in again" in reason(response)
        # And can do so.
        assert 'href="/login"' in browser.get("/").text

    def test_without_a_refresh_token(self, fake: FakeOkta, settings: Settings) -> None:
        """The session lasts as long as the access token; its end is revoked all the same."""
        app = app_of(fake, replace(settings, scope="openid"))
        with TestClient(app, base_url=ORIGIN, follow_redirects=False) as browser:
            sign_in(browser, fake)
            token = fake.requests[-1].parameter("token")
            browser.post("/logout")
            assert fake.requests[-1].endpoint == "revoke"
            assert fake.requests[-1].parameter("token") == token
            sign_in(browser, fake)
            fake.clock.advance(3600)
            assert browser.get("/").status_code == 403

    def test_nothing_changes_by_a_link(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        assert browser.get("/logout").status_code == 405
        assert is_signed_in(browser)

    def test_login_of_someone_signed_in_ends_nothing(
        self, browser: TestClient, fake: FakeOkta
    ) -> None:
        sign_in(browser, fake)
        to_login_page(browser)
        assert is_signed_in(browser)

    def test_two_browsers_of_one_user(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        other = another(browser)
        sign_in(other, fake)
        other.post("/logout")
        assert not is_signed_in(other)
        assert is_signed_in(browser)

    def test_okta_that_fails(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        fake.faults.okta_error(500, "E0000009", endpoint="introspect")
        response = browser.get("/")
        assert response.status_code == 502
        assert "E0000009" in reason(response)
        assert is_signed_in(browser)

    @pytest.mark.anyio
    @pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
    async def test_many_requests_when_the_token_ends(
        self, fake: FakeOkta, settings: Settings, anyio_backend: str
    ) -> None:
        """All succeed, and the refresh token is used once."""
        statuses: list[int] = []
        transport = httpx.ASGITransport(app_of(fake, settings))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
            login = await browser.get("/login")
            callback = from_login_page(fake, httpx.URL(login.headers["location"]))
            assert (await browser.get(callback)).status_code == 303
            fake.clock.advance(3600)

            async def look() -> None:
                statuses.append((await browser.get("/")).status_code)

            async with create_task_group() as group:
                for _ in range(5):
                    group.start_soon(look)
        used = [request.parameter("refresh_token") for request in fake.requests]
        assert statuses == [200] * 5
        assert len([token for token in used if token is not None]) == 1


class TestLogout:
    def test_three_things_end(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        issued = fake.requests[-1].parameter("token") or ""
        with fake.client() as okta:
            assert okta.introspect(issued)
            response = browser.post("/logout")
            # Not that of a session that has ended by itself.
            assert 'href="/login"' in browser.get("/").text
            assert not okta.introspect(issued)
        url = response.headers["location"]
        assert url.startswith(f"{fake.issuer()}/v1/logout?")
        assert fake.visit(url) == f"{ORIGIN}/"

    def test_the_cookie_is_worth_nothing_afterwards(
        self, browser: TestClient, fake: FakeOkta
    ) -> None:
        sign_in(browser, fake)
        kept = browser.cookies[SESSION]
        browser.post("/logout")
        browser.cookies.clear()
        browser.cookies.set(SESSION, kept)
        assert not is_signed_in(browser)

    def test_while_okta_is_away(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        fake.faults.okta_error(403, "E0000006", endpoint="revoke")
        response = browser.post("/logout")
        assert response.headers["location"].startswith(f"{fake.issuer()}/v1/logout?")
        assert not is_signed_in(browser)

    def test_of_nobody(self, browser: TestClient, fake: FakeOkta) -> None:
        response = browser.post("/logout")
        assert (response.status_code, response.headers["location"]) == (303, "/")
        assert not fake.requests


def asked_with(**cookies: str) -> Request:
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode())]})


def begun(sessions: Sessions, name: str) -> str:
    cookie = sessions.begin(Response(), name, {"kept": True}).headers["set-cookie"]
    return cookie.partition(";")[0].partition("=")[2]


class TestSessions:
    def test_oldest_go_when_there_are_too_many(self) -> None:
        kept = Sessions(secure=True, clock=lambda: 0.0, most=3)
        ids = [begun(kept, SESSION) for _ in range(5)]
        assert [kept.find(asked_with(session=each), SESSION) is not None for each in ids] == [
            *(False, False, True, True, True)
        ]

    def test_unknown_id(self) -> None:
        kept = Sessions(secure=True)
        for request in (asked_with(), asked_with(session=""), asked_with(session="unknown")):
            assert kept.find(request, SESSION) is None
            assert kept.end(request, SESSION) is None

    def test_ends_once(self) -> None:
        kept = Sessions(secure=True)
        request = asked_with(session=begun(kept, SESSION))
        assert kept.end(request, SESSION) == {"kept": True}
        assert kept.end(request, SESSION) is None


class TestSettings:
    def test_from_environment(self) -> None:
        given = {
            "OKTA_ORG_URL": "https://example.okta.com/oauth2/default/",
            "OKTA_CLIENT_ID": "id",
            "OKTA_CLIENT_SECRET": "secret",
        }
        found = Settings.from_environment(given)
        assert found.issuer == "https://example.okta.com/oauth2/default"
        assert found.redirect_uri == f"{ORIGIN}/authorization-code/callback"
        assert found.home == f"{ORIGIN}/"
        for name in given:
            with pytest.raises(KeyError, match=name):
                Settings.from_environment({k: v for k, v in given.items() if k != name})

    def test_secrets_are_not_shown(self, settings: Settings) -> None:
        assert settings.client_secret not in repr(settings)

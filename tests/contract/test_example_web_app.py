"""The web application against FakeOkta: what a browser would meet, and what an attacker would."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from anyio import create_task_group
from okta_oidc.testing import FakeOkta
from starlette.testclient import TestClient

from examples.web_app import sessions
from examples.web_app.app import WebApp
from examples.web_app.id_token import IDTokenError, claims_of
from examples.web_app.sessions import SESSION_SECONDS, SIGN_IN_SECONDS, Session, Sessions
from examples.web_app.settings import Settings

ORIGIN = "http://localhost:8080"
LOGIN_PAGE = "fake.okta.test"


@pytest.fixture
def fake() -> FakeOkta:
    return FakeOkta()


@pytest.fixture
def settings(fake: FakeOkta) -> Settings:
    return Settings(fake.issuer(), fake.client_id, fake.client_secret)


def app_of(fake: FakeOkta, settings: Settings, kept: Sessions | None = None) -> WebApp:
    http = httpx.AsyncClient(transport=fake.transport)
    return WebApp(settings, sessions=kept, http_client=http)


@pytest.fixture
def browser(fake: FakeOkta, settings: Settings) -> Iterator[TestClient]:
    with TestClient(app_of(fake, settings).asgi, base_url=ORIGIN, follow_redirects=False) as client:
        yield client


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
        assert browser.post("/refresh").status_code == 303
        assert is_signed_in(browser)
        assert browser.post("/logout").status_code == 303
        assert not is_signed_in(browser)
        assert [request.endpoint for request in fake.requests if request.endpoint] == [
            *("authorize", "token", "introspect", "token", "introspect", "revoke"),
        ]

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
        verifier = fake.requests[-1].parameter("code_verifier")
        assert verifier
        digest = hashlib.sha256(verifier.encode()).digest()
        expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert url.params["code_challenge"] == expected

    def test_prompt_is_sent_if_asked_for(self, fake: FakeOkta, settings: Settings) -> None:
        app = app_of(fake, replace(settings, prompt="consent"))
        with TestClient(app.asgi, base_url=ORIGIN, follow_redirects=False) as browser:
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
        with TestClient(app.asgi, base_url=origin, follow_redirects=False) as browser:
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
        with TestClient(browser.app, base_url=ORIGIN, follow_redirects=False) as victim:
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
        assert browser.get("/authorization-code/callback", params=query).status_code == 403
        assert not fake.requests

    def test_code_of_another_sign_in(self, browser: TestClient, fake: FakeOkta) -> None:
        """A code that was slipped in fails by PKCE, whoever's it is."""
        mine = to_login_page(browser)
        with TestClient(browser.app, base_url=ORIGIN, follow_redirects=False) as stranger:
            other = from_login_page(fake, to_login_page(stranger))
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

    def test_sign_in_that_took_too_long(self, fake: FakeOkta, settings: Settings) -> None:
        now = 0.0
        app = app_of(fake, settings, Sessions(clock=lambda: now))
        with TestClient(app.asgi, base_url=ORIGIN, follow_redirects=False) as browser:
            callback = from_login_page(fake, to_login_page(browser))
            now = SIGN_IN_SECONDS
            assert browser.get(str(callback)).status_code == 400


class TestSession:
    def test_ends_by_itself(self, fake: FakeOkta, settings: Settings) -> None:
        now = 0.0
        app = app_of(fake, settings, Sessions(clock=lambda: now))
        with TestClient(app.asgi, base_url=ORIGIN, follow_redirects=False) as browser:
            sign_in(browser, fake)
            now = SESSION_SECONDS - 1.0
            assert is_signed_in(browser)
            now = SESSION_SECONDS
            assert not is_signed_in(browser)

    def test_access_token_ends_first(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        fake.clock.advance(3601)
        assert 'id="state">inactive<' in browser.get("/").text
        browser.post("/refresh")
        assert 'id="state">active<' in browser.get("/").text

    def test_refresh_after_revocation(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        browser.post("/refresh")
        fake.suspend_user(fake.user.username)
        response = browser.post("/refresh")
        assert response.status_code == 403
        assert "sign in again" in reason(response)
        assert not is_signed_in(browser)

    def test_refresh_without_a_refresh_token(self, fake: FakeOkta, settings: Settings) -> None:
        app = app_of(fake, replace(settings, scope="openid"))
        with TestClient(app.asgi, base_url=ORIGIN, follow_redirects=False) as browser:
            sign_in(browser, fake)
            assert browser.post("/refresh").status_code == 403
            assert is_signed_in(browser)
            browser.post("/logout")
        hint = fake.requests[-1].parameter("token_type_hint")
        assert (fake.requests[-1].endpoint, hint) == ("revoke", "access_token")

    @pytest.mark.parametrize("path", ["/refresh", "/logout"])
    def test_nothing_changes_by_a_link(
        self, browser: TestClient, fake: FakeOkta, path: str
    ) -> None:
        sign_in(browser, fake)
        assert browser.get(path).status_code == 405
        assert is_signed_in(browser)

    def test_login_of_someone_signed_in_ends_nothing(
        self, browser: TestClient, fake: FakeOkta
    ) -> None:
        sign_in(browser, fake)
        to_login_page(browser)
        assert is_signed_in(browser)

    def test_logout_revokes_the_family(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        issued = fake.requests[-1].parameter("token") or ""
        with fake.client() as okta:
            assert okta.introspect(issued)
            browser.post("/logout")
            assert not okta.introspect(issued)

    def test_logout_while_okta_is_away(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        fake.faults.okta_error(403, "E0000006", endpoint="revoke")
        assert browser.post("/logout").status_code == 502
        assert not is_signed_in(browser)

    def test_logout_of_nobody(self, browser: TestClient, fake: FakeOkta) -> None:
        assert browser.post("/logout").status_code == 303
        assert browser.post("/refresh").status_code == 403
        assert not fake.requests

    def test_okta_that_fails(self, browser: TestClient, fake: FakeOkta) -> None:
        sign_in(browser, fake)
        fake.faults.okta_error(500, "E0000009", endpoint="introspect")
        response = browser.get("/")
        assert response.status_code == 502
        assert "E0000009" in reason(response)
        assert is_signed_in(browser)

    @pytest.mark.anyio
    @pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
    async def test_two_refreshes_at_once(
        self, fake: FakeOkta, settings: Settings, anyio_backend: str
    ) -> None:
        """Both succeed, and the refresh token is used once."""
        app = app_of(fake, settings)
        statuses: list[int] = []
        transport = httpx.ASGITransport(app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
            login = await browser.get("/login")
            callback = from_login_page(fake, httpx.URL(login.headers["location"]))
            assert (await browser.get(callback)).status_code == 303

            async def refresh() -> None:
                statuses.append((await browser.post("/refresh")).status_code)

            async with create_task_group() as group:
                for _ in range(5):
                    group.start_soon(refresh)
        used = [request.parameter("refresh_token") for request in fake.requests]
        used = [token for token in used if token is not None]
        assert statuses == [303] * 5
        assert len(used) == len(set(used))


class TestSessions:
    def test_oldest_go_when_there_are_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sessions, "_MOST_SESSIONS", 3)
        kept = Sessions(clock=lambda: 0.0)
        ids = [kept.start(Session(), 10) for _ in range(5)]
        assert [kept.find(session_id) is not None for session_id in ids] == [
            *(False, False, True, True, True)
        ]

    def test_unknown_id(self) -> None:
        kept = Sessions()
        assert kept.find(None) is None
        assert kept.find("") is None
        kept.end(None)
        kept.end("unknown")

    def test_secrets_are_not_shown(self, settings: Settings) -> None:
        assert settings.client_secret not in repr(settings)
        shown = repr(Session(sign_in=sessions.SignIn()))
        assert not re.search(r"[A-Za-z0-9_-]{43}", shown)


def id_token(**claims: object) -> str:
    sound = {"iss": "i", "aud": "c", "exp": 2**40, "nonce": "n", "sub": "s"}
    payload = json.dumps({k: v for k, v in (sound | claims).items() if v is not None}).encode()
    return f"e30.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}.c2ln"


class TestIDToken:
    @pytest.mark.parametrize(
        "claims", [{}, {"aud": ["c"]}, {"aud": ["c", "d"], "azp": "c"}], ids=str
    )
    def test_sound(self, claims: dict[str, object]) -> None:
        found = claims_of(id_token(**claims), issuer="i", client_id="c", nonce="n")
        assert found["sub"] == "s"

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "other"},
            {"aud": "other"},
            {"aud": []},
            {"aud": ["c", "d"], "azp": "d"},
            {"exp": 1},
            {"exp": "later"},
            {"nonce": "other"},
            {"nonce": None},
            {"iss": None},
        ],
        ids=str,
    )
    def test_unsound(self, claims: dict[str, object]) -> None:
        with pytest.raises(IDTokenError):
            claims_of(id_token(**claims), issuer="i", client_id="c", nonce="n")

    @pytest.mark.parametrize("token", ["", "a", "a.b.c", "a.W10.c", "a.\u00fc.c", "a.bnVsbA.c"])
    def test_unreadable(self, token: str) -> None:
        with pytest.raises(IDTokenError):
            claims_of(token, issuer="i", client_id="c", nonce="n")


class TestSettings:
    def test_from_environment(self) -> None:
        given = {
            "OKTA_ISSUER": "https://example.okta.com/oauth2/default/",
            "OKTA_CLIENT_ID": "id",
            "OKTA_CLIENT_SECRET": "secret",
        }
        found = Settings.from_environment(given)
        assert found.issuer == "https://example.okta.com/oauth2/default"
        assert found.redirect_uri == f"{ORIGIN}/authorization-code/callback"
        for name in given:
            with pytest.raises(KeyError, match=name):
                Settings.from_environment({k: v for k, v in given.items() if k != name})

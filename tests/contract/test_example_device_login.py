"""The device login: approved, refused, forgotten, and not to be had at all."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator

import pytest
from okta_oidc.testing import FakeOkta


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOkta]:
    """An Okta by whose clock the program lives: what it waits for takes no time."""
    fake = FakeOkta()
    for name in ("now", "monotonic"):
        monkeypatch.setattr(f"okta_oidc._runtime.RUNTIME.{name}", fake.clock.now)
    client = fake.add_client(auth_method="none")
    with fake.serve():
        monkeypatch.setenv("OKTA_ORG_URL", fake.issuer())
        monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
        yield fake


def run(fake: FakeOkta, monkeypatch: pytest.MonkeyPatch, *happens: Callable[[], None]) -> int:
    """Run the program; each thing happens while it waits once more. Returns how often it did."""
    coming, waits = iter(happens), 0

    def wait(seconds: float) -> None:
        nonlocal waits
        waits += 1
        fake.clock.advance(seconds)
        next(coming, lambda: None)()

    monkeypatch.setattr("okta_oidc._runtime.RUNTIME.sleep", wait)
    runpy.run_module("examples.device_login", run_name="__main__")
    return waits


def test_approved(
    fake: FakeOkta, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(fake, monkeypatch, lambda: None, fake.approve) == 2
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Open {fake.url}/")
    code = first.rpartition(" ")[2]
    assert second.endswith(f"user_code={code}")
    assert last == f"Signed in as {fake.user.claims.get('name', fake.user.user_id)}"


def test_refused(fake: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"^Not signed in: .*access_denied"):
        run(fake, monkeypatch, fake.deny)


def test_forgotten(fake: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="Nobody approved"):
        run(fake, monkeypatch)


def test_through_an_outage(fake: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        fake.faults.html(503, times=3, endpoint="token")

    assert run(fake, monkeypatch, away, lambda: None, lambda: None, fake.approve) >= 4


def test_application_that_may_not(fake: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    client = fake.add_client(auth_method="none", grant_types=["authorization_code"])
    monkeypatch.setenv("OKTA_CLIENT_ID", client.client_id)
    with pytest.raises(SystemExit, match="Not signed in: "):
        run(fake, monkeypatch)


def test_environment_is_needed(fake: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OKTA_CLIENT_ID")
    with pytest.raises(SystemExit, match="OKTA_CLIENT_ID"):
        run(fake, monkeypatch)

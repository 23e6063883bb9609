"""The demonstration: with what the base install brings, and at an org of the environment's."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from okta_oidc import OktaError
from okta_oidc.testing import FakeOkta

PROGRAM = str(Path(__file__).parents[2] / "examples" / "token_life.py")
# What the extras bring, and what this repository's environments have besides.
EXTRAS = ("aiohttp", "click", "cryptography", "joserfc", "opentelemetry", "redis", "rich", "segno")
BARE = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({EXTRAS}))
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def test_with_the_base_install() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OKTA_")}
    done = subprocess.run(
        [sys.executable, "-c", BARE, PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    steps = [line for line in done.stdout.splitlines() if line[:1].isdigit()]
    assert [step.partition(".")[0] for step in steps] == list("12345678")
    assert "the refresh token was replaced" in done.stdout
    assert "not active" in done.stdout
    assert "InvalidGrantError" in done.stdout
    # The life of a token is told without the token.
    assert "eyJ" not in done.stdout


def test_at_an_org(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeOkta(scopes=("api:read",))
    with fake.serve():
        monkeypatch.setenv("OKTA_ORG_URL", fake.issuer())
        monkeypatch.setenv("OKTA_CLIENT_ID", fake.client_id)
        monkeypatch.setenv("OKTA_CLIENT_SECRET", fake.client_secret)
        monkeypatch.setenv("OKTA_SCOPE", "api:read")
        runpy.run_path(PROGRAM, run_name="__main__")
    told = capsys.readouterr().out
    assert "scopes api:read" in told
    assert "InvalidGrantError" in told
    assert fake.client_secret not in told


def test_at_an_org_that_is_not_named_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_ORG_URL", "https://dev-000000.okta.com")
    monkeypatch.delenv("OKTA_CLIENT_ID", raising=False)
    with pytest.raises(SystemExit, match="OKTA_CLIENT_ID") as ended:
        runpy.run_path(PROGRAM, run_name="__main__")
    assert isinstance(ended.value.__context__, OktaError)

"""What an error tracker keeps of a failure, with the settings that it comes with.

Frames of ours, and of the libraries below, hold nothing secret. Those of the caller are the
caller's: a page says how to scrub them, and its lines are tried here.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import Any, Final

import pytest

from tests.docs._blocks import ROOT, blocks_of
from tests.faults.test_faults import CASES, NO_END

from ._tracked import CLIENT_ID

PLANTED: Final = "hush-hush"
BASIC: Final = base64.b64encode(f"{CLIENT_ID}:{PLANTED}-secret-of-some-length".encode()).decode()
WAYS: Final = (
    "sync own",
    "sync borrowed",
    "asyncio own",
    "asyncio borrowed",
    "asyncio aiohttp",
    "trio own",
)
# A generated function is called with a request model, and its frames are under no one's control
# but the generator's. The page names these locals.
GENERATED: Final = {"body", "kwargs"}


def events_of(way: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.tools._tracked", *way.split()],
        cwd=ROOT,
        env={**os.environ, "PLANTED": PLANTED, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    events: list[dict[str, Any]] = json.loads(done.stdout)
    return [event for event in events if "exception" in event]


def frames(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of one exception."""
    trace: dict[str, Any] = value.get("stacktrace") or {"frames": []}
    found: list[dict[str, Any]] = trace["frames"]
    return found


def frames_of(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [frame for value in event["exception"]["values"] for frame in frames(value)]


def assert_tells_where(event: dict[str, Any]) -> None:
    """Each exception of the chain has its frames, but for one that was made and never raised."""
    for value in event["exception"]["values"]:
        assert frames(value) or value["type"] == "TimeoutError"
    modules = {frame["module"] for frame in frames_of(event)}
    assert "__main__" in modules
    assert any(module.startswith("okta_oidc.") for module in modules)


def secrets_in(value: object) -> list[str]:
    text = json.dumps(value)
    return [secret for secret in (PLANTED, BASIC) if secret in text]


@pytest.mark.parametrize("way", WAYS)
def test_no_event_of_sentry_holds_a_secret(way: str) -> None:
    events = events_of(way)
    met = {event["tags"]["failure"] for event in events}
    cases = {case.strike.strike for case in CASES}
    if way == "sync borrowed":
        cases -= set(NO_END)
    assert met >= {case.__name__ for case in cases} | {"refused", "gateway", "nobody there"}
    assert ("hook" in met) is way.endswith("borrowed")
    for event in events:
        found = frames_of(event)
        assert_tells_where(event)
        if event["tags"]["failure"] == "generated":
            for frame in found:
                if frame["module"].startswith("okta_oidc_api."):
                    held = {name for name, value in frame["vars"].items() if secrets_in(value)}
                    assert held <= GENERATED
                    frame["vars"] = {}
        assert not secrets_in(event), [frame["module"] for frame in found if secrets_in(frame)]


# The caller's own frames

CALLERS: Final = """
import sys
from sentry_sdk.transport import Transport
kept = []
class Keep(Transport):
    def capture_envelope(self, envelope):
        kept.extend(item.payload.json for item in envelope.items if item.payload.json)
import sentry_sdk
stock = sentry_sdk.init
def init(dsn, **options):
    stock("http://key@127.0.0.1:9/1", transport=Keep, **options)
sentry_sdk.init = init
{lines}
import json
from okta_oidc import ClientSecretBasic, OktaError, OktaOIDC
def callback(code, code_verifier):
    form = {{"code": code, "state": "their-state"}}
    note = "a local that stays"
    OktaOIDC("http://127.0.0.1:9", ClientSecretBasic("id", "secret"), retry=None).token_for_code(
        form["code"], "http://localhost/", code_verifier=code_verifier
    )
try:
    callback(sys.stdin.readline().strip(), sys.stdin.readline().strip())
except OktaError as error:
    sentry_sdk.capture_exception(error)
print(json.dumps(kept))
"""


def event_under(lines: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CALLERS.format(lines=lines)],
        input="the-planted-code\nthe-planted-verifier\n",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the-planted" not in done.stderr
    return done.stdout


def test_the_pages_lines_scrub_the_callers_own_frames() -> None:
    page = ROOT / "docs" / "at-home-in-your-stack.md"
    (lines,) = [block.text for block in blocks_of(page) if "EventScrubber" in block.text]
    assert "the-planted" in event_under("sentry_sdk.init('')")
    event = event_under(lines)
    assert "the-planted" not in event
    assert "a local that stays" in event


def test_nor_is_there_one_without_local_variables() -> None:
    event = event_under("sentry_sdk.init('', include_local_variables=False)")
    assert "the-planted" not in event
    assert "a local that stays" not in event

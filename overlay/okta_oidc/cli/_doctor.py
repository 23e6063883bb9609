"""``doctor``: what stands between this machine and tokens, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from ._connections import Connection, connected
from ._exits import Exit
from ._screens import Tone
from ._sessions import Session
from ._words import printable

if TYPE_CHECKING:
    from ._findings import Finding, Status

_TONES: Final[dict[Status, Tone]] = {
    "ok": "good",
    "warning": "doubtful",
    "failed": "bad",
    "skipped": "faint",
}


@click.command()
@connected
def doctor(session: Session, connection: Connection) -> int:
    """Check the way to Okta, step by step, and say what to do.

    Looks at the org URL, DNS, TLS, the discovery document, the clock, the authorization server, the
    credentials and the rate limit. Nothing is changed: the credentials are tried by introspecting a
    token that does not exist. The exit code is 1 if a check failed; warnings and skipped checks do
    not count.
    """
    # Brings httpx, which the other commands load when they come to need it.
    from ._checks import examine

    findings: list[Finding] = []
    for finding in examine(connection, session):
        findings.append(finding)
        if not session.screen.json:
            _show(session, finding)
    failed = [finding for finding in findings if finding.status == "failed"]
    if session.screen.json:
        session.screen.show_json(
            {
                "ok": not failed,
                "checks": [
                    {
                        "check": finding.check,
                        "status": finding.status,
                        "finding": finding.text,
                        "next": finding.advice,
                    }
                    for finding in findings
                ],
            }
        )
    return Exit.NO if failed else Exit.OK


def _show(session: Session, finding: Finding) -> None:
    tone = _TONES[finding.status]
    label, text = f"{finding.status:<9}", f"{finding.check:<21}{printable(finding.text)}"
    if finding.status == "skipped":
        # One cause may skip many checks: a line for each is enough.
        session.screen.line(label, tone, f"{text}: {printable(finding.advice)}")
        return
    session.screen.line(label, tone, text)
    if finding.status != "ok":
        session.screen.line(" " * 9, "plain", f"-> {printable(finding.advice)}")

"""``doctor``: what stands between this machine and tokens, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import click

from ._connections import Connection, connected
from ._exits import Exit, InputError
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
@click.option(
    "--store",
    metavar="URL",
    envvar="OKTA_OIDC_STORE",
    show_envvar=True,
    help="Prove a token store too: redis://, rediss://, valkey:// or unix://. A URL with a "
    "password is read from the environment alone.",
)
@click.option(
    "--store-prefix",
    metavar="PREFIX",
    default="okta:tokens:",
    show_default=True,
    help="What the service's keys begin with there.",
)
@click.option(
    "--store-key",
    metavar="KEY",
    help="Tell what is held under this key, without the tokens.",
)
@connected
def doctor(
    session: Session,
    connection: Connection,
    store: str | None,
    store_prefix: str,
    store_key: str | None,
) -> int:
    """Check the way to Okta, step by step, and say what to do.

    Looks at the org URL, DNS, TLS, the discovery document, the clock, the authorization server, its
    keys, the credentials and the rate limit; with --store at a token store, and without an org URL
    at that alone. Nothing is changed: the credentials are tried by introspecting a token that does
    not exist, the store by rows of its own that are gone in a minute. The exit code is 1 if a check
    failed; warnings and skipped checks do not count.
    """
    findings: list[Finding] = []
    for finding in _findings(session, connection, store, store_prefix, store_key):
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


def _findings(
    session: Session, connection: Connection, store: str | None, prefix: str, key: str | None
) -> Iterator[Finding]:
    proofs: Iterable[Finding] = ()
    if store is not None:
        from ._stores import store_findings

        # What is wrong with the URL is said before anything is checked.
        proofs = store_findings(session, store, prefix, key, connection.timeout)
    elif key is not None:
        raise InputError("--store-key needs a store: pass --store, or set OKTA_OIDC_STORE")
    if store is None or connection.org_url:
        from ._checks import examine

        yield from examine(connection, session)
    yield from proofs


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

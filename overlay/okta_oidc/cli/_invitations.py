"""What a user is shown who is to approve a login: an address, a code, and the same as a picture."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING

import click

from ._sessions import Session
from ._words import duration, printable

if TYPE_CHECKING:
    from okta_oidc import DeviceLogin


def invite(session: Session, login: DeviceLogin) -> None:
    """Say on standard error where to go and what to type there."""
    left = login.expires_at.timestamp() - session.now()
    whole = login.verification_uri_complete
    if session.screen.json:
        session.screen.tell_json(
            {
                "login": {
                    "verification_uri": login.verification_uri,
                    "user_code": login.user_code,
                    "verification_uri_complete": whole,
                    "expires_at": int(login.expires_at.timestamp()),
                }
            }
        )
        return
    picture = qr_code(whole) if whole and session.screen.draws else ""
    session.screen.tell(
        f"To sign in, open {printable(login.verification_uri)}\n"
        f"and type the code {printable(login.user_code)}\n"
        + (f"or open {printable(whole)}\n" if whole else "")
        + picture
        + f"Waiting for {duration(left)} at most. Ctrl-C leaves it.\n"
    )


def qr_code(text: str) -> str:
    """``text`` as a QR code in half blocks, dark on light whatever the terminal's colours are.

    Nothing if it is too long for one, or the code too wide for the terminal.
    """
    lines = io.StringIO()
    try:
        import segno

        segno.make(text, error="l", micro=False).terminal(lines, border=2, compact=True)
    except (ImportError, ValueError):
        # An environment that was made before the extra had it, or more text than a code holds.
        return ""
    rows = lines.getvalue().splitlines()
    if len(rows[0]) > shutil.get_terminal_size().columns:
        return ""
    return "".join(click.style(row, fg="bright_white", bg="black") + "\n" for row in rows)

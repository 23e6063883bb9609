"""The pages. Everything that came from elsewhere goes through ``escape``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape

from okta_oidc import Introspection

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6478; --line: #e3e6ee;
  --page: #f4f6fb; --card: #ffffff; --accent: #2f5bea; --good: #13795b; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf4; --soft: #a2abc0; --line: #2d3548; --page: #12161f; --card: #1a202d;
    --accent: #7c9cff; --good: #5fd3ab; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem 1rem;
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink);
  background: var(--page); }
main { width: min(46rem, 100%); background: var(--card); border: 1px solid var(--line);
  border-radius: 16px; padding: 2.25rem; box-shadow: 0 12px 40px rgb(20 30 60 / 8%); }
header { display: flex; align-items: center; justify-content: space-between; gap: 1rem;
  flex-wrap: wrap; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
p { color: var(--soft); margin: .75rem 0 1.5rem; }
.state { font-size: .8rem; font-weight: 600; padding: .25rem .75rem; border-radius: 999px;
  border: 1px solid currentColor; color: var(--good); }
.state.inactive { color: var(--bad); }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; margin: 0 0 1.75rem;
  border-top: 1px solid var(--line); }
dt, dd { padding: .6rem 0; margin: 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); padding-right: 2rem; }
dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.scope { display: inline-block; background: var(--page); border: 1px solid var(--line);
  border-radius: 6px; padding: 0 .5rem; margin: 0 .25rem .25rem 0; font-size: .9rem; }
nav { display: flex; gap: .75rem; flex-wrap: wrap; }
form { margin: 0; }
a.button, button { font: inherit; font-weight: 600; cursor: pointer; text-decoration: none;
  border-radius: 10px; padding: .6rem 1.25rem; border: 1px solid var(--accent);
  background: var(--accent); color: var(--card); display: inline-block; }
button.quiet { background: transparent; color: var(--ink); border-color: var(--line); }
a.button:focus-visible, button:focus-visible { outline: 3px solid var(--accent);
  outline-offset: 2px; }
@media (max-width: 34rem) {
  main { padding: 1.5rem; }
  dl { grid-template-columns: 1fr; }
  dt { border: 0; padding-bottom: 0; }
  dd { padding-top: 0; } }
"""


def signed_out() -> str:
    """The page for someone unknown."""
    return _page(
        "Welcome",
        "<header><h1>Welcome</h1></header>"
        "<p>Sign in at your organisation's login page. This application never sees your "
        "password.</p>"
        '<nav><a class="button" id="login" href="/login">Sign in</a></nav>',
    )


def signed_in(info: Introspection) -> str:
    """The page for someone signed in; ``info`` is about the access token."""
    name = info.username or info.sub or "someone"
    state = "active" if info else "inactive"
    rows = [("Subject", escape(info.sub)) if info.sub else None]
    rows += [
        ("User id", escape(info.uid)) if info.uid else None,
        ("Client", escape(info.client_id)) if info.client_id else None,
        ("Issuer", escape(info.iss)) if info.iss else None,
        ("Audience", escape(", ".join(info.aud))) if info.aud else None,
        ("Scopes", _scopes(info.scopes)) if info.scopes else None,
        ("Issued", _time(info.issued_at)) if info.issued_at else None,
        ("Expires", _time(info.expires_at)) if info.expires_at else None,
    ]
    others = {k: v for k, v in info.raw.items() if k not in _SHOWN}
    rows += [(escape(name), escape(_text(value))) for name, value in sorted(others.items())]
    listed = "".join(f"<dt>{row[0]}</dt><dd>{row[1]}</dd>" for row in rows if row is not None)
    note = (
        "This is what the authorization server says of your access token right now."
        if info
        else "The authorization server does not accept your access token any more. "
        "Log out, and sign in again."
    )
    return _page(
        "Signed in",
        f'<header><h1 id="who">{escape(name if info else "Access token ended")}</h1>'
        f'<span class="state {state}" id="state">{state}</span></header>'
        f"<p>{note}</p><dl>{listed}</dl>"
        '<nav><form method="post" action="/logout"><button id="logout" class="quiet">Log out'
        "</button></form></nav>",
    )


def refused(reason: str) -> str:
    """The page for what did not work."""
    return _page(
        "That did not work",
        f'<header><h1>That did not work</h1></header><p id="reason">{escape(reason)}</p>'
        '<nav><a class="button" href="/">Back to the start</a></nav>',
    )


_SHOWN = {
    *("active", "sub", "uid", "client_id", "iss", "aud", "scope", "iat", "exp", "username"),
    *("token_type", "jti"),
}


def _scopes(scopes: tuple[str, ...]) -> str:
    return " ".join(f'<span class="scope">{escape(scope)}</span>' for scope in scopes)


def _time(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f'<time datetime="{at.isoformat()}">{at:%d %B %Y, %H:%M:%S} UTC</time>'


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{content}</main></body></html>"
    )

"""The ``okta-oidc`` command. It needs the extra ``cli``: ``pip install 'okta-oidc[cli]'``.

Only :func:`main` is public. What the command prints with ``--json``, its options, its environment
variables and its exit codes are promised; its tables are for people and change freely.
"""

from __future__ import annotations

import sys
from importlib import import_module

from ._exits import Exit

__all__ = ["main"]

_EXTRA = ("click", "rich")


def main() -> int:
    """Run the command with the process's arguments; return its exit code."""
    try:
        try:
            for name in _EXTRA:
                import_module(name)
            from ._running import run_process
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in _EXTRA:
                raise
            print(  # noqa: T201
                "okta-oidc: the command line is an extra that is not installed\n"
                "  hint: pip install 'okta-oidc[cli]'",
                file=sys.stderr,
            )
            return Exit.NOT_INSTALLED
        return run_process()
    except KeyboardInterrupt:
        # While the modules were loading: nothing has been read or sent.
        return Exit.INTERRUPTED

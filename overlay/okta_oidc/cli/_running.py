"""One run of the command: from arguments to an exit code, whatever happens in between."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

import click
from click.shell_completion import shell_complete

from okta_oidc import OktaError

from ._errors import advice_on, document_of, exit_code_of, message_of, usage_of
from ._exits import Exit, InputError
from ._root import COMPLETION_VARIABLE, NAME, root
from ._screens import Screen
from ._secrets import Secrets
from ._sessions import Session


def run_process() -> int:
    """Run with this process's arguments and streams."""
    for stream in (sys.stdout, sys.stderr):
        # A locale without the characters of a name is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    instruction = os.environ.get(COMPLETION_VARIABLE)
    if instruction:
        return shell_complete(root, {}, NAME, COMPLETION_VARIABLE, instruction)
    _heed_signals()
    # A standard stream that was shut before the start is None, whatever its type says.
    out = cast("TextIO | None", sys.stdout) or _Shut()
    err = cast("TextIO | None", sys.stderr) or io.StringIO()
    try:
        code = run(sys.argv[1:], stdin=sys.stdin, out=out, err=err)
    finally:
        # What cannot be written has been reported by now. Python would try again as it ends, and
        # print a traceback.
        _abandon_unwritable(sys.stdout)
        _abandon_unwritable(sys.stderr)
    return code


def run(
    args: Sequence[str],
    *,
    stdin: TextIO | None,
    out: TextIO,
    err: TextIO,
    now: Callable[[], float] = time.time,
) -> int:
    """Run with these arguments and streams. Nothing is raised, and the process goes on.

    ``now`` tells seconds since the epoch.
    """
    screen = Screen(out, err, as_json="--json" in args)
    session = Session(screen, Secrets(screen, stdin), now)
    try:
        try:
            return _outcome(list(args), session)
        finally:
            screen.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        if session.kept is not None:
            with suppress(OSError):
                screen.warn(f"nobody reads the output; {session.kept}")
        return Exit.BROKEN_PIPE
    except OSError as error:
        with suppress(OSError):
            message = f"cannot write the output: {error.strerror}"
            screen.fail(message, session.kept or "", {"exit_code": int(Exit.OUTPUT)})
        return Exit.OUTPUT


def _outcome(args: list[str], session: Session) -> int:
    screen = session.screen
    try:
        with root.make_context(NAME, args, obj=session) as context:
            return cast("int", root.invoke(context))
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        message, hint = usage_of(error)
        screen.fail(message, hint, {"class": "UsageError", "exit_code": int(Exit.USAGE)})
        return Exit.USAGE
    except InputError as error:
        screen.fail(
            error.message, error.hint, {"class": "InputError", "exit_code": int(Exit.USAGE)}
        )
        return Exit.USAGE
    except OktaError as error:
        code = exit_code_of(error)
        screen.fail(message_of(error), advice_on(error, session), document_of(error, code))
        return code
    except (KeyboardInterrupt, click.Abort):
        hint = session.kept or ""
        if session.spends and not hint:
            hint = f"the {session.spends} may have been used up: try it once more, or sign in anew"
        screen.fail("interrupted", hint, {"exit_code": int(Exit.INTERRUPTED)})
        return Exit.INTERRUPTED
    except OSError:
        raise
    except RecursionError:
        hint = session.kept or "nothing that Okta sends is near it: what answers at the org URL?"
        document = {"class": "MalformedResponseError", "exit_code": int(Exit.MALFORMED)}
        screen.fail("the answer is nested too deeply to be shown", hint, document)
        return Exit.MALFORMED
    except Exception as error:  # noqa: BLE001  # a traceback may hold what must not be shown
        screen.fail(
            f"a fault of this command's own: {type(error).__name__} at {_place(error)}",
            "please report it; whether anything was sent is not known",
            {"class": type(error).__name__, "exit_code": int(Exit.INTERNAL)},
        )
        return Exit.INTERNAL


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


def _heed_signals() -> None:
    """Let what ends the process end it as Ctrl-C does: no draft of a file is left behind."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Ignored by whoever started it, as nohup does: so it stays.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _abandon_unwritable(stream: TextIO | None) -> None:
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Shut(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(errno.EBADF, "it is shut")

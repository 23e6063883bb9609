"""A pseudo-terminal with the command on it."""

from __future__ import annotations

import codecs
import contextlib
import errno
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from typing import Self

from ._command import PATIENCE, clean_environment, heed_interrupts, script


class Terminal:
    """The console script on a terminal of ``columns``; ``shown`` is everything that appeared.

    ``stdout`` sends standard output elsewhere, as a shell's redirection does.
    """

    def __init__(
        self,
        *args: str,
        env: Mapping[str, str],
        columns: int = 100,
        stdout: int | None = None,
    ) -> None:
        self._master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.terminal = terminal
        self.shown = ""
        # A read may end inside a character.
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._process = subprocess.Popen(
            [*script(), *args],
            stdin=terminal,
            stdout=terminal if stdout is None else stdout,
            stderr=terminal,
            env=clean_environment({"TERM": "xterm-256color", **env}),
            preexec_fn=_take_terminal,
        )

    def wait_for(self, text: str) -> None:
        """Read until ``text`` has appeared."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.shown:
            self._read(deadline)

    def type(self, keys: bytes) -> None:
        """Type, as fast as the terminal takes it."""
        view = memoryview(keys)
        while view:
            view = view[os.write(self._master, view[:1024]) :]

    def finish(self) -> int:
        """Read to the end; the exit code, negative for a signal."""
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None:
            self._read(deadline)
        while select.select([self._master], [], [], 0)[0]:
            self._read(deadline)
        return self._process.returncode

    @property
    def echoes(self) -> bool:
        """Whether the terminal is as it was: it shows what is typed, line by line."""
        flags: int = termios.tcgetattr(self.terminal)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def _read(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        assert left > 0, f"nothing more after {self.shown!r}"
        if select.select([self._master], [], [], min(left, 0.05))[0]:
            try:
                self.shown += self._decoder.decode(os.read(self._master, 1 << 16))
            except OSError as error:
                if error.errno != errno.EIO:
                    raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        os.close(self._master)
        os.close(self.terminal)


def _take_terminal() -> None:
    # So that Ctrl-C on it reaches the command.
    os.setsid()
    heed_interrupts()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)

"""A question on the terminal whose answer does not show."""

from __future__ import annotations

import getpass
import os
import sys
from typing import TextIO

_INTERRUPT = 0x03
_END = 0x04
_KILL_LINE = 0x15
_BACKSPACES = (0x08, 0x7F)
_LINE_ENDS = (0x0A, 0x0D)


def ask(question: str, stdin: TextIO, stderr: TextIO) -> str:
    """What the user types or pastes after ``question``, up to the end of the line.

    The terminal is read key by key. Reading it line by line, as :mod:`getpass` does, ends at 4095
    bytes on Linux and 1023 on macOS, and a token that is pasted is often longer.

    Raises:
        EOFError: Ctrl-D, or the terminal went away.
    """
    if sys.platform == "win32":
        return getpass.getpass(question, stream=stderr)
    import termios

    terminal = stdin.fileno()
    before = termios.tcgetattr(terminal)
    silent = termios.tcgetattr(terminal)
    silent[3] &= ~(termios.ECHO | termios.ICANON)
    try:
        # Drops what was typed before the echo went off: it is on the screen. From the question on,
        # nothing is lost.
        termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
        stderr.write(question)
        stderr.flush()
        return _line(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        stderr.write("\n")
        stderr.flush()


def _line(terminal: int) -> str:
    typed = bytearray()
    while True:
        keys = os.read(terminal, 4096)
        if not keys:
            raise EOFError
        for key in keys:
            if key in _LINE_ENDS:
                return typed.decode()
            if key == _END:
                raise EOFError
            if key == _INTERRUPT:
                raise KeyboardInterrupt
            if key in _BACKSPACES:
                del typed[-1:]
            elif key == _KILL_LINE:
                typed.clear()
            else:
                typed.append(key)

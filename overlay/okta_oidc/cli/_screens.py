"""Where output goes: tables on a terminal, ``name: value`` lines elsewhere, or JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TextIO

import click

from ._words import json_text, printable

Tone = Literal["plain", "good", "bad", "doubtful", "faint"]

_STYLES: Final[Mapping[Tone, str]] = {
    "plain": "",
    "good": "bold green",
    "bad": "bold red",
    "doubtful": "yellow",
    "faint": "dim",
}
_COLOURS: Final[Mapping[Tone, str | None]] = {
    "plain": None,
    "good": "green",
    "bad": "red",
    "doubtful": "yellow",
    "faint": "bright_black",
}
# Shorter values turn up in other words, and are no secret worth the name.
_SHORTEST_SECRET: Final = 4
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an answer. ``value`` is printable already."""

    name: str
    value: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has to say: ``rows`` for people, ``document`` for programs.

    ``shows_secrets`` is set where the user asked for them.
    """

    title: str
    rows: tuple[Row, ...]
    document: Mapping[str, Any]
    shows_secrets: bool = False


class Screen:
    """Standard output and standard error, and what must appear on neither."""

    def __init__(self, out: TextIO, err: TextIO, *, as_json: bool) -> None:
        self.out: Final = out
        self.err: Final = err
        self.json: Final = as_json
        self._secrets: list[str] = []

    def hide(self, secret: str) -> None:
        """Keep this value out of all that is shown from now on, unless an answer is asked for."""
        if len(secret) >= _SHORTEST_SECRET:
            self._secrets.append(secret)

    def show(self, answer: Answer) -> None:
        """Print an answer."""
        if self.json:
            self.show_json(answer.document, shows_secrets=answer.shows_secrets)
            return
        clean = str if answer.shows_secrets else self._clean
        rows = [Row(printable(clean(row.name)), clean(row.value), row.tone) for row in answer.rows]
        if _is_terminal(self.out):
            self._table(answer.title, rows)
        else:
            self._write(self.out, "".join(f"{row.name}: {row.value}\n" for row in rows))

    def show_json(self, document: Mapping[str, Any], *, shows_secrets: bool = False) -> None:
        """Print a JSON document, in ASCII, indented where a person reads it."""
        text = json_text(document, 2 if _is_terminal(self.out) else None)
        self._write(self.out, (text if shows_secrets else self._clean_json(text)) + "\n")

    def print(self, text: str) -> None:
        """Print text of the command's own."""
        self._write(self.out, text)

    def line(self, label: str, tone: Tone, text: str) -> None:
        """Print one line at once, its label coloured."""
        self._write(self.out, f"{_coloured(self.out, label, tone)}{self._clean(text)}\n")

    def warn(self, message: str) -> None:
        """Print a warning to standard error."""
        label = _coloured(self.err, "warning:", "doubtful")
        self._write(self.err, f"okta-oidc: {label} {self._clean(message)}\n")

    @property
    def draws(self) -> bool:
        """Whether standard error is a terminal that has the characters to draw with."""
        try:
            "\u2580\u2584\u2588".encode(self.err.encoding or "utf-8")
        except (UnicodeError, LookupError):
            return False
        return _is_terminal(self.err)

    def tell(self, text: str) -> None:
        """Print what a person needs while the command goes on, to standard error."""
        self._write(self.err, text)

    def tell_json(self, document: Mapping[str, Any]) -> None:
        """The same for programs: one line."""
        self._write(self.err, self._clean_json(json_text(document)) + "\n")

    def fail(self, message: str, hint: str, document: Mapping[str, Any]) -> None:
        """Print an error to standard error: a line and a hint, or one line of JSON."""
        if self.json:
            self.tell_json({"error": {"message": message, "hint": hint, **document}})
            return
        text = f"okta-oidc: {_coloured(self.err, self._clean(printable(message)), 'bad')}\n"
        if hint:
            text += f"  {_coloured(self.err, 'hint:', 'faint')} {self._clean(printable(hint))}\n"
        self._write(self.err, text)

    def flush(self) -> None:
        """Write what is buffered, so that a failure to write is met here."""
        self.out.flush()
        self.err.flush()

    def _table(self, title: str, rows: Iterable[Row]) -> None:
        # Rich takes a while to load, and only terminals need it.
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        class Quiet(Console):
            def on_broken_pipe(self) -> None:
                # Rich would end the process, with a code that means something else here.
                raise BrokenPipeError

        table = Table(
            title=Text(title, style="bold"),
            title_justify="left",
            box=box.ROUNDED,
            show_header=False,
            border_style="dim",
        )
        table.add_column(style="cyan", overflow="fold", max_width=32)
        # A value that is cut short is of no use to anyone.
        table.add_column(overflow="fold")
        for row in rows:
            table.add_row(Text(row.name), Text(row.value, style=_STYLES[row.tone]))
        Quiet(file=self.out, highlight=False, emoji=False, markup=False).print(table)

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write(text)
        stream.flush()

    def _clean(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "[redacted]")
        return text

    def _clean_json(self, text: str) -> str:
        # String by string: what is nested as deep as its parser goes is too deep for a walk.
        return _STRING.sub(lambda found: json_text(self._clean(json.loads(found[0]))), text)


def _is_terminal(stream: TextIO) -> bool:
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def _coloured(stream: TextIO, text: str, tone: Tone) -> str:
    if not _is_terminal(stream) or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return click.style(text, fg=_COLOURS[tone], bold=tone in ("good", "bad"))

"""What the documentation tells people to type, held against what there is.

The commands are not run: some take minutes, and some change the project. Each is checked for what
can go wrong as the project changes: a session, an extra, a file or an option that is gone.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from typing import Any, Final

from ._blocks import ROOT

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=.*")
_OPERATOR: Final = re.compile(r"[();<>|&]+")
# $(…) and <(…)
_INNER: Final = re.compile(r"[$<]\(([^()]*)\)")
_OPTION: Final = re.compile(r"--[a-z][a-z-]*")
# Words of the shell, and tools that are not ours.
_FOREIGN: Final = frozenset(
    {"cat", "cd", "cp", "curl", "echo", "eval", "exec", "export", "git", "npm", "pbpaste", "printf"}
    | {"chmod", "jq", "openssl", "pass", "python", "python3", "read", "rm", "source", "tee", "uv"}
    | {"vault", "xargs"}
)


def complaints_about(text: str) -> list[str]:
    """What is wrong with these shell commands; nothing, if they can be typed as they stand."""
    parsed = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    if parsed.returncode:
        return [parsed.stderr.strip()]
    return [complaint for words in _commands(text) for complaint in _judge(words)]


def sessions() -> set[str]:
    """The names of the nox sessions."""
    names: set[str] = set()
    for node in ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            source = ast.unparse(decorator)
            if source.startswith("nox.session"):
                named = re.search(r"name='([^']+)'", source)
                names.add(named[1] if named else node.name)
    return names


def extras() -> set[str]:
    """The names of the distribution's extras."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return set(project["project"].get("optional-dependencies", {}))


def unknown_sessions(words: list[str]) -> list[str]:
    """What is wrong with the arguments of a ``nox`` command."""
    wanted: list[str] = []
    for option, *named in _after_options(words, ("-s", "--session", "--sessions", "-e")):
        wanted += named or [option]
    known = sessions()
    return [f"no nox session {name!r}" for name in wanted if name not in known]


def _commands(text: str) -> Iterator[list[str]]:
    for inner in _INNER.findall(text):
        yield from _commands(inner)
    for line in _INNER.sub("its-output", text).replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        command: list[str] = []
        redirected = False
        for word in lexer:
            if _OPERATOR.fullmatch(word):
                redirected = word[0] in "<>"
                if not redirected:
                    yield from _unless_empty(command)
                    command = []
            elif redirected:
                redirected = False
            elif command or not _ASSIGNMENT.fullmatch(word):
                command.append(word)
        yield from _unless_empty(command)


def _unless_empty(command: list[str]) -> Iterator[list[str]]:
    if command:
        yield command


def _judge(words: list[str]) -> list[str]:
    tool, *arguments = words
    if judge := _JUDGES.get(tool):
        return judge(arguments)
    if tool in _FOREIGN:
        return _missing_files(arguments)
    return [f"what is {tool!r}? Tell tests/docs/_shell.py"]


def _judge_pip(words: list[str]) -> list[str]:
    wanted = [re.fullmatch(r"okta-oidc(?:\[([\w,-]+)\])?", word) for word in words]
    named = {extra for match in wanted if match and match[1] for extra in match[1].split(",")}
    return [f"no extra {extra!r}" for extra in sorted(named - extras())]


def _judge_okta_oidc(words: list[str]) -> list[str]:
    subcommand: list[str] = []
    for word in words:
        if word.startswith("-"):
            break
        subcommand.append(word)
    shown = subprocess.run(
        [sys.executable, "-m", "okta_oidc.cli", *subcommand, "--help"],
        capture_output=True,
        text=True,
        env={"COLUMNS": "200", "TERM": "dumb"},
        check=False,
    )
    if shown.returncode:
        return [f"`okta-oidc {' '.join(subcommand)} --help` fails: {shown.stderr.strip()}"]
    options = {word.partition("=")[0] for word in words if _OPTION.match(word)}
    known = set(_OPTION.findall(shown.stdout))
    return [f"no option {option} of `okta-oidc`" for option in sorted(options - known)]


def _missing_files(words: list[str]) -> list[str]:
    named = [word for word in words if word.endswith((".py", ".toml", ".yaml")) and "/" in word]
    return [f"no file {word}" for word in named if not (ROOT / word).exists()]


def _after_options(words: list[str], options: tuple[str, ...]) -> Iterator[list[str]]:
    for index, word in enumerate(words):
        if word == "--":
            return
        if word in options:
            following: list[str] = []
            for argument in words[index + 1 :]:
                if argument.startswith("-"):
                    break
                following.append(argument)
            yield [word, *following]


_JUDGES: Final[dict[str, Callable[[list[str]], list[str]]]] = {
    "nox": unknown_sessions,
    "okta-oidc": _judge_okta_oidc,
    "pip": _judge_pip,
}

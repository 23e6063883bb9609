"""The sessions that workflows name, held against those that there are."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs._shell import unknown_sessions

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_names_sessions_that_exist(workflow: Path) -> None:
    commands = list(nox_commands(workflow.read_text("utf-8")))
    complaints = [found for words in commands for found in unknown_sessions(words)]
    assert not complaints
    # Without one, what reads them has gone blind.
    assert commands


def test_tests_each_python_that_is_declared() -> None:
    (path,) = (workflow for workflow in WORKFLOWS if workflow.stem == "ci")
    commands = nox_commands(path.read_text("utf-8"))
    named = {words[-1] for words in commands if words[:3] == ["-s", "pythons", "--"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert declared
    assert named == set(declared)


def test_what_must_hold_names_sessions_that_exist() -> None:
    commands = re.findall(r"\bnox (-.*)", (ROOT / ".ci" / "run").read_text("utf-8"))
    assert commands
    assert [found for command in commands for found in unknown_sessions(command.split())] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_brings_what_its_sessions_look_for(workflow: Path) -> None:
    """They install programs as root alone, which nobody is there."""
    text = workflow.read_text("utf-8")
    commands = [" ".join(words) for words in nox_commands(text)]
    if ".ci/run" in text:
        commands += re.findall(r"\bnox (-.*)", (ROOT / ".ci" / "run").read_text("utf-8"))
    sessions = {word for command in commands for word in command.split()}
    wanted = {kind for name in sessions for kind in debian_kinds().get(name, ())}
    brought = re.findall(r"sudo python3 -m tasks\.debian (.*)", text)
    assert set(" ".join(brought).split()) == wanted


def debian_kinds() -> dict[str, list[str]]:
    """What each session has Debian's package manager asked for."""
    tree = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
    found = {
        function.name: [
            str(argument.value)
            for call in ast.walk(function)
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            if call.func.id == "_debian"
            for argument in call.args[1:]
            if isinstance(argument, ast.Constant)
        ]
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
    }
    assert found["browser"] == ["browser"]
    return found


def test_sees_through_variables_and_the_matrix() -> None:
    text = """
        jobs:
          chore:
            strategy: {matrix: {session: [tests, gone]}}
            steps:
              - run: pip install nox && nox -s "${SESSION}"
                env: {SESSION: "${{ matrix.session }}"}
              - run: nox -s lint
        """
    commands = list(nox_commands(text))
    assert commands == [["-s", "tests"], ["-s", "gone"], ["-s", "lint"]]
    assert [*map(unknown_sessions, commands)] == [[], ["no nox session 'gone'"], []]


def nox_commands(text: str) -> Iterator[list[str]]:
    """The arguments of each ``nox`` command of a workflow, once for each item of the matrix."""
    workflow: dict[str, Any] = yaml.safe_load(text)
    for job in workflow["jobs"].values():
        matrix: dict[str, list[str]] = job.get("strategy", {}).get("matrix", {})
        for step in job["steps"]:
            for command in re.findall(r"\bnox (-.*)", step.get("run", "")):
                yield from (shlex.split(line) for line in _values(command, step, matrix))


def _values(command: str, step: dict[str, Any], matrix: dict[str, list[str]]) -> Iterator[str]:
    for name, value in step.get("env", {}).items():
        command = command.replace(f"${{{name}}}", value)
    keys = re.findall(r"\$\{\{ matrix\.(\w+) \}\}", command)
    if not keys:
        yield command
        return
    for item in matrix[keys[0]]:
        yield from _values(command.replace(f"${{{{ matrix.{keys[0]} }}}}", item), {}, matrix)

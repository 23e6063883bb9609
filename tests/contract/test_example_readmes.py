"""What the examples' READMEs name is there: modules, files, variables, extras."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from okta_oidc._from_env import options_from_env

from tasks.project import ROOT, extras

FOLDERS = sorted(path for path in (ROOT / "examples").iterdir() if (path / "__init__.py").exists())
# Those that a client reads by itself.
OWN = {"OKTA_ORG_URL", "OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"}


def test_there_are_six() -> None:
    assert [folder.name for folder in FOLDERS] == [
        *("device_login", "fleet", "mcp_server", "protected_api", "web_app", "worker"),
    ]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_readme(folder: Path) -> None:
    text = (folder / "README.md").read_text("utf-8")
    assert text.startswith("# ")
    assert len(text.splitlines()) == 5
    modules = set(re.findall(r"python -m ([\w.]+)", text))
    assert f"examples.{folder.name}" in modules
    assert all(find_spec(module) for module in modules)
    linked = re.findall(r"\]\(([^)]+)\)", text)
    assert linked
    assert all((folder / name).is_file() for name in linked)
    (installed,) = re.findall(r"`pip install (.*?)`", text)
    named = re.findall(r"okta-oidc\[(\w+)\]", installed)
    assert set(named) <= set(extras())
    variables = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text))
    assert {"OKTA_ORG_URL", "OKTA_CLIENT_ID"} <= variables
    code = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    read: set[str] = OWN if "from_env(" in code else set()
    assert {name for name in variables - read if name not in code} == set()


def test_a_client_reads_those_of_its_own() -> None:
    environ = {"OKTA_ORG_URL": "https://dev-000000.okta.com", "OKTA_CLIENT_ID": "client-id"}
    base_url, auth, _ = options_from_env(environ, "OKTA_")
    assert (base_url, auth.client_id) == (environ["OKTA_ORG_URL"], "client-id")

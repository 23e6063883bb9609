"""Check that a wheel and an sdist hold what they promise, and nothing else.

Run as ``python check_contents.py WHEEL SDIST``; exits with a list of what is wrong.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"okta_oidc": ROOT / "overlay", "okta_oidc_api": ROOT / "generated"}


def expected_modules() -> set[str]:
    """What the two packages hold in the tree, as paths in a wheel."""
    return {
        path.relative_to(home).as_posix()
        for package, home in PACKAGES.items()
        for path in (home / package).rglob("*")
        if path.is_file() and (path.suffix == ".py" or path.name == "py.typed")
    }


def wheel_faults(names: list[str]) -> list[str]:
    """What is wrong with a wheel that holds these files."""
    metadata = {name for name in names if PurePosixPath(name).parts[0].endswith(".dist-info")}
    modules = set(names) - metadata
    expected = expected_modules()
    faults = [f"not in the wheel: {name}" for name in sorted(expected - modules)]
    faults += [f"should not be in the wheel: {name}" for name in sorted(modules - expected)]
    faults += [
        f"not in the wheel: {package}/py.typed"
        for package in PACKAGES
        if f"{package}/py.typed" not in modules
    ]
    wanted = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    for file in wanted:
        if not any(name.endswith(f".dist-info/{file}") for name in metadata):
            faults.append(f"not in the wheel: {file}")
    if len(metadata) != len(wanted):
        faults.append(f"unknown metadata: {sorted(metadata)}")
    return faults


def sdist_faults(names: list[str]) -> list[str]:
    """What is wrong with an sdist that holds these files, its top folder taken off."""
    others = {
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "PKG-INFO",
        "README.md",
        "generator_config.yaml",
        "openapi/okta-oauth.yaml",
        "pyproject.toml",
        "generated/provenance.json",
    }
    expected = {f"{PACKAGES[module.split('/')[0]].name}/{module}" for module in expected_modules()}
    faults = [f"not in the sdist: {name}" for name in sorted((expected | others) - set(names))]
    stray = set(names) - expected - others
    return faults + [f"should not be in the sdist: {name}" for name in sorted(stray)]


def main(wheel: str, sdist: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    with tarfile.open(sdist) as archive:
        source_names = [
            member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()
        ]
    faults = wheel_faults(names) + sdist_faults(source_names)
    # Controls: a check that passes whatever it is given holds nothing.
    if not wheel_faults([*names, "tests/unit/test_auth.py"]) or not wheel_faults(names[1:]):
        faults.append("control failed: a spoilt wheel went unnoticed")
    without_licence = [name for name in source_names if name != "LICENSE"]
    if not sdist_faults([*source_names, "node_modules/x.js"]) or not sdist_faults(without_licence):
        faults.append("control failed: a spoilt sdist went unnoticed")
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(names)} files in the wheel, {len(source_names)} in the sdist, as they should be")


if __name__ == "__main__":
    main(*sys.argv[1:])

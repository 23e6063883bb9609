"""Check that a bill of materials is valid CycloneDX, and says of a wheel what is true.

Run as ``python check_sbom.py BILL WHEEL``; exits with a list of what is wrong.
"""

from __future__ import annotations

import copy
import hashlib
import json
import sys
import tempfile
import zipfile
from collections.abc import Callable
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


def metadata_of(wheel: Path) -> Message:
    """The wheel's ``METADATA``."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def faults_of(bill: dict[str, Any], wheel: Path) -> list[str]:
    """What is wrong with this bill of this wheel's materials."""
    text = json.dumps(bill, ensure_ascii=False)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        return [f"no CycloneDX: {error}"]
    metadata = metadata_of(wheel)
    root: dict[str, Any] = bill["metadata"]["component"]
    components: list[dict[str, Any]] = bill["components"]
    told = {
        "name": root["name"],
        "version": root.get("version"),
        "licence": [choice["license"].get("id") for choice in root.get("licenses", ())],
        "hash": [digest["content"] for digest in root.get("hashes", ())],
    }
    true = {
        "name": metadata["Name"],
        "version": metadata["Version"],
        "licence": [metadata["License-Expression"]],
        "hash": [hashlib.sha256(wheel.read_bytes()).hexdigest()],
    }
    faults = [
        f"{what}: {told[what]}, not {true[what]}" for what in true if told[what] != true[what]
    ]
    names = {component["bom-ref"]: component["name"] for component in components}
    depends = {entry["ref"]: entry.get("dependsOn", []) for entry in bill["dependencies"]}
    direct = {names[ref] for ref in depends[root["bom-ref"]]}
    needed = {
        requirement.name
        for requirement in map(Requirement, metadata.get_all("Requires-Dist", []))
        if not (requirement.marker and "extra" in str(requirement.marker))
    }
    if direct != needed:
        faults.append(f"depends on {sorted(direct)}, not {sorted(needed)}")
    reached: set[str] = set()
    new = {root["bom-ref"]}
    while new:
        reached |= new
        new = {ref for parent in new for ref in depends[parent]} - reached
    faults += [f"nothing needs {names[ref]}" for ref in sorted(names.keys() - reached)]
    faults += [
        f"{component['name']} has no {what}"
        for component in components
        for what in ("version", "purl", "licenses")
        if not component.get(what)
    ]
    places = {"file:", str(ROOT), str(Path.home()), tempfile.gettempdir(), sys.prefix}
    return faults + [f"names a place: {place}" for place in sorted(places) if place in text]


# Controls: what may be wrong with a bill.
SPOILERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no CycloneDX": lambda bill: bill.update(bomFormat="nine"),
    "no version": lambda bill: bill["metadata"]["component"].pop("version"),
    "no licence": lambda bill: bill["metadata"]["component"].pop("licenses"),
    "another wheel": lambda bill: bill["metadata"]["component"]["hashes"].pop(),
    "no dependencies": lambda bill: bill.update(
        dependencies=[
            {**entry, "dependsOn": []} if entry["ref"] == "root-component" else entry
            for entry in bill["dependencies"]
        ]
    ),
    "a place": lambda bill: bill["components"][0].update(description=str(ROOT)),
}


def main(bill_path: str, wheel_path: str) -> None:
    bill, wheel = json.loads(Path(bill_path).read_text("utf-8")), Path(wheel_path)
    faults = faults_of(bill, wheel)
    for name, spoil in SPOILERS.items():
        spoilt = copy.deepcopy(bill)
        spoil(spoilt)
        if not faults_of(spoilt, wheel):
            faults.append(f"control failed: a bill with {name} went unnoticed")
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(bill['components'])} components besides {bill['metadata']['component']['name']}")


if __name__ == "__main__":
    main(*sys.argv[1:])

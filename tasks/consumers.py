"""A consumer's project: ``python -m tasks.consumers FOLDER`` type-checks and tests it.

Once with the wheel in FOLDER, once with an editable installation of this tree.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .distributions import built_in
from .environments import install, make, pinned
from .node import ENVIRONMENT
from .project import LOCK, ROOT, group, must, python, runtime


def check(kind: str, *project: str) -> None:
    """Use the project as its consumers do; ``project`` is what pip installs."""
    with tempfile.TemporaryDirectory() as scratch:
        consumer = Path(scratch, "consumer")
        shutil.copytree(ROOT / "tests" / "packaging" / "consumer", consumer)
        shutil.copy(ROOT / "tests" / "typing" / "api.py", consumer / "api.py")
        theirs = make(Path(scratch, "venv"))
        # The surface takes key objects of cryptography, which an extra brings.
        pins = pinned([*runtime("jwt"), *group("backend"), "pytest"], LOCK.read_text("utf-8"))
        install(theirs, pins, *project)
        must(*python("mypy", "--strict", "--python-executable", theirs, "."), cwd=consumer)
        pyright = python("pyright", "--pythonpath", theirs)
        must(*pyright, cwd=consumer, env={**os.environ, **ENVIRONMENT})
        must(theirs, "-m", "pytest", "-q", cwd=consumer)
    print(f"a consumer of the {kind} type-checks, and passes its tests")


def main() -> None:
    wheel, _ = built_in(Path(sys.argv[1]).resolve())
    kinds = {"wheel": (str(wheel),), "editable": ("-e", str(ROOT))}
    # Each is one process after the other, so that two keep two cores busy.
    with ThreadPoolExecutor() as pool:
        for each in [pool.submit(check, kind, *project) for kind, project in kinds.items()]:
            each.result()


if __name__ == "__main__":
    main()

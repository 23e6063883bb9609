"""Run the application on port 8080 of this machine."""

from __future__ import annotations

import os
import sys

import uvicorn

from .app import create_app
from .settings import Settings

try:
    settings = Settings.from_environment(os.environ)
except KeyError as missing:
    sys.exit(f"set {missing.args[0]} in the environment")
uvicorn.run(create_app(settings), host="127.0.0.1", port=8080)

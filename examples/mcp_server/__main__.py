"""Run the server on port 8082 of this machine."""

from __future__ import annotations

import os
import sys

import uvicorn

from .server import create_app

try:
    app = create_app(os.environ)
except KeyError as missing:
    sys.exit(f"set {missing.args[0]} in the environment")
uvicorn.run(app, host="127.0.0.1", port=8082)

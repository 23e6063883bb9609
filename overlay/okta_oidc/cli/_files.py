"""A file for tokens: private, and known to be writable before a code is spent on them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ._exits import InputError


class TokenFile:
    """A new file beside ``path``, readable by its owner alone, that takes its place once written.

    Raises:
        InputError: it cannot be made. Nothing has been sent.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        try:
            if self._path.exists() and not self._path.is_file():
                raise InputError("what --save names is there, and is no file")
            handle, name = tempfile.mkstemp(prefix=".okta-oidc-", dir=self._path.parent)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no path"
            raise InputError(f"cannot write the file that --save names: {reason}") from None
        self._file = os.fdopen(handle, "wb")
        self._draft: Path | None = Path(name)

    def keep(self, content: bytes | Mapping[str, Any]) -> None:
        """Write ``content``, a JSON object or bytes as received, and put the file in place."""
        if not isinstance(content, bytes):
            content = (json.dumps(dict(content), indent=2) + "\n").encode()
        assert self._draft is not None
        self._file.write(content)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.replace(self._path)
        self._draft = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        if self._draft is not None:
            self._draft.unlink(missing_ok=True)


@contextmanager
def token_file(path: str | None) -> Generator[TokenFile | None]:
    """A :class:`TokenFile` for ``path``, or ``None`` where there is none to write."""
    if path is None:
        yield None
        return
    with TokenFile(path) as file:
        yield file

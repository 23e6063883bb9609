"""A file for tokens: private, with room in it before a code is spent, and a refuge beside it."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from ._exits import InputError
from ._words import json_text

# Bytes. No answer of Okta's that the package reads is longer.
_ROOM: Final = 1 << 20
_CANNOT_RESERVE: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


class TokenFile:
    """A new file beside ``path``, readable by its owner alone, that takes its place once written.

    Raises:
        InputError: it cannot be made, or there is no room for it. Nothing has been sent.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        try:
            if self._path.exists() and not self._path.is_file():
                raise InputError("what --save names is there, and is no file")
            handle, name = tempfile.mkstemp(prefix=".okta-oidc-", dir=self._path.parent)
            self._file = os.fdopen(handle, "wb")
            self._draft: Path | None = Path(name)
            with _removed_on_failure(self._file, self._draft):
                _reserve(self._file)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no path"
            raise InputError(f"cannot write the file that --save names: {reason}") from None

    def keep(self, content: bytes | Mapping[str, Any]) -> None:
        """Write ``content``, a JSON object or bytes as received, and put the file in place.

        Raises:
            OSError: it failed all the same.
        """
        assert self._draft is not None
        _write(self._file, content)
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
        with suppress(OSError):
            self._file.close()
        if self._draft is not None:
            with suppress(OSError):
                self._draft.unlink(missing_ok=True)


@contextmanager
def token_file(path: str | None) -> Generator[TokenFile | None]:
    """A :class:`TokenFile` for ``path``, or ``None`` where there is none to write."""
    if path is None:
        yield None
        return
    with TokenFile(path) as file:
        yield file


def rescued(content: bytes | Mapping[str, Any], path: str | None) -> str | None:
    """The new file, readable by its owner alone, that holds ``content`` now.

    It is beside ``path``, in the directory for temporary files, or at home, where there is room
    first; ``None`` if there is none.
    """
    for place in _refuges(path):
        with suppress(OSError, RuntimeError):
            handle, name = tempfile.mkstemp(prefix="okta-tokens-", suffix=".json", dir=place())
            file = os.fdopen(handle, "wb")
            with _removed_on_failure(file, Path(name)):
                _write(file, content)
            return name
    return None


def _refuges(path: str | None) -> Generator[Any]:
    if path is not None:
        yield lambda: Path(path).absolute().parent
    yield tempfile.gettempdir
    yield Path.home


def _reserve(file: BinaryIO) -> None:
    """Have the file system set aside what the file will need."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, _ROOM)
        except OSError as error:
            if error.errno not in _CANNOT_RESERVE:
                raise
        else:
            return
    file.write(bytes(_ROOM))
    file.flush()
    os.fsync(file.fileno())


def _write(file: BinaryIO, content: bytes | Mapping[str, Any]) -> None:
    if not isinstance(content, bytes):
        content = (json_text(dict(content), indent=2) + "\n").encode()
    file.seek(0)
    file.write(content)
    file.truncate()
    file.flush()
    os.fsync(file.fileno())
    file.close()


@contextmanager
def _removed_on_failure(file: BinaryIO, path: Path) -> Generator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise

"""What an error tracker keeps of an exception: its texts, and the locals of each frame of ours."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from typing import cast


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """An exception, its causes and its contexts."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__]


def texts_of_chain(error: BaseException) -> list[str]:
    found: list[str] = []
    for each in chain_of(error):
        found += [repr(each), str(each), repr(each.args), repr(vars(each))]
    return [*found, "".join(traceback.format_exception(error))]


def frames_of(error: BaseException) -> list[str]:
    """The locals of every frame that is not a test's, as deep as a tracker looks."""
    found: list[str] = []
    for each in chain_of(error):
        for frame, _ in traceback.walk_tb(each.__traceback__):
            name = str(frame.f_globals.get("__name__", ""))
            if not name.startswith(("unit", "stores", "tests", "_pytest", "pytest")):
                found += [_shown(value) for value in frame.f_locals.values()]
    return found


def _shown(value: object, depth: int = 4) -> str:
    if depth == 0:
        return repr(value)
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return " ".join(_shown(item, depth - 1) for pair in items for item in pair)
    if isinstance(value, list | tuple | set | frozenset):
        found = cast("Iterable[object]", value)
        return " ".join(_shown(item, depth - 1) for item in found)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else repr(value)

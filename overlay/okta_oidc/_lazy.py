"""Modules that load when something in them is first used, by annotations too."""

# Modules of this package, named without their underscore.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, cast

from ._errors import TransportError

__all__ = [
    "credentials",
    "generated",
    "holding",
    "introspection",
    "models",
    "operations",
    "otel",
    "resource",
    "senders",
    "sign_in",
    "verifying",
]


@contextmanager
def loading() -> Generator[None]:
    """Raise a ``TransportError`` where a module cannot be read: no descriptor is left, say."""
    try:
        yield
    except OSError as error:
        message = f"nothing was sent, as a module cannot be read: {type(error).__name__}"
        raise TransportError(message, request_sent=False) from error


class _Lazy:
    """Stands for a module: ``name`` as in an import statement of this package."""

    def __init__(self, name: str) -> None:
        self._name: Final = name

    def __getattr__(self, name: str) -> object:
        with loading():
            value: object = getattr(import_module(self._name, __package__), name)
        # The next time it is found without this detour.
        setattr(self, name, value)
        return value


if TYPE_CHECKING:
    import okta_oidc_api as generated
    from okta_oidc_api import models

    from . import _credentials as credentials
    from . import _holding as holding
    from . import _introspection as introspection
    from . import _operations as operations
    from . import _otel as otel
    from . import _resource as resource
    from . import _senders as senders
    from . import _sign_in as sign_in
    from . import _verifying as verifying
else:
    for _name in __all__:
        _generated = {"generated": "okta_oidc_api", "models": "okta_oidc_api.models"}
        globals()[_name] = _Lazy(_generated.get(_name, f"._{_name}"))


# Where a word of a class's name begins.
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class _Package(ModuleType):
    """A package whose ``__init__`` has not run yet: it runs for names without a module."""

    def __getattr__(self, name: str) -> Any:
        # The generator names a module after its class.
        home = f"{self.__name__}.{_WORD.sub('_', name).lower()}"
        found = vars(import_module(home)).get(name) if find_spec(home) else None
        if found is None:
            found = getattr(_whole(self), name)
        setattr(self, name, found)
        return found

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        return vars(_whole(self))

    def __dir__(self) -> Iterable[str]:
        return dir(_whole(self))


def _whole(package: Any) -> ModuleType:
    """``package`` with all that its ``__init__`` makes, an ordinary module from then on."""
    made = module_from_spec(package.__spec__)
    package.__spec__.loader.exec_module(made)
    for name, value in vars(made).items():
        setattr(package, name, value)
    # Last: another thread sees what it lacks until then, and makes the same.
    package.__class__ = ModuleType
    return cast("ModuleType", package)


def load_singly(package: str) -> None:
    """Let the modules of ``package`` load singly, though its ``__init__`` imports them all.

    The package works as usual. Nothing happens if it has been imported already.
    """
    spec = find_spec(package)
    if package not in sys.modules:
        made = module_from_spec(cast("ModuleSpec", spec))
        made.__class__ = _Package
        parent, _, name = package.rpartition(".")
        setattr(sys.modules[parent], name, sys.modules.setdefault(package, made))

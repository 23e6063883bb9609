"""Where secrets come from: a file, the environment, standard input or a prompt.

Never from an argument: those are in the shell's history, and every user of the machine may read
those of a running process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from ._exits import InputError, MissingSecretError
from ._prompts import ask
from ._screens import Screen

# No token or code of Okta's comes near it.
_LONGEST: Final = 1 << 20
_STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Secret:
    """A kind of secret, and the names its sources go by.

    ``from_stdin`` says whether standard input is read when neither a file nor the environment has
    it: true of the one secret that a command is about. One of many lines cannot be asked for: what
    is pasted after its first would go to the shell.
    """

    name: str
    option: str
    variable: str
    from_stdin: bool = False
    may_hold_spaces: bool = False
    may_be_asked: bool = True


CLIENT_SECRET: Final = Secret(
    "client secret", "--client-secret-file", "OKTA_CLIENT_SECRET", may_hold_spaces=True
)
PRIVATE_KEY: Final = Secret(
    "private key",
    "--key-file or OKTA_PRIVATE_KEY_FILE",
    "OKTA_PRIVATE_KEY",
    may_hold_spaces=True,
    may_be_asked=False,
)
PRIVATE_KEY_FILE: Final = "OKTA_PRIVATE_KEY_FILE"
DPOP_KEY: Final = Secret(
    "DPoP key", "--dpop-key-file", "OKTA_OIDC_DPOP_KEY", may_hold_spaces=True, may_be_asked=False
)
TOKEN: Final = Secret("token", "--token-file", "OKTA_OIDC_TOKEN", from_stdin=True)
REFRESH_TOKEN: Final = Secret(
    "refresh token", "--refresh-token-file", "OKTA_OIDC_REFRESH_TOKEN", from_stdin=True
)
CODE: Final = Secret("code", "--code-file", "OKTA_OIDC_CODE", from_stdin=True)
CODE_VERIFIER: Final = Secret("code verifier", "--code-verifier-file", "OKTA_OIDC_CODE_VERIFIER")


class Secrets:
    """Reads secrets, each once, and tells the screen to keep silent about it.

    A second reading would ask twice, and find nothing where a shell's ``<(…)`` was.
    """

    def __init__(self, screen: Screen, stdin: TextIO | None) -> None:
        self._screen: Final = screen
        self._stdin: Final = stdin
        self._taken_by: str | None = None
        self._values: Final[dict[str, str]] = {}
        self.sources: Final[dict[str, str]] = {}

    @property
    def can_ask(self) -> bool:
        """Whether there is a terminal to ask on."""
        return self._stdin is not None and self._stdin.isatty()

    def read(self, secret: Secret, file: str | None) -> str:
        """The secret, from the first of its sources that has it.

        Raises:
            MissingSecretError: there is none.
            InputError: what is there cannot be one.
        """
        value = self.find(secret, file)
        if value is not None:
            return value
        if self.can_ask:
            return self._kept(secret, "the prompt", lambda: self._asked(secret))
        if secret.from_stdin and self._stdin is not None:
            return self._kept(secret, "standard input", lambda: self._piped(secret))
        raise MissingSecretError(
            f"there is no {secret.name}: set {secret.variable}, or name a file that holds it "
            f"with {secret.option}"
        )

    def find(self, secret: Secret, file: str | None) -> str | None:
        """The secret from the file named, or from the environment; ``None`` if neither is given."""
        if secret.name in self._values:
            return self._values[secret.name]
        if file == _STDIN:
            if self.can_ask and not secret.may_be_asked:
                raise InputError(f"the {secret.name} is not asked for: name a file that holds it")
            if self.can_ask:
                return self._kept(secret, "the prompt", lambda: self._asked(secret))
            return self._kept(secret, "standard input", lambda: self._piped(secret))
        if file is not None:
            return self._kept(secret, secret.option, lambda: _content(secret, Path(file)))
        value = os.environ.get(secret.variable)
        if value:
            return self._kept(secret, secret.variable, lambda: value)
        return None

    def _kept(self, secret: Secret, source: str, read: Callable[[], str]) -> str:
        value = _checked(secret, read(), source)
        self._screen.hide(value)
        self._values[secret.name] = value
        self.sources[secret.name] = source
        return value

    def _asked(self, secret: Secret) -> str:
        assert self._stdin is not None
        question = f"{secret.name[0].upper()}{secret.name[1:]} (not shown): "
        try:
            return ask(question, self._stdin, self._screen.err)
        except EOFError:
            return ""
        except UnicodeDecodeError:
            raise InputError(f"the {secret.name} is not UTF-8 text") from None

    def _piped(self, secret: Secret) -> str:
        if self._stdin is None:
            raise InputError(f"the {secret.name} was to come from standard input: it is shut")
        if self._taken_by is not None:
            raise InputError(
                f"standard input holds the {self._taken_by}: the {secret.name} must come from "
                f"{secret.variable} or a file"
            )
        self._taken_by = secret.name
        return _text(secret, self._stdin.buffer.read(_LONGEST + 1))


def _content(secret: Secret, path: Path) -> str:
    try:
        with path.open("rb") as file:
            return _text(secret, file.read(_LONGEST + 1))
    except (OSError, ValueError) as error:
        # Not the path: it may be the secret itself, put in the wrong place.
        reason = error.strerror if isinstance(error, OSError) else None
        raise InputError(
            f"cannot read the file that {secret.option} names: {reason or 'it is no path'}"
        ) from None


def _text(secret: Secret, content: bytes) -> str:
    if len(content) > _LONGEST:
        raise InputError(f"that is too long for a {secret.name}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"the {secret.name} is not UTF-8 text") from None


def _checked(secret: Secret, value: str, source: str) -> str:
    # Files, here-strings and `echo` end in a line break that is not part of the secret.
    value = value.strip("\r\n") if secret.may_hold_spaces else value.strip()
    if not value.strip():
        raise InputError(f"the {secret.name} from {source} is empty")
    if not secret.may_hold_spaces and any(char.isspace() for char in value):
        raise InputError(
            f"the {secret.name} from {source} holds white space: was it wrapped, or does the name "
            "of its type, Bearer, stand before it?"
        )
    return value

"""What the methods return: frozen, ``None`` for what is absent, secrets never in ``repr``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Self, TypeVar, cast

from ._errors import ConfigurationError, MalformedResponseError
from ._http import Headers, HttpInfo, Members, Reply, instant, media_type
from ._lazy import models
from ._models import WrongMemberError, read
from ._refusals import is_page, malformed
from ._silence import silent

if TYPE_CHECKING:
    from ._operations import Request

T = TypeVar("T")
M = TypeVar("M")


class Result(Generic[M]):
    """What results share: their members as received, and the generated model of the same answer."""

    __slots__ = ("_model",)

    raw: Mapping[str, Any]
    http: HttpInfo
    _model: M
    _model_name: ClassVar = "TokenResponse"
    # What ``repr`` has: the names of the first where they are there, the others with their values.
    _hidden: ClassVar[tuple[str, ...]] = ()
    _shown: ClassVar[tuple[str, ...]]

    def __repr__(self) -> str:
        held = [name for name in self._hidden if getattr(self, name)]
        hidden = f"{', '.join(held) or 'no token'}: not shown; " if self._hidden else ""
        values = [(name, getattr(self, name)) for name in self._shown]
        shown = ", ".join(
            f"{name}={value.isoformat() if isinstance(value, datetime) else repr(value)}"
            for name, value in values
        )
        return f"{type(self).__name__}({hidden}{shown})"

    @property
    @silent
    def model(self) -> M:
        """The generated model of the same answer: every member of the document, typed.

        An ``IntrospectionResponse`` of an :class:`Introspection`, else a ``TokenResponse``. Built
        when first asked for. Its own ``repr`` shows the tokens in it.

        Raises:
            MalformedResponseError: a member is not of the type that the document promises.
        """
        if not hasattr(self, "_model"):
            try:
                made = read(getattr(models, self._model_name), self.raw)
            except WrongMemberError as error:
                raise MalformedResponseError(
                    f"HTTP {self.http.status}, but {error}.", http=self.http, body=b""
                ) from None
            object.__setattr__(self, "_model", made)
        return self._model

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data that JSON can hold, secrets included; ``http`` is left out.

        Times are ISO 8601 strings. ``raw`` holds the members as received.
        """
        return {
            each.name: _plain(getattr(self, each.name))
            for each in fields(cast("Any", self))
            if each.name != "http"
        }

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        # An endpoint that returns tokens would publish them.
        raise TypeError("Tokens hold secrets: return what you mean to show, or their to_dict()")


# Members of Tokens.to_dict() that are as they were.
_PLAIN: Final[Mapping[str, Any]] = {
    "access_token": str,
    "token_type": str,
    "expires_in": int | None,
    "refresh_token": str | None,
    "id_token": str | None,
}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(cast("tuple[object, ...]", value))
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True, repr=False)
class Tokens(Result["models.TokenResponse"]):
    """A successful token response (RFC 6749 §5.1, OIDC Core §3.1.3.3).

    ``expires_in`` is seconds as sent; ``expires_at`` is when the response arrived plus that, aware
    UTC, by this machine's clock. ``scopes`` keeps the server's order and is ``()`` when the server
    named none. ``raw`` holds every member as received, read-only; ``http`` the HTTP side.
    """

    _hidden = ("access_token", "refresh_token", "id_token")
    _shown = ("token_type", "expires_at", "scopes")

    access_token: str
    token_type: str
    expires_in: int | None
    expires_at: datetime | None
    scopes: tuple[str, ...]
    refresh_token: str | None
    id_token: str | None
    raw: Mapping[str, Any] = field(compare=False)
    http: HttpInfo = field(compare=False)

    @classmethod
    @silent
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The tokens that :meth:`to_dict` wrote. Their ``http`` is a bare status 200.

        Raises:
            ConfigurationError: ``data`` is of another form.
        """
        try:
            at = data["expires_at"]
            tokens = cls(
                **{name: data[name] for name in _PLAIN},
                expires_at=None if at is None else datetime.fromisoformat(at),
                scopes=tuple(data["scopes"]),
                raw=Members(dict(data["raw"])),
                http=HttpInfo(200, Headers()),
            )
            is_aware = at is None or cast("datetime", tokens.expires_at).tzinfo is not None
            is_plain = all(isinstance(data[name], kind) for name, kind in _PLAIN.items())
            has_words = not isinstance(data["scopes"], str) and {str} >= {*map(type, tokens.scopes)}
            if is_aware and is_plain and has_words:
                return tokens
        except (KeyError, TypeError, ValueError):
            pass
        raise ConfigurationError("these are not the data of Tokens.to_dict()")


@dataclass(frozen=True, slots=True, repr=False)
class ExchangedToken(Result["models.TokenResponse"]):
    """What a token exchange brought (RFC 8693 §2.2.1).

    ``token`` is what is sent as ``access_token``, of whatever kind ``issued_token_type`` says it
    is; a ``token_type`` of ``N_A`` says that it is no access token. It is ``None`` where Okta
    answers with something else: a vaulted secret or a service account, in ``raw`` and ``model``.
    ``expires_at`` is aware UTC, by this machine's clock.
    """

    _hidden = ("token", "refresh_token", "id_token")
    _shown = ("issued_token_type", "token_type", "expires_at", "scopes")

    token: str | None
    issued_token_type: str | None
    token_type: str
    expires_at: datetime | None
    scopes: tuple[str, ...]
    refresh_token: str | None
    id_token: str | None
    raw: Mapping[str, Any] = field(compare=False)
    http: HttpInfo = field(compare=False)


def success(answer: T | models.OAuthErrorBody | models.OktaErrorBody | None) -> T:
    """The answer of a generated function, as the type of a 2xx: errors have been raised.

    Takes what ``sync()`` and ``asyncio()`` return, or ``parsed`` of their ``…_detailed`` twins, on
    ``okta.api``.

    Raises:
        TypeError: it is the body of an error, which another client has let through.
    """
    if isinstance(answer, models.OAuthErrorBody | models.OktaErrorBody):
        raise TypeError("the body of an error: the function was not called on okta.api")
    return cast("T", answer)


def read_tokens(reply: Reply, request: Request) -> Tokens:
    """The answer to a grant. A refresh token that Okta does not replace stays in force."""
    members = members_of(reply)
    expires_in = members.seconds("expires_in")
    return Tokens(
        access_token=members.required("access_token"),
        token_type=members.required("token_type"),
        expires_in=expires_in,
        expires_at=None if expires_in is None else instant(expires_in, reply.arrived_at),
        scopes=members.words("scope"),
        refresh_token=members.text("refresh_token") or request.value("refresh_token"),
        id_token=members.text("id_token"),
        raw=Members(members.all),
        http=reply.http,
    )


def read_exchanged(reply: Reply, request: Request) -> ExchangedToken:
    """The answer to a token exchange, which need not hold an access token."""
    members = members_of(reply)
    expires_in = members.seconds("expires_in")
    return ExchangedToken(
        token=members.text("access_token"),
        issued_token_type=members.text("issued_token_type"),
        token_type=members.required("token_type"),
        expires_at=None if expires_in is None else instant(expires_in, reply.arrived_at),
        scopes=members.words("scope"),
        refresh_token=members.text("refresh_token"),
        id_token=members.text("id_token"),
        raw=Members(members.all),
        http=reply.http,
    )


def read_nothing(reply: Reply, request: Request) -> None:
    """An answer without content (RFC 7009 §2.2): its status says all."""
    _check_plain(reply)
    members = reply.members() or {}
    if is_page(reply) or "error" in members or "errorCode" in members:
        raise malformed(reply, "the body is not that of a success")


def reader_of(model: type[T]) -> Callable[[Reply, Request], T]:
    """A reader that returns the generated ``model``."""

    def read_as_model(reply: Reply, request: Request) -> T:
        try:
            return read(model, members_of(reply).all)
        except WrongMemberError as error:
            raise malformed(reply, str(error)) from None
        except (TypeError, ValueError, AttributeError, KeyError):
            raise malformed(reply, "a member is not of its type") from None

    return read_as_model


class members_of:  # noqa: N801  # reads as the function that it is
    """The members of a 2xx body, each of the type that its reader expects, ``null`` as absent.

    Raises:
        MalformedResponseError: the body is no JSON object, or a member is of another type.
    """

    __slots__ = ("_reply", "all")

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        check_json(reply)
        members = reply.members()
        if members is None:
            raise malformed(reply, "the body is not a JSON object")
        self.all: Final = members

    def text(self, name: str) -> str | None:
        value = self.all.get(name)
        if value is None or isinstance(value, str):
            return value or None
        raise malformed(self._reply, f"its member {name} is not a string")

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise malformed(self._reply, f"it has no {name}")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        value = self.all.get(name)
        # Space-delimited by RFC 6749 §3.3; some servers send the list.
        return tuple(value.split()) if isinstance(value, str) else self.list(name)

    def list(self, name: str) -> tuple[str, ...]:
        value = self.all.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list):
            values = cast("list[object]", value)
            texts = tuple(item for item in values if isinstance(item, str))
            if len(texts) == len(values):
                return texts
        raise malformed(self._reply, f"its member {name} is not a string or a list of strings")

    def number(self, name: str) -> float | None:
        value = self.all.get(name)
        if value is None:
            return None
        # Some servers quote numbers. Refusing them would lose the tokens of a spent code.
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = float(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise malformed(self._reply, f"its member {name} is not a number")

    def seconds(self, name: str) -> int | None:
        value = self.number(name)
        try:
            return None if value is None else int(value)
        except OverflowError:
            raise malformed(self._reply, f"its member {name} is not a number of seconds") from None

    def time(self, name: str) -> datetime | None:
        value = self.number(name)
        return None if value is None else instant(value)


def check_json(reply: Reply) -> None:
    """Refuse a 2xx whose body cannot be the JSON that was promised.

    Raises:
        MalformedResponseError: it is not whole, or not JSON by its content type.
    """
    check_whole(reply)
    named = media_type(reply.headers)
    if named and not named.endswith(("/json", "+json")):
        raise malformed(reply, "the body is not JSON by its content type")


def check_whole(reply: Reply) -> None:
    """Refuse a 2xx that is more than was read, or that nobody here can decode.

    Raises:
        MalformedResponseError: it is too large, or compressed.
    """
    if not reply.complete:
        raise malformed(reply, "the body is larger than any answer of this endpoint")
    _check_plain(reply)


def _check_plain(reply: Reply) -> None:
    if not reply.is_plain:
        raise malformed(reply, "the body is in a coding that was not asked for")

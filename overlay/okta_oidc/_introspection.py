"""What introspection returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._http import HttpInfo, Members, Reply
from ._refusals import malformed
from ._results import Result, members_of

if TYPE_CHECKING:
    from okta_oidc_api import models  # noqa: F401  # a string below names it

    from ._operations import Request


@dataclass(frozen=True, slots=True, repr=False)
class Introspection(Result["models.IntrospectionResponse"]):
    """What the server knows of a token (RFC 7662 §2.2). ``bool(info)`` is ``info.active``.

    An inactive token has ``active`` alone: no reason is given. Times are aware UTC; ``aud`` is a
    tuple whether one audience came or a list. ``sub`` of an access token is the user's login, and
    ``uid`` the user's id. ``raw`` holds every member as received, custom claims included.
    """

    _model_name = "IntrospectionResponse"
    _shown = ("active", "token_type", "client_id", "sub", "scopes", "expires_at")

    active: bool
    scopes: tuple[str, ...]
    aud: tuple[str, ...]
    sub: str | None
    username: str | None
    client_id: str | None
    uid: str | None
    iss: str | None
    jti: str | None
    token_type: str | None
    expires_at: datetime | None
    issued_at: datetime | None
    not_before: datetime | None
    raw: Mapping[str, Any] = field(compare=False)
    http: HttpInfo = field(compare=False)

    def __bool__(self) -> bool:
        return self.active

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """How pydantic takes one: as it is, written as its ``to_dict()``."""
        # Only pydantic asks, so it is there.
        core: Any = import_module("pydantic_core.core_schema")
        members = core.dict_schema()

        def check(value: object) -> object:
            if isinstance(value, cls):
                return value
            raise ValueError("not an Introspection")

        return core.no_info_plain_validator_function(
            check,
            json_schema_input_schema=members,
            serialization=core.plain_serializer_function_ser_schema(
                cls.to_dict, return_schema=members
            ),
        )


def read_introspection(reply: Reply, request: Request | None = None) -> Introspection:
    """The answer about a token. Its ``active`` is the only member that is always there."""
    members = members_of(reply)
    active = members.all.get("active")
    if not isinstance(active, bool):
        raise malformed(reply, "its member active is not true or false")
    return Introspection(
        active=active,
        scopes=members.words("scope"),
        aud=members.list("aud"),
        sub=members.text("sub"),
        username=members.text("username"),
        client_id=members.text("client_id"),
        uid=members.text("uid"),
        iss=members.text("iss"),
        jti=members.text("jti"),
        token_type=members.text("token_type"),
        expires_at=members.time("exp"),
        issued_at=members.time("iat"),
        not_before=members.time("nbf"),
        raw=Members(members.all),
        http=reply.http,
    )

"""Logins that wait for a person elsewhere: device codes, backchannel requests, pushes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from ._answers import RefusalError
from ._tokens import opaque

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._registry import FakeClient, FakeUser

Kind = Literal["device", "backchannel", "oob", "account"]

# RFC 8628 section 3.5.
_SLOWER_BY = 5


@dataclass(slots=True, eq=False)
class Approval:
    """One login that waits; ``code`` is the client's, ``user_code`` the person's.

    Polls have to be ``interval`` seconds apart, and more after each one that was not.
    ``user`` is who has to approve, or has approved; ``None``: not known yet.
    """

    kind: Kind
    code: str = field(repr=False)
    client: FakeClient
    server_id: str | None
    scopes: frozenset[str]
    expires_at: float
    interval: float
    user: FakeUser | None = None
    user_code: str | None = None
    binding_code: str | None = field(default=None, repr=False)
    decision: Literal["approved", "denied"] | None = None
    polled_at: float | None = None
    spent: bool = False

    def is_open(self, now: float) -> bool:
        """Whether somebody can still decide."""
        return self.decision is None and not self.spent and now < self.expires_at


class Approvals:
    """All of them, by every code they have."""

    def __init__(self) -> None:
        self._all: list[Approval] = []

    def add(self, approval: Approval) -> None:
        self._all.append(approval)

    def redeem(
        self, kind: Kind, code: str, client: FakeClient, server_id: str | None, now: float
    ) -> Approval:
        """The approved login of this code, spent now; else the ``RefusalError`` of RFC 8628
        section 3.5, which CIBA shares."""
        found = self._find(lambda one: one.kind == kind and one.code == code)
        if found is None or found.client.client_id != client.client_id or found.spent:
            raise RefusalError(400, "invalid_grant", "The code is not valid.")
        if found.server_id != server_id:
            raise RefusalError(400, "invalid_request", "Another authorization server issued this.")
        if found.decision == "denied":
            raise RefusalError(400, "access_denied", "The user has refused.")
        if now >= found.expires_at:
            raise RefusalError(400, "expired_token", "The code has expired.")
        if found.decision is None:
            self._refuse_for_now(found, now)
        found.spent = True
        return found

    def waiting(self, login: object, now: float) -> Approval:
        """The open one that ``login`` speaks of (``None``: the only one); ``LookupError``."""
        codes = None if login is None else set(_codes(login))
        found = [
            one
            for one in self._all
            if one.is_open(now) and (codes is None or {one.code, one.user_code} & codes)
        ]
        if len(found) != 1:
            what = "no login waits" if not found else "several logins wait"
            raise LookupError(f"{what} for approval" + ("" if codes is None else " by this code"))
        return found[0]

    def account(self, code: str) -> Approval | None:
        """The connection to another service that this address leads to."""
        return self._find(lambda one: one.kind == "account" and one.code == code)

    def binding_code(self, code: str) -> str | None:
        """What has to be typed in beside an out-of-band code, if anything has."""
        found = self._find(lambda one: one.kind == "oob" and one.code == code)
        return None if found is None else found.binding_code

    @staticmethod
    def _refuse_for_now(approval: Approval, now: float) -> None:
        before, approval.polled_at = approval.polled_at, now
        if before is not None and now < before + approval.interval:
            approval.interval += _SLOWER_BY
            raise RefusalError(400, "slow_down", "The polls are too close to each other.")
        raise RefusalError(400, "authorization_pending", "Nobody has decided yet.")

    def _find(self, is_wanted: Callable[[Approval], bool]) -> Approval | None:
        return next((one for one in self._all if is_wanted(one)), None)


def new_code() -> str:
    """A code nobody types."""
    return opaque()


def _codes(login: object) -> Iterator[str]:
    # A code; what an endpoint answered, as a mapping or a model; a login that a client has started,
    # whose own code shows in its plain form alone.
    if isinstance(login, str):
        yield login
        return
    members: object = login
    to_dict = getattr(login, "to_dict", None)
    if callable(to_dict):
        members = to_dict()
    if not hasattr(members, "values"):
        raise TypeError("a login is a code, a mapping, or what the client has started")
    for value in cast("Mapping[str, object]", members).values():
        if isinstance(value, str):
            yield value

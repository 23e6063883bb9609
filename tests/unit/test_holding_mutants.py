"""The protocol, each of its rules broken in turn: some test must notice each time.

A rule that can be broken unnoticed is not held by the tests. Each mutant is a change of the source
text; a text that is no longer there fails here, and is to be brought up to date.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from _pytest.outcomes import Failed
from okta_oidc._holding import Renewal
from okta_oidc._holding._rows import Row
from okta_oidc.testing import FakeOkta

from . import (
    _holding,
    test_holding_interleavings,
    test_holding_protocol,
    test_holding_threads,
)


@dataclass(frozen=True)
class Mutant:
    """A rule of the protocol that is broken, and the tests that are to notice."""

    module: ModuleType
    text: str
    change: str
    tests: tuple[str, ...]


_renewal: Final = sys.modules[Renewal.__module__]
_rows: Final = sys.modules[Row.__module__]

_MUTANTS: Final[dict[str, Mutant]] = {
    "blind replay": Mutant(
        _renewal,
        "if lag + 2 * SEND_WITHIN <= self.grace:\n            return 0.0, lag, self.grace - lag",
        "return 0.0, lag, math.inf",
        (
            "test_dead_after_okta_rotated_it_is_lost_and_nothing_is_sent",
            "test_the_age_of_the_first_claim_counts",
            "test_what_may_have_been_processed_is_not_sent_again",
        ),
    ),
    "no claim": Mutant(
        _renewal,
        "claim = yield from self._write(row, at, seen)",
        "claim = self._held(row, seen.version, at)",
        (
            "test_a_renewal_is_three_round_trips_to_the_store",
            "test_one_of_two_wins_the_claim",
            "test_what_cannot_be_claimed_is_not_sent",
        ),
    ),
    "no heal": Mutant(
        _renewal,
        "if not held.row.outranks(seen.row):",
        "if True:",
        (
            "test_an_emptied_store_is_filled_again",
            "test_a_store_that_fell_back_a_generation_is_brought_up_to_date",
            "test_what_cannot_be_stored_is_served_and_tried_again",
        ),
    ),
    "no tombstone": Mutant(
        _renewal,
        "yield from self._write(row, claim.since, claim)",
        "pass",
        ("test_refused_nobody_asks_again",),
    ),
    "put back after an ambiguous send": Mutant(
        _renewal,
        "(not row.lag and _is_unspent(error))",
        "not row.lag",
        ("test_what_may_have_been_processed_is_not_sent_again",),
    ),
    "a question forgotten": Mutant(
        _renewal,
        "(not row.lag and _is_unspent(error))",
        "_is_unspent(error)",
        ("test_a_recoverer_that_sends_nothing_leaves_the_question",),
    ),
    "no doubt": Mutant(
        _renewal,
        "new = replace(new, row=new.row.doubted())",
        "pass",
        ("test_what_was_stored_and_used_and_lost_is_asked_about",),
    ),
    "no limit to what an API's refusals cost": Mutant(
        _renewal,
        "None if is_answered else rejected",
        "rejected",
        ("test_an_api_that_refuses_everything_causes_one_refresh_in_ten_seconds",),
    ),
    "sign-out overwritten": Mutant(
        _rows,
        ' and stored.gone in (None, "lost")',
        "",
        ("test_a_sign_out_overtakes_a_refresh",),
    ),
    "sent however late": Mutant(
        _renewal,
        "if self.now() - at > SEND_WITHIN:",
        "if False:",
        (
            "test_stopped_before_sending_it_does_not_send_when_it_wakes",
            "test_never_sent_is_not_sent_late_either",
        ),
    ),
    "asked within the grace": Mutant(
        _renewal,
        "return self.lease + self.grace - age, lag, 0.0",
        "return 0.0, lag, 0.0",
        ("test_at_the_end_of_the_grace_nobody_trusts_to_luck",),
    ),
    "the last claim counts": Mutant(
        _renewal,
        "lag=lag + SEND_WITHIN if lag else 0.0",
        "lag=0.0",
        ("test_the_age_of_the_first_claim_counts",),
    ),
    "healed without a question": Mutant(
        _renewal,
        "self._write(held.row.doubted(), held.since, seen)",
        "self._write(held.row, held.since, seen)",
        ("test_an_emptied_store_hides_no_renewal", "test_an_emptied_store_is_filled_again"),
    ),
    "lost for good": Mutant(
        _rows,
        'stored.gone in (None, "lost")',
        "stored.gone is None",
        ("test_stopped_after_sending_its_successor_replaces_what_was_called_lost",),
    ),
}
_NOTHING: Final = "nothing"
_FEW: Final = 20
_MANY: Final = 200
# Those that end families only when several things go wrong at once.
_DRAWN: Final = (
    "blind replay",
    "no claim",
    "put back after an ambiguous send",
    "sent however late",
)


@pytest.fixture
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Mutant:
    """The protocol with one rule broken, for the model of a fleet and the tests of it."""
    mutant = _MUTANTS.get(request.param) or Mutant(_renewal, "class Renewal:", "class Renewal:", ())
    assert mutant.module.__file__ is not None
    source = Path(mutant.module.__file__).read_text("utf-8")
    assert source.count(mutant.text) == 1, "this is not in the source as it is now"
    name = f"{mutant.module.__name__}_broken"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    vars(module).update(__package__=mutant.module.__package__, __file__=mutant.module.__file__)
    exec(compile(source.replace(mutant.text, mutant.change), name, "exec"), vars(module))
    if mutant.module is _renewal:
        monkeypatch.setattr(_holding, "Renewal", vars(module)["Renewal"])
    else:
        for user in (_renewal, test_holding_protocol):
            monkeypatch.setattr(user, "Row", vars(module)["Row"])
    return mutant


@pytest.mark.parametrize("broken", _MUTANTS, indirect=True)
def test_a_broken_rule_is_noticed(broken: Mutant, caplog: pytest.LogCaptureFixture) -> None:
    for name in broken.tests:
        with pytest.raises((Exception, Failed)):
            _run(name, caplog)


@pytest.mark.parametrize("broken", [_NOTHING], indirect=True)
def test_unless_a_rule_is_broken_all_of_this_passes(
    broken: Mutant, caplog: pytest.LogCaptureFixture
) -> None:
    """The control: what notices a mutant is what was changed, and not the way it is put in."""
    del broken
    for name in {name for mutant in _MUTANTS.values() for name in mutant.tests}:
        caplog.clear()
        _run(name, caplog)
    assert _first_to_end_a_family(_FEW) is None


def _run(name: str, caplog: pytest.LogCaptureFixture) -> None:
    test: Callable[..., None] = getattr(test_holding_protocol, name)
    wants_caplog = "caplog" in inspect.signature(test).parameters
    test(**({"caplog": caplog} if wants_caplog else {}))


@pytest.mark.parametrize("broken", _DRAWN, indirect=True)
def test_some_course_of_events_ends_a_family(broken: Mutant) -> None:
    del broken
    assert _first_to_end_a_family(_MANY) is not None


def _first_to_end_a_family(courses: int) -> int | None:
    for seed in range(courses):
        world = _holding.World(seed=seed)
        course = test_holding_interleavings.Course(world, seed, trouble=0.2, may_flush=False)
        course.run()
        if world.okta.killed:
            return seed
    return None


def test_an_error_that_is_shared_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def shared(error: Exception) -> Exception:
        return error

    monkeypatch.setattr("okta_oidc._flights.copied", shared)
    fake = FakeOkta(leeway=0, ticking=True)
    gate = test_holding_threads.Gate(fake)
    with (
        test_holding_threads.opened(fake, gate) as okta,
        pytest.raises((AssertionError, Failed)),
    ):
        test_holding_threads.test_all_who_wait_are_told_by_errors_of_their_own(okta, fake, gate)

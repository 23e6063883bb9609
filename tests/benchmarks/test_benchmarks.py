"""The benchmark is only worth what it notices."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from . import _charts, _held, _profile, _protection, _report, _signatures, _tracing
from ._answers import EXPECTED, wire
from ._contenders import CONTENDERS, OKTA_API
from ._goals import MARGIN, Goal, goals
from ._results import CallFigure, CountFigure, Results, Scenario, Spread, TimedFigure
from ._run import ENTRY, FLEET, RENEWAL, scenarios, takes_part
from ._server import Answering, Counts
from ._targets import Target
from ._worker import Worker

ORG = "https://dev-000000.okta.com"
FORM = b"grant_type=refresh_token&refresh_token=rrr"


def request(path: str = "/oauth2/default/v1/token", form: bytes = FORM, head: str = "") -> bytes:
    auth = head or "Authorization: Basic aWQ6c2VjcmV0\r\n"
    return f"POST {path} HTTP/1.1\r\n{auth}Content-Length: {len(form)}\r\n\r\n".encode() + form


class Recorder(asyncio.Transport):
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def connect(counts: Counts) -> Callable[[], tuple[Answering, list[bytes]]]:
    def connected() -> tuple[Answering, list[bytes]]:
        connection, recorder = Answering(wire(), counts), Recorder()
        connection.connection_made(recorder)
        return connection, recorder.written

    return connected


Connect = Callable[[], tuple[Answering, list[bytes]]]


def test_the_server_answers_a_whole_request_and_no_sooner(connect: Connect) -> None:
    connection, written = connect()
    whole = request()
    for index in range(len(whole)):
        assert not written
        connection.data_received(whole[index : index + 1])
    (answer,) = written
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"}")


def test_the_server_answers_each_of_two_requests_that_come_together(connect: Connect) -> None:
    connection, written = connect()
    connection.data_received(request() + request("/oauth2/lean/v1/revoke", b"token=a"))
    assert [answer[:12] for answer in written] == [b"HTTP/1.1 200", b"HTTP/1.1 200"]
    assert len(written[1]) < len(written[0])


@pytest.mark.parametrize(
    "refused",
    [
        request(head="X-Nothing: here\r\n"),
        request(form=b"grant_type=password"),
        request("/oauth2/default/v1/introspect", FORM),
        request("/oauth2/other/v1/token"),
        request("/"),
    ],
    ids=["unauthenticated", "other-grant", "no-token", "other-server", "elsewhere"],
)
def test_the_server_refuses_who_did_not_do_the_work(connect: Connect, refused: bytes) -> None:
    connection, written = connect()
    connection.data_received(refused)
    (answer,) = written
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_the_server_counts_connections_that_carried_calls(connect: Connect, counts: Counts) -> None:
    first, second, curious = connect()[0], connect()[0], connect()[0]
    for connection in (first, second, first):
        connection.data_received(request())
    first.connection_lost(None)
    curious.data_received(b"GET /counts HTTP/1.1\r\nHost: here\r\n\r\n")
    curious.connection_lost(None)
    assert vars(counts) == {"accepted": 2, "open": 1, "peak": 2}


@pytest.fixture
def kept() -> Results:
    return Results.load()


def times(spread: Spread, factor: float) -> Spread:
    return Spread(spread.low * factor, spread.mid * factor, spread.high * factor)


def replaced(results: Results, contender: str, factor: float) -> Results:
    """The same run, had this contender taken that much longer in every call."""

    def slower(figure: CallFigure) -> CallFigure:
        if figure.contender != contender:
            return figure
        return dataclasses.replace(figure, cpu=times(figure.cpu, factor))

    return dataclasses.replace(results, calls=[slower(figure) for figure in results.calls])


def retimed(results: Results, key: str, name: str, factor: float) -> Results:
    """The same run, had this one of a series taken that much longer."""

    def slower(figure: TimedFigure) -> TimedFigure:
        if (figure.series, figure.name) != (key, name):
            return figure
        us, ratio = times(figure.us, factor), times(figure.ratio, factor)
        return dataclasses.replace(figure, us=us, ratio=ratio)

    assert slower(results.time(key, name)) != results.time(key, name)
    return dataclasses.replace(results, timed=[slower(figure) for figure in results.timed])


def recounted(results: Results, name: str, **counts: float) -> Results:
    """The same run, had this come to something else."""
    found = [
        CountFigure(name, figure.counts | counts) if figure.name == name else figure
        for figure in results.counted
    ]
    assert found != results.counted
    return dataclasses.replace(results, counted=found)


def newly_missed(kept: Results, then: Results) -> set[str]:
    """What goals are missed by far, of those that it makes a difference to."""
    before = {goal.what: goal.measured for goal in goals(kept)}
    return {
        goal.what
        for goal in goals(then)
        if not goal.is_near and goal.measured != before.get(goal.what)
    }


def test_ratios_are_to_the_same_round() -> None:
    # The machine was three times as slow in the second round: nobody's fault.
    assert Spread.of_ratios([1, 3, 1], [2, 6, 2]) == Spread(0.5, 0.5, 0.5)
    assert Spread.of([4, 1, 3, 2, 5]) == Spread(2, 3, 4)
    assert Spread.of([7]) == Spread(7, 7, 7)
    with pytest.raises(ValueError, match="shorter"):
        Spread.of_ratios([1, 2], [1])


def test_results_survive_their_file(kept: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    kept.save(path)
    assert Results.load(path) == kept
    assert path.read_bytes() == Path(_report.__file__).with_name("results.json").read_bytes()


def test_a_contender_that_was_not_measured_is_missed(kept: Results) -> None:
    with pytest.raises(KeyError):
        kept.call(Scenario("sync", "socket", "okta", "refresh", 7), "okta-oidc")
    with pytest.raises(KeyError):
        kept.time("held token", "nobody")


def test_the_docs_are_of_the_kept_results(kept: Results) -> None:
    for path, text in _report.rendered(kept).items():
        assert path.read_text("utf-8") == text, path.name


def test_the_docs_change_with_the_results(kept: Results) -> None:
    now = _report.rendered(kept)
    then = _report.rendered(replaced(kept, "okta-oidc", 1.5))
    assert {path.name for path in now if now[path] != then[path]} == {
        "performance.md",
        "performance.svg",
    }


def test_every_block_is_on_the_page() -> None:
    page = _report.PAGE.read_text("utf-8")
    assert [
        name for name in _report.BLOCKS if f"<!-- from the benchmark: {name} -->" not in page
    ] == []


def test_a_call_that_takes_twice_as_long_misses_its_goals(kept: Results) -> None:
    missed = newly_missed(kept, replaced(kept, "okta-oidc", 2.5))
    assert {"`token_for_refresh_token` over a socket, CPU", "`revoke` over a socket, CPU"} <= missed
    assert any("closest" in what for what in missed)
    api = newly_missed(kept, replaced(kept, OKTA_API, 10))
    assert len(api) == len(CONTENDERS[f"sync:{OKTA_API}"].operations)


@pytest.mark.parametrize(
    ("key", "name", "factor", "words"),
    [
        ("held token", _held.SOURCE, 20, "`TokenSource.token()`"),
        ("held token", _held.SOURCE, 20, "closest"),
        ("held token", _held.SOURCE_ASYNC, 20, "AsyncTokenSource"),
        ("kept answer", _protection.INTROSPECT, 20, "`introspect()`, an answer"),
        ("kept answer", _protection.INTROSPECT_ASYNC, 20, "`await introspect()`"),
        ("kept answer", _protection.GUARD, 20, "`BearerGuard.check()`"),
        ("kept answer", _protection.GUARD_ASYNC, 100, "AsyncBearerGuard"),
        ("kept answer", _protection.GUARD_ASYNC, 100, "closest"),
        ("kept answer", _protection.REDIS_DOWN, 2, "Redis down"),
        ("ID token", _signatures.OURS, 5, "the check of an ID token"),
        ("ID token", _signatures.OURS, 5, "closest"),
        ("RS256 assertion", _signatures.OURS, 2, "by RS256"),
        ("RS256 assertion", _signatures.OURS, 1000, "closest"),
        ("ES256 assertion", _signatures.OURS, 5, "by ES256"),
        ("ES256 assertion", _signatures.OURS, 50, "closest"),
        ("traced call in memory", _tracing.STUBS, 3, "traced"),
    ],
)
def test_what_takes_far_longer_misses_its_goal(
    kept: Results, key: str, name: str, factor: float, words: str
) -> None:
    # The name of the closest peer stays, though the peer may change.
    missed = newly_missed(kept, retimed(kept, key, name, factor))
    assert any(words in what for what in missed), missed


@pytest.mark.parametrize(
    ("name", "counts", "words"),
    [
        (ENTRY, {"bytes": 2501}, "memory of a kept answer"),
        (FLEET, {"calls": 3000}, "over the least possible"),
        (RENEWAL, {"round trips": 4}, "waits for the store"),
    ],
)
def test_what_is_counted_misses_its_goal(
    kept: Results, name: str, counts: dict[str, float], words: str
) -> None:
    missed = newly_missed(kept, recounted(kept, name, **counts))
    assert [words in what for what in missed] == [True]


@pytest.mark.parametrize(
    ("measured", "unit", "is_met", "is_near"),
    [
        (0.5, "", True, True),
        (0.5 * MARGIN - 0.01, "", False, True),
        (0.5 * MARGIN + 0.01, "", False, False),
        (0.5 * MARGIN - 0.01, "µs", False, True),
        (0.51, "bytes", False, False),
    ],
)
def test_only_what_is_noisy_has_a_margin(
    measured: float, unit: str, is_met: bool, is_near: bool
) -> None:
    goal = Goal("it", 0.5, Spread(measured, measured, measured), unit=unit)
    assert (goal.is_met, goal.is_near) == (is_met, is_near)


@pytest.mark.parametrize(
    ("measured", "is_met", "is_near"),
    [(0.5, True, True), (0.5 / MARGIN + 0.01, False, True), (0.5 / MARGIN - 0.01, False, False)],
)
def test_some_goals_are_the_least_there_may_be(
    measured: float, is_met: bool, is_near: bool
) -> None:
    goal = Goal("it", 0.5, Spread(measured, measured, measured), at_least=True)
    assert (goal.is_met, goal.is_near) == (is_met, is_near)
    assert "≥ 0.50" in _report.goals_table([goal])


def test_a_rate_is_of_a_second() -> None:
    assert Spread(1, 2, 4).into(1e6) == Spread(250_000, 500_000, 1_000_000)


def test_what_is_not_met_is_told_first(kept: Results) -> None:
    missed = recounted(kept, RENEWAL, **{"round trips": 4})
    told = "- a renewal across a fleet: waits for the store: 4 round trips, not 3 round trips"
    assert told in _report.summary(missed).splitlines()
    assert told not in _report.summary(kept)


def test_every_goal_and_every_figure_is_on_the_page(kept: Results) -> None:
    page = _report.rendered(kept)[_report.PAGE]
    assert [goal.what for goal in goals(kept) if f"| {goal.what} |" not in page] == []
    assert [
        figure.name for figure in kept.timed if f"{figure.name} |" not in page.replace("**", "")
    ] == []


def test_every_scenario_has_its_baseline_and_ours() -> None:
    for scenario, count in scenarios():
        present = {c.role for c in CONTENDERS.values() if takes_part(c, scenario, peers=False)}
        assert {"baseline", "ours"} <= present, scenario
        assert count % scenario.width == 0, scenario


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("key", [key for key, who in CONTENDERS.items() if who.in_memory])
def test_every_contender_hands_back_what_was_asked_for(key: str) -> None:
    with closing(Worker(key, ORG)) as worker:
        for operation in CONTENDERS[key].operations:
            found = worker.calls(operation, "okta", True, 1, 2)
            assert found["cpu"] > 0
            assert found["wall"] > 0


def test_a_contender_that_reads_something_else_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPECTED, "refresh", "another token")
    with (
        closing(Worker("sync:okta-oidc", ORG)) as worker,
        pytest.raises(AssertionError, match="sync:okta-oidc"),
    ):
        worker.calls("refresh", "okta", True, 1, 1)


def test_reading_a_certificate_store_is_noticed() -> None:
    for key, reads in (("sync:httpx", 2), ("sync:okta-oidc", 0)):
        with closing(Worker(key, ORG)) as worker:
            assert worker.construct(2)["store_reads"] == reads


def test_a_profile_leaves_the_benchmark_out() -> None:
    calls = CONTENDERS["sync:okta-oidc"].make(Target(ORG, in_memory=True))
    shares = _profile.shares(lambda: calls["refresh"](), 0.3)
    assert "okta_oidc" in shares
    assert "the benchmark" not in shares
    assert 0.9 < sum(shares.values()) < 1.001


def drawn(text: str, tag: str) -> Iterator[ElementTree.Element]:
    return ElementTree.fromstring(text).iter(f"{{http://www.w3.org/2000/svg}}{tag}")


def test_bars_are_as_long_as_their_ratios() -> None:
    made = [_charts.Bar(f"<{n}>", "peer", n, n, n) for n in (1.0, 0.5, 0.25)]
    text = _charts.bars("a & b", {"all": made})
    lengths = [float(rect.attrib["width"]) for rect in drawn(text, "rect")][1:]
    assert lengths[1] / lengths[0] == pytest.approx(0.5, abs=0.01)
    assert lengths[2] / lengths[0] == pytest.approx(0.25, abs=0.01)
    assert {"a & b", "<0.5>"} <= {label.text for label in drawn(text, "text")}


@pytest.mark.parametrize("scale", [0.03, 1, 19, 99, 2179])
def test_lines_stay_within_their_panel(scale: float) -> None:
    values = [scale * random.Random(n).random() for n in range(2)] + [scale]
    panel = _charts.Panel("it", "how many", (1, 10, 100), {"one": values}, "µs")
    text = _charts.lines("all", [panel])
    heights = [float(circle.attrib["cy"]) for circle in drawn(text, "circle")]
    assert heights[2] == min(heights)
    assert all(78 <= height <= 78 + 250 for height in heights)
    assert (
        4 <= len([line for line in drawn(text, "line") if line.attrib["stroke"] == "#d0d7de"]) <= 10
    )

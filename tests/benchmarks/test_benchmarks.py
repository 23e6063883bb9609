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

from . import _charts, _profile, _report
from ._answers import EXPECTED, wire
from ._contenders import CONTENDERS
from ._goals import MARGIN, Goal, goals
from ._results import CallFigure, Results, Scenario, Spread
from ._run import scenarios, takes_part
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


def replaced(results: Results, contender: str, factor: float) -> Results:
    """The same run, had this contender taken that much longer in everything."""

    def slower(figure: CallFigure) -> CallFigure:
        if figure.contender != contender:
            return figure
        cpu = Spread(figure.cpu.low * factor, figure.cpu.mid * factor, figure.cpu.high * factor)
        return dataclasses.replace(figure, cpu=cpu)

    return dataclasses.replace(results, calls=[slower(figure) for figure in results.calls])


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
    assert all(goal.is_near for goal in goals(kept))
    missed = {goal.what for goal in goals(replaced(kept, "okta-oidc", 2.5)) if not goal.is_near}
    assert {"`token_for_refresh_token` over a socket, CPU", "`revoke` over a socket, CPU"} <= missed
    assert any("closest" in what for what in missed)


@pytest.mark.parametrize(
    ("measured", "unit", "is_met", "is_near"),
    [
        (0.5, "", True, True),
        (0.5 * MARGIN - 0.01, "", False, True),
        (0.5 * MARGIN + 0.01, "", False, False),
        (0.51, "ms", False, False),
    ],
)
def test_only_what_is_noisy_has_a_margin(
    measured: float, unit: str, is_met: bool, is_near: bool
) -> None:
    goal = Goal("it", 0.5, Spread(measured, measured, measured), unit=unit)
    assert (goal.is_met, goal.is_near) == (is_met, is_near)


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

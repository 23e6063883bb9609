"""What a run found, and the file that keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, Literal, Self, TypeAlias, cast

from ._answers import HeaderSet, Operation

KEPT: Final = Path(__file__).with_name("results.json")
Place: TypeAlias = Literal["socket", "memory"]
Style: TypeAlias = Literal["sync", "async"]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and quartiles."""

    low: float
    mid: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, mid, high = quantiles(values, n=4, method="inclusive")
        return cls(low, mid, high)

    @classmethod
    def of_ratios(cls, values: Sequence[float], baselines: Sequence[float]) -> Self:
        """Of the ratio to the baseline of the same round, round by round."""
        return cls.of([value / baseline for value, baseline in zip(values, baselines, strict=True)])

    def into(self, whole: float) -> Spread:
        """``whole`` over this: how often it goes into a second, say."""
        return Spread(whole / self.high, whole / self.mid, whole / self.low)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of call: which, by whom, how many at a time."""

    style: Style
    place: Place
    headers: HeaderSet
    operation: Operation
    width: int = 1


@dataclass(frozen=True, slots=True)
class CallFigure:
    """What a call of a contender costs: microseconds, and ratios to httpx in the same round."""

    scenario: Scenario
    contender: str
    cpu_us: float
    wall_us: float
    cpu: Spread
    wall: Spread


@dataclass(frozen=True, slots=True)
class TimedFigure:
    """What a call of a series takes: microseconds of CPU, and ratios to the series' baseline."""

    series: str
    name: str
    us: Spread
    ratio: Spread


@dataclass(frozen=True, slots=True)
class CountFigure:
    """What was counted, or weighed, and not timed."""

    name: str
    counts: dict[str, float]


@dataclass(frozen=True, slots=True)
class FreshFigure:
    """What a program costs in an interpreter started for it, and ratios to httpx's."""

    program: str
    cpu_ms: float
    wall_ms: float
    memory_kib: float
    cpu: Spread
    wall: Spread
    memory: Spread


@dataclass(frozen=True, slots=True)
class CrowdFigure:
    """What a call costs in a process with many clients, and what each of them costs."""

    contender: str
    clients: int
    cpu_us: float
    construction_ms: float
    memory_kib: float


@dataclass(frozen=True, slots=True)
class ConstructionFigure:
    """What a further client of a process costs; how often a hundred read a certificate store."""

    contender: str
    cpu_ms: float
    store_reads: int


@dataclass(frozen=True, slots=True)
class SoakFigure:
    """A long run on one client: memory and descriptors on the way, connections in the end."""

    contender: str
    width: int
    calls: list[int]
    memory_kib: list[int]
    descriptors: list[int]
    most_connections: int

    @property
    def growth_kib(self) -> int:
        """Memory that was added after the first fifth of the run."""
        return self.memory_kib[-1] - self.memory_kib[len(self.memory_kib) // 5 - 1]


@dataclass(frozen=True, slots=True)
class ProfileFigure:
    """The share of a call's time that each package takes."""

    contender: str
    place: Place
    width: int
    shares: dict[str, float]


@dataclass(slots=True)
class Results:
    """One run."""

    taken: str
    rounds: int
    pinned: bool
    machine: dict[str, str]
    versions: dict[str, str]
    calls: list[CallFigure] = field(default_factory=list[CallFigure])
    timed: list[TimedFigure] = field(default_factory=list[TimedFigure])
    counted: list[CountFigure] = field(default_factory=list[CountFigure])
    imports: list[FreshFigure] = field(default_factory=list[FreshFigure])
    first_tokens: list[FreshFigure] = field(default_factory=list[FreshFigure])
    crowds: list[CrowdFigure] = field(default_factory=list[CrowdFigure])
    constructions: list[ConstructionFigure] = field(default_factory=list[ConstructionFigure])
    soaks: list[SoakFigure] = field(default_factory=list[SoakFigure])
    profiles: list[ProfileFigure] = field(default_factory=list[ProfileFigure])

    def call(self, scenario: Scenario, contender: str) -> CallFigure:
        """The figure of this contender in this scenario.

        Raises:
            KeyError: it was not measured.
        """
        for figure in self.calls:
            if figure.scenario == scenario and figure.contender == contender:
                return figure
        raise KeyError(scenario, contender)

    def time(self, series: str, name: str) -> TimedFigure:
        """The figure of this name in this series.

        Raises:
            KeyError: it was not measured.
        """
        for figure in self.timed:
            if (figure.series, figure.name) == (series, name):
                return figure
        raise KeyError(series, name)

    def count(self, name: str) -> dict[str, float]:
        """What was counted by this name."""
        return next(figure.counts for figure in self.counted if figure.name == name)

    def of(self, scenario: Scenario) -> list[CallFigure]:
        """Everyone's figures in this scenario, the cheapest first."""
        found = [figure for figure in self.calls if figure.scenario == scenario]
        return sorted(found, key=lambda figure: figure.cpu.mid)

    def save(self, path: Path = KEPT) -> None:
        """Write JSON with a line for each figure, in an order that the next run keeps."""
        self.calls.sort(key=lambda figure: (astuple(figure.scenario), figure.contender))
        members = (f"{json.dumps(name)}: {_lines(item)}" for name, item in asdict(self).items())
        path.write_text("{\n" + ",\n".join(members) + "\n}\n", "utf-8")

    @classmethod
    def load(cls, path: Path = KEPT) -> Self:
        raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
        raw["calls"] = [
            CallFigure(Scenario(*figure.pop("scenario")), **_spread(figure))
            for figure in raw["calls"]
        ]
        raw["timed"] = [TimedFigure(**_spread(figure)) for figure in raw["timed"]]
        raw["counted"] = [CountFigure(**figure) for figure in raw["counted"]]
        for name in ("imports", "first_tokens"):
            raw[name] = [FreshFigure(**_spread(figure)) for figure in raw[name]]
        raw["crowds"] = [CrowdFigure(**figure) for figure in raw["crowds"]]
        raw["constructions"] = [ConstructionFigure(**figure) for figure in raw["constructions"]]
        raw["soaks"] = [SoakFigure(**figure) for figure in raw["soaks"]]
        raw["profiles"] = [ProfileFigure(**figure) for figure in raw["profiles"]]
        return cls(**raw)


_UNNAMED: Final = tuple({each.name for each in fields(kind)} for kind in (Spread, Scenario))


def middle(rounds: Iterable[dict[str, float]], name: str) -> float:
    """The median of one member of the answers of several rounds."""
    return median(answer[name] for answer in rounds)


def _spread(figure: dict[str, Any]) -> dict[str, Any]:
    ratios = {
        name: figure[name] for name in ("cpu", "wall", "memory", "us", "ratio") if name in figure
    }
    return figure | {name: Spread(*ratio) for name, ratio in ratios.items()}


def _lines(value: object) -> str:
    if isinstance(value, list):
        figures = (json.dumps(_short(item)) for item in cast("list[object]", value))
        return "[\n" + ",\n".join(figures) + "\n]"
    return json.dumps(_short(value))


def _short(value: object) -> object:
    # Four digits are more than any of it is good for, and keep the file's changes readable.
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        members = {name: _short(item) for name, item in cast("dict[str, object]", value).items()}
        # What a spread's and a scenario's members are called needs no saying on every line.
        return list(members.values()) if members.keys() in _UNNAMED else members
    if isinstance(value, list):
        return [_short(item) for item in cast("list[object]", value)]
    return value

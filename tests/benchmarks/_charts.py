"""The charts, as SVG: bars of ratios, and lines over a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 860
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
_INK: Final = "#1f2328"
_FAINT: Final = "#d0d7de"
_COLORS: Final = {"ours": "#1a7f64", "baseline": "#57606a", "peer": "#afb8c1", "floor": "#eac54f"}
# Each line has a shape of its own too: colours alone do not reach every reader.
_LINES: Final = (
    ("#57606a", "6 4"),
    ("#1a7f64", ""),
    ("#0969da", "2 3"),
    ("#bc4c00", "10 3 2 3"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A ratio with its quartiles. ``role`` gives the colour."""

    label: str
    role: str
    low: float
    mid: float
    high: float


def bars(title: str, groups: Mapping[str, Sequence[Bar]]) -> str:
    """Groups of horizontal bars over one axis, with a rule at 1."""
    left, right, row = 190, 60, 20
    largest = max(bar.high for group in groups.values() for bar in group)
    scale = (_WIDTH - left - right) / max(largest, 1.0)
    parts: list[str] = []
    y = 56.0
    for name, group in groups.items():
        parts.append(_text(16, y + 4, name, weight=600))
        y += 14
        for bar in group:
            color = _COLORS[bar.role]
            weight = 600 if bar.role == "ours" else 400
            parts.append(_text(left - 8, y + 13, bar.label, anchor="end", weight=weight))
            parts.append(
                f'<rect x="{left}" y="{y + 3:.0f}" width="{bar.mid * scale:.1f}" '
                f'height="{row - 6}" fill="{color}"/>'
            )
            middle = y + row / 2
            parts.append(
                _line(left + bar.low * scale, middle, left + bar.high * scale, middle, _INK)
            )
            parts.append(_text(left + bar.high * scale + 6, y + 14, f"{bar.mid:.2f}"))
            y += row
        y += 18
    one = left + scale
    rule = _line(one, 40, one, y - 14, _INK, dash="3 3")
    mark = _text(one, 36, "httpx = 1", anchor="middle")
    return _document(title, y, [rule, mark, *parts])


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over one logarithmic axis: for each name, what was measured at each point."""

    title: str
    axis: str
    points: Sequence[int]
    lines: Mapping[str, Sequence[float]]
    unit: str


def lines(title: str, panels: Sequence[Panel]) -> str:
    """Panels side by side."""
    gap, top, height = 56, 78, 250
    width = (_WIDTH - gap * (len(panels) + 1)) / len(panels)
    parts: list[str] = []
    for number, panel in enumerate(panels):
        parts += _panel(panel, gap + number * (width + gap), top, width, height)
    deepest = max(len(panel.lines) for panel in panels)
    return _document(title, top + height + 56 + 18 * deepest, parts)


def _panel(panel: Panel, left: float, top: float, width: float, height: float) -> list[str]:
    largest = max(value for values in panel.lines.values() for value in values)
    step = _step(largest)
    ceiling = math.ceil(largest / step) * step
    first, last = (math.log10(panel.points[index]) for index in (0, -1))

    def x(point: int) -> float:
        return left + width * (math.log10(point) - first) / (last - first)

    def y(value: float) -> float:
        return top + height * (1 - value / ceiling)

    parts = [_text(left, top - 22, f"{panel.title} ({panel.unit})", weight=600)]
    for index in range(round(ceiling / step) + 1):
        value = index * step
        parts.append(_line(left, y(value), left + width, y(value), _FAINT))
        parts.append(_text(left - 6, y(value) + 4, f"{value:g}", anchor="end"))
    parts += [_text(x(p), top + height + 18, f"{p:,}", anchor="middle") for p in panel.points]
    parts.append(_text(left + width / 2, top + height + 36, panel.axis, anchor="middle"))
    for index, (name, values) in enumerate(panel.lines.items()):
        color, dash = _LINES[index]
        pairs = list(zip(panel.points, values, strict=True))
        path = " ".join(f"{x(point):.1f},{y(value):.1f}" for point, value in pairs)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
        )
        parts += [
            f'<circle cx="{x(point):.1f}" cy="{y(value):.1f}" r="3" fill="{color}"/>'
            for point, value in pairs
        ]
        row = top + height + 56 + 18 * index
        parts.append(_line(left, row - 4, left + 28, row - 4, color, dash=dash, weight=2))
        parts.append(_text(left + 36, row, name))
    return parts


def _step(largest: float) -> float:
    """The distance of grid lines, of which there are four to eight."""
    power = math.pow(10, math.floor(math.log10(largest)))
    return next(step for step in (power / 5, power / 2, power, power * 2) if largest / step <= 8)


def _document(title: str, height: float, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height:.0f}" '
            f'viewBox="0 0 {_WIDTH} {height:.0f}" font-family="{_FONT}" font-size="12" '
            f'role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{_WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
            _text(16, 24, title, weight=600, size=15),
            *parts,
            "</svg>",
            "",
        ]
    )


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", weight: int = 400, size: int = 12
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
        f'font-size="{size}" fill="{_INK}" stroke="#ffffff" stroke-width="3" '
        f'paint-order="stroke">{escape(text)}</text>'
    )


def _line(
    x1: float, y1: float, x2: float, y2: float, color: str, *, dash: str = "", weight: float = 1
) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
        f'stroke-width="{weight:g}" stroke-dasharray="{dash}"/>'
    )

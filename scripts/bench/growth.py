"""The benchmark's second picture, as SVG by hand: what a call costs as more are in flight, or more connections idle."""

import math
from collections.abc import Mapping
from html import escape

from scripts.bench.plot import STYLE, Medians
from scripts.bench.report import number

PANELS = [
    ("in_flight", "CPU time of a call, ms, by calls in flight"),
    ("idle", "CPU time of a call, ms, by idle connections"),
]
WIDTH, HEIGHT, LEFT, TOP, FOOT, NAMES = 720, 200, 50, 40, 30, 130
LINE = 16
COLORS = ("#a3adba", "#4051b5", "#12a594")

Series = Mapping[str, Mapping[int, float]]


def plot_growth(medians: Medians) -> str:
    """Return the picture of what was measured."""
    parts: list[str] = []
    top = 0
    for workload, title in PANELS:
        if lines := series(medians.get(workload, {})):
            parts += panel(title, lines, top)
            top += TOP + HEIGHT + FOOT
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" role="img">'
    return "\n".join([head, "<title>How the cost of a call grows</title>", f"<style>{STYLE}</style>", *parts, "</svg>"])


def series(rows: Mapping[str, Mapping[str, float]]) -> dict[str, dict[int, float]]:
    """Return each client's points; a row's name is the client's and the number."""
    found: dict[str, dict[int, float]] = {}
    for row, measures in rows.items():
        client, _, amount = row.rpartition(", ")
        found.setdefault(client, {})[int(amount)] = measures["cpu_ms"]
    return found


def panel(title: str, lines: Series, top: int) -> list[str]:
    """Return one diagram below its title: a logarithmic axis of amounts, a linear one of time."""
    amounts = sorted({amount for points in lines.values() for amount in points})
    highest = max(value for points in lines.values() for value in points.values())

    def x(amount: int) -> float:
        span = math.log(amounts[-1] / amounts[0]) or 1.0
        return LEFT + math.log(amount / amounts[0]) / span * (WIDTH - LEFT - NAMES)

    def y(value: float) -> float:
        return top + TOP + HEIGHT * (1 - value / highest)

    parts = [f'<text class="head" x="0" y="{top + 20}">{escape(title)}</text>']
    for value in (0.0, highest / 2, highest):
        parts.append(f'<text x="{LEFT - 10}" y="{y(value) + 4:.1f}" text-anchor="end">{number(value)}</text>')
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - NAMES}" stroke="#8884"/>')
    foot = top + TOP + HEIGHT + 20
    parts += [f'<text x="{x(amount):.1f}" y="{foot}" text-anchor="middle">{amount:,}</text>' for amount in amounts]
    labels = apart({client: y(points[max(points)]) + 4 for client, points in lines.items()})
    for color, (client, points) in zip(COLORS, lines.items(), strict=False):
        path = "L".join(f"{x(amount):.1f} {y(value):.1f}" for amount, value in sorted(points.items()))
        parts.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        parts.append(
            f'<text x="{WIDTH - NAMES + 8}" y="{labels[client]:.1f}" style="fill: {color}">{escape(client)}</text>'
        )
    return parts


def apart(places: Mapping[str, float]) -> dict[str, float]:
    """Return the heights of labels, moved so that none is written over another."""
    moved: dict[str, float] = {}
    lowest = -math.inf
    for client in sorted(places, key=places.__getitem__):
        lowest = moved[client] = max(places[client], lowest + LINE)
    return moved

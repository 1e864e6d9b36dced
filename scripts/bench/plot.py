"""The benchmark's picture, as SVG by hand: throughput and CPU time of each client, ours in another color."""

from collections.abc import Mapping
from html import escape

from scripts.bench.report import number
from scripts.environments import OURS

PANELS = [
    ("async_100", "calls_per_s", "Calls per second, 100 in flight on one core (more is better)"),
    ("sync", "cpu_ms", "CPU time of one synchronous call, ms (less is better)"),
]
OLD = "pixigpt-0.1.5"
WIDTH, LABELS, VALUES, BAR, GAP, HEAD = 720, 170, 70, 20, 8, 34
STYLE = """text { font: 13px system-ui, sans-serif; fill: #444 } .head { font-weight: 600 }
.other { fill: #a3adba } .ours { fill: #4051b5 }
@media (prefers-color-scheme: dark) { text { fill: #ccc } .other { fill: #6b7482 } .ours { fill: #8c9eff } }"""

Medians = Mapping[str, Mapping[str, Mapping[str, float]]]


def plot(medians: Medians) -> str:
    """Return the picture of what was measured."""
    parts: list[str] = []
    top = 0
    for workload, measure, title in PANELS:
        values = {client: row[measure] for client, row in medians.get(workload, {}).items() if measure in row}
        if values:
            parts += panel(title, values, top)
            top += HEAD + len(values) * (BAR + GAP) + GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" role="img">'
    return "\n".join(
        [head, f"<title>{OURS} next to other clients</title>", f"<style>{STYLE}</style>", *parts, "</svg>"]
    )


def panel(title: str, values: Mapping[str, float], top: int) -> list[str]:
    """Return one group of bars below its title."""
    scale = (WIDTH - LABELS - VALUES) / max(values.values())
    lines = [f'<text class="head" x="0" y="{top + 20}">{escape(title)}</text>']
    for index, (client, value) in enumerate(values.items()):
        y, length = top + HEAD + index * (BAR + GAP), value * scale
        kind = "ours" if client.startswith(OURS) and client != OLD else "other"
        lines.append(f'<text x="{LABELS - 8}" y="{y + 15}" text-anchor="end">{escape(client)}</text>')
        lines.append(f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>')
        lines.append(f'<text x="{LABELS + length + 6:.1f}" y="{y + 15}">{number(value)}</text>')
    return lines

"""What the figures say: medians, ratios to the baselines of the same round, tables, and targets met or missed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from scripts.environments import OURS

# The values of a measure, one for each round; by row, then by measure.
Rows = Mapping[str, Mapping[str, Sequence[float]]]

# Of these a single bad round is too many.
WORST = ("mismatches", "polls")


@dataclass(frozen=True)
class Target:
    """A bound for one of our measures, itself or as a ratio to a baseline's."""

    workload: str
    measure: str
    bound: float
    baseline: str | None = None
    is_least: bool = False
    ours: str = OURS

    def __str__(self) -> str:
        sign = ">=" if self.is_least else "<="
        unit = f"x {self.baseline}" if self.baseline else ""
        who = "" if self.ours == OURS else f"{self.ours}, "
        return f"{who}{self.workload}: {self.measure} {sign} {self.bound:g}{unit}"

    def value(self, figures: Mapping[str, Rows]) -> float | None:
        """Return what was reached, in the worst of our rows; None if it was not measured."""
        rows = figures.get(self.workload, {})
        if self.baseline:
            return ratio(rows, self.baseline, self.measure, self.ours)
        ours = [self.ours] if self.ours in rows else list(rows)
        return max((figure(rows, row, self.measure) for row in ours), default=None)

    def is_met(self, value: float) -> bool:
        """Return whether a value is within the bound."""
        return value >= self.bound if self.is_least else value <= self.bound


def figure(rows: Rows, row: str, measure: str) -> float:
    """Return a measure's figure: the median of the rounds, or the worst of them."""
    return (max if measure in WORST else median)(rows[row][measure])


def ratio(rows: Rows, baseline: str, measure: str, ours: str = OURS) -> float | None:
    """Return ours through the baseline's, the median of the rounds; None if either was not measured."""
    if ours not in rows or baseline not in rows:
        return None
    return median(a / b for a, b in zip(rows[ours][measure], rows[baseline][measure], strict=True))


def medians_of(rows: Rows) -> dict[str, dict[str, float]]:
    """Return each row's figures."""
    return {row: {measure: round(figure(rows, row, measure), 4) for measure in rows[row]} for row in rows}


def ratios_of(rows: Rows, compared: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return our figure through each baseline's, for each of the compared measures."""
    return {
        row: {measure: round(ratio(rows, row, measure) or 0.0, 4) for measure in compared}
        for row in rows
        if OURS in rows and row != OURS
    }


def verdict(target: Target, value: float | None) -> str:
    """Return one line: whether a target is met, and what was reached."""
    if value is None:
        return f"  --  {target}: not measured"
    return f"{'PASS' if target.is_met(value) else 'miss'}  {target}: {number(value)}"


def table(rows: Rows, compared: Sequence[str]) -> list[str]:
    """Return the lines of an aligned table: the medians, each compared one followed by the ratio of ours to it."""
    measures = list(next(iter(rows.values()))) if rows else []
    heads = [head for name in measures for head in ([name, "ours/it"] if name in compared else [name])]
    return aligned([["", *heads], *([row, *_cells(rows, row, measures, compared)] for row in rows)])


def _cells(rows: Rows, row: str, measures: Sequence[str], compared: Sequence[str]) -> list[str]:
    cells: list[str] = []
    for measure in measures:
        cells.append(number(figure(rows, row, measure)))
        if measure in compared:
            found = ratio(rows, row, measure)
            cells.append("" if found is None else f"{found:.2f}")
    return cells


def number(value: float) -> str:
    """Format a number with three significant digits, or all of those before the point."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Align the first column to the left and the others to the right."""
    first, *others = (max(map(len, column)) for column in zip(*cells, strict=True))
    return [
        "  ".join([line[0].ljust(first), *(cell.rjust(width) for cell, width in zip(line[1:], others, strict=True))])
        for line in cells
    ]

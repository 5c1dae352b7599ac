"""A row of the result: what was measured, beside the bare figure of the same run, and what was wanted."""

from collections.abc import Sequence

from msgspec import Struct
from rich.table import Table


class Row(Struct, frozen=True, kw_only=True):
    """`value` is judged against `least` and `aim`; `higher` says which side is good. `counted` says what is in it."""

    what: str
    unit: str
    value: float
    measured: str
    bare: str
    least: float
    aim: float
    higher: bool
    counted: str
    details: dict[str, float] = {}

    @property
    def verdict(self) -> str:
        if self._reaches(self.aim):
            return "aim reached"
        return "at least reached" if self._reaches(self.least) else "NOT reached"

    def _reaches(self, mark: float) -> bool:
        return self.value >= mark if self.higher else self.value <= mark


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed; NaN of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def latency(
    what: str, ours: Sequence[float], bare: Sequence[float], *, least: float, aim: float, counted: str,
    more: dict[str, float], failed: int = 0,
) -> Row:  # fmt: skip
    """The row of a p99 in milliseconds, from latencies in seconds; whoever failed was never answered."""
    value, beside = (percentile(seconds, 0.99) * 1000 for seconds in (ours, bare))
    p50, bare_p50 = (percentile(seconds, 0.5) * 1000 for seconds in (ours, bare))
    return Row(
        what=what,
        unit="ms",
        value=float("inf") if failed else value,
        measured=f"{value:.0f} ms" + (f", {failed} failed" if failed else ""),
        bare=f"{beside:.0f} ms",
        least=least,
        aim=aim,
        higher=False,
        counted=counted,
        details={"p50 ms": p50, "bare p50 ms": bare_p50, "times bare p99": value / beside, **more},
    )


def table(rows: Sequence[Row]) -> Table:
    made = Table("what", "value", "platform", "bare loop, same run", "at least", "aim", "verdict")
    for row in rows:
        least, aim = (f"{mark:g} {row.unit}".strip() for mark in (row.least, row.aim))
        value = f"{row.value:.3g} {row.unit}".strip()
        made.add_row(row.what, value, row.measured, row.bare, least, aim, row.verdict)
    return made

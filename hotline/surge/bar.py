"""The live picture of a run: calls, cases and what is behind."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from hotline.surge.config import Progress as Counts
from hotline.surge.monitor import Status

SAY_EVERY_S = 10.0
"""Where there is no terminal, one line so often."""


class Bar:
    """Use as a context; `calls`: how many the first city expects, but for those about the one cause."""

    def __init__(self, console: Console, calls: int) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description:<6}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._calls = self._add("calls", calls)
        self._done = self._add("closed", None)
        self._said = 0.0

    def _add(self, name: str, total: int | None) -> TaskID:
        return self._progress.add_task(name, total=total, note="")

    def __enter__(self) -> "Bar":
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, cities: Sequence[tuple[Counts, Status]]) -> None:
        """The first city in full; of those beside it, how far their cases are."""
        (counts, status), *others = cities
        beside = "".join(f" · beside: {_closed(s)} of {c.registered}" for c, s in others)
        self._progress.update(self._calls, completed=counts.ended - counts.again, note=_calls(counts))
        note = _cases(status) + beside
        self._progress.update(self._done, completed=_closed(status), total=counts.registered or None, note=note)
        if not self._console.is_terminal and time.monotonic() - self._said > SAY_EVERY_S:
            self._said = time.monotonic()
            closed = f"closed {_closed(status)} of {counts.registered}"
            self.say(f"calls {counts.ended} {_calls(counts)} · {closed} {note}")

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _calls(counts: Counts) -> str:
    again = f"again {counts.again}"
    return f"{again} · repeated {counts.troubles} ({counts.trouble[:60]})" if counts.troubles else again


def _closed(status: Status) -> int:
    return max(0, status.cases - status.open)


def _cases(status: Status) -> str:
    states = " ".join(f"{name.lower()} {count}" for name, count in status.states.items())
    lags = " ".join(f"{group} {lag}" for group, lag in status.lag.items() if lag)
    return " · ".join(filter(None, (states, f"lag: {lags}" if lags else "")))

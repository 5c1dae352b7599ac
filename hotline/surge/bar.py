"""The live picture of a run: calls, cases and what is behind."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from hotline.surge.config import Progress as Counts
from hotline.surge.monitor import Status

SAY_EVERY_S = 10.0
"""Where there is no terminal, one line so often."""


class Bar:
    """Use as a context; `calls` is the number of first calls."""

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
        self._closed = self._add("closed", None)
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

    def show(self, counts: Counts, status: Status) -> None:
        self._progress.update(self._calls, completed=counts.ended - counts.again, note=_calls(counts))
        closed = max(0, status.cases - status.open)
        self._progress.update(self._closed, completed=closed, total=counts.registered or None, note=_cases(status))
        if not self._console.is_terminal and time.monotonic() - self._said > SAY_EVERY_S:
            self._said = time.monotonic()
            self.say(f"calls {counts.ended} {_calls(counts)} · closed {closed} of {counts.registered} {_cases(status)}")

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _calls(counts: Counts) -> str:
    again = f"again {counts.again}"
    return f"{again} · repeated {counts.troubles} ({counts.trouble[:60]})" if counts.troubles else again


def _cases(status: Status) -> str:
    states = " ".join(f"{name.lower()} {count}" for name, count in status.states.items())
    lags = " ".join(f"{group.partition('.')[2]} {lag}" for group, lag in status.lag.items() if lag)
    return " · ".join(filter(None, (states, f"lag: {lags}" if lags else "")))

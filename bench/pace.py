"""How fast a core is just now: the CPU time of one fixed loop, again and again, against the least that it ever took.

`python -m bench.pace [--seconds N]`, alone or beside a surge. On a shared machine a second of CPU is not always the
same amount of work: where a neighbour uses the other half of a core, the same loop takes twice as much of it.
"""

import argparse
import statistics
import time
from collections.abc import Iterator

from rich.console import Console

LOOPS = 10_000
PAUSE_S = 0.5


class _Thing:
    def __init__(self, number: int) -> None:
        self.number = number
        self.near = [number]

    def enter(self, table: dict[int, list[int]]) -> None:
        table[self.number] = self.near


def loop() -> float:
    """CPU seconds of this thread for ten thousand objects, calls and dictionary entries."""
    start = time.thread_time()
    table: dict[int, list[int]] = {}
    for number in range(LOOPS):
        _Thing(number % 1000).enter(table)
    return time.thread_time() - start


def pace(seconds: float) -> Iterator[float]:
    """CPU seconds of the loop, twice a second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield loop()
        time.sleep(PAUSE_S)


def told(found: list[float]) -> str:
    """The least, the median and the most of the times, and their mean against the least."""
    least, median, most, mean = min(found), statistics.median(found), max(found), statistics.fmean(found)
    times = f"{least * 1e3:.2f} ms at best, {median * 1e3:.2f} median, {most * 1e3:.2f} at worst"
    return f"{len(found)} times: {times}; on average {mean / least:.2f} times the best"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=60.0)
    Console().print(told(list(pace(asked.parse_args().seconds))))


if __name__ == "__main__":
    main()

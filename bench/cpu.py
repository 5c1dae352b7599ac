"""CPU seconds of processes, from /proc: which process carries a run."""

import os
from collections.abc import Mapping
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds (user and system) that each process has used so far."""
    return {name: _seconds(pid) for name, pid in pids.items()}


def _seconds(pid: int) -> float:
    """Fields 14 and 15 of /proc/<pid>/stat, counted behind the name, which may hold spaces."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def shares(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Each process's part of the CPU that all of them used in between."""
    used = {name: after[name] - start for name, start in before.items() if name in after}
    total = sum(used.values()) or 1.0
    return {name: one / total for name, one in used.items()}

"""Faults on demand: `dispatch@5` kills five seconds after the first call, `broker@15+10` keeps it down for ten."""

import asyncio
import re
import signal
from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

_FORM = re.compile(r"^(?P<name>[a-z]+(?:\.\d+)?)@(?P<at>\d+(?:\.\d+)?)(?:\+(?P<hold>\d+(?:\.\d+)?))?$")
ALIASES = {"broker": "kafka", "mongod": "mongo"}


class BadFault(ValueError):
    """The text names no fault; the message shows the form."""


class Fault(Struct, frozen=True):
    """Kill a process at so many seconds after the first call; keep it down for `hold` seconds."""

    name: str
    at: float
    hold: float = 0.0


class Held(Protocol):
    """A supervised process."""

    def hold(self) -> None:
        """Do not start it again until it is released."""
        ...

    def release(self) -> None: ...


class Processes(Protocol):
    """The supervisor, as far as chaos knows it."""

    @property
    def children(self) -> Mapping[str, Held]: ...

    def names(self, service: str) -> list[str]:
        """The processes of a service, or the one of that very name."""
        ...

    def kill(self, name: str, number: int) -> None: ...


def parse_fault(text: str) -> Fault:
    """Raises BadFault."""
    match = _FORM.match(text)
    if match is None:
        raise BadFault(f"{text!r}: write SERVICE@SECOND or SERVICE@SECOND+HOLD, for example broker@15+10")
    name = match["name"]
    return Fault(ALIASES.get(name, name), float(match["at"]), float(match["hold"] or 0.0))


def target(fault: Fault, processes: Processes) -> str:
    """The process that the fault means: that very name, else the service's first. Raises BadFault."""
    found = [fault.name] if fault.name in processes.children else processes.names(fault.name)
    if not found:
        raise BadFault(f"there is no process {fault.name}; there are {', '.join(processes.children)}")
    return found[0]


async def inject(fault: Fault, processes: Processes) -> None:
    """Call at the first call of a round."""
    name = target(fault, processes)
    await asyncio.sleep(fault.at)
    if fault.hold:
        processes.children[name].hold()
    processes.kill(name, signal.SIGKILL)
    if fault.hold:
        await asyncio.sleep(fault.hold)
        processes.children[name].release()

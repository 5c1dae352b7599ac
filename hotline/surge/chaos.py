"""Faults on demand, in seconds after the first call.

`dispatch@5` kills, `broker@15+10` kills and keeps down for ten, `dispatch@5~15` freezes for fifteen (a zombie, once its
session is over), `dispatch@5=3` scales to three, `gateway@5:hang+10` lets the gateway hang for ten. `130200@5+60` takes
the partner city away for a minute, all its processes.
"""

import asyncio
import re
import signal
from collections.abc import Mapping
from typing import Literal, Protocol

from msgspec import Struct

Kind = Literal["kill", "freeze", "scale", "behave"]
SECONDS = r"\d+(?:\.\d+)?"
_FORM = re.compile(
    rf"^(?P<name>\d{{6}}|[a-z]+(?:\.\d+)?)@(?P<at>{SECONDS})"
    rf"(?:~(?P<frozen>{SECONDS})|=(?P<count>\d+)|(?::(?P<mode>[a-z_]+))?(?:\+(?P<hold>{SECONDS}))?)$"
)
ALIASES = {"broker": "kafka", "mongod": "mongo"}
GATEWAY = "gateway"


class BadFault(ValueError):
    """The text names no fault; the message shows the form."""


class Fault(Struct, frozen=True):
    """What happens to a process at so many seconds after the first call, and for how long (`hold`, seconds)."""

    name: str
    at: float
    hold: float = 0.0
    kind: Kind = "kill"
    count: int = 0
    """Replicas, where it scales."""
    mode: str = ""
    """What the gateway does (hotline/surge/gateway.py), where it misbehaves."""


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


class Platform(Protocol):
    """The stack, as far as chaos knows it."""

    @property
    def supervisor(self) -> Processes: ...

    async def scale_to(self, service: str, count: int) -> None: ...

    async def behave(self, mode: str) -> None:
        """Tell the simulated gateway how to behave."""
        ...


def parse_fault(text: str) -> Fault:
    """Raises BadFault."""
    match = _FORM.match(text)
    if match is None:
        raise BadFault(f"{text!r}: write SERVICE@SECOND and +HOLD, ~FROZEN, =REPLICAS or :MODE, like broker@15+10")
    name, at = ALIASES.get(match["name"], match["name"]), float(match["at"])
    hold = float(match["frozen"] or match["hold"] or 0.0)
    if match["mode"] and name != GATEWAY:
        raise BadFault(f"{text!r}: only the gateway has modes")
    kind: Kind = "behave" if match["mode"] else "scale" if match["count"] else "freeze" if match["frozen"] else "kill"
    return Fault(name, at, hold, kind, int(match["count"] or 0), match["mode"] or "")


def targets(fault: Fault, processes: Processes) -> list[str]:
    """The processes that the fault means: that very name, all of that city, or the service's first. Raises BadFault."""
    if fault.name in processes.children:
        return [fault.name]
    if fault.name.isdigit():
        found = [name for name in processes.children if name.startswith(f"{fault.name}.")]
    else:
        found = processes.names(fault.name)[:1]
    if not found:
        raise BadFault(f"there is no process {fault.name}; there are {', '.join(processes.children)}")
    return found


async def inject(fault: Fault, platform: Platform) -> None:
    """Call at the first call of a round."""
    await asyncio.sleep(fault.at)
    match fault.kind:
        case "kill":
            await _kill(fault, platform.supervisor)
        case "freeze":
            await _freeze(fault, platform.supervisor)
        case "scale":
            await platform.scale_to(fault.name, fault.count)
        case "behave":
            await _misbehave(fault, platform)


async def _kill(fault: Fault, processes: Processes) -> None:
    names = targets(fault, processes)
    for name in names:
        if fault.hold:
            processes.children[name].hold()
        processes.kill(name, signal.SIGKILL)
    if fault.hold:
        await asyncio.sleep(fault.hold)
        for name in names:
            processes.children[name].release()


async def _freeze(fault: Fault, processes: Processes) -> None:
    names = targets(fault, processes)
    for name in names:
        processes.kill(name, signal.SIGSTOP)
    try:
        await asyncio.sleep(fault.hold)
    finally:
        for name in names:
            processes.kill(name, signal.SIGCONT)


async def _misbehave(fault: Fault, platform: Platform) -> None:
    await platform.behave(fault.mode)
    if fault.hold:
        await asyncio.sleep(fault.hold)
        await platform.behave("ok")

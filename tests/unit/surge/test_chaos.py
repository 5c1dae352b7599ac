"""Faults as text, and what each does to the platform."""

import asyncio
import signal

import pytest

from hotline.surge.chaos import BadFault, Fault, inject, parse_fault


class Child:
    """Whether it would be started again."""

    def __init__(self, acts: list[str]) -> None:
        self._acts = acts

    def hold(self) -> None:
        self._acts.append("hold")

    def release(self) -> None:
        self._acts.append("release")


class Platform:
    """Keeps what was done to it, in order; it is its own supervisor."""

    def __init__(self) -> None:
        self.acts: list[str] = []
        self.children = {
            name: Child(self.acts)
            for name in ("dispatch.1", "dispatch.2", "kafka", "gateway", "130200.sla.1", "130200.desk.1")
        }

    @property
    def supervisor(self) -> "Platform":
        return self

    def names(self, service: str) -> list[str]:
        return [name for name in self.children if name.split(".")[0] == service]

    def kill(self, name: str, number: int) -> None:
        self.acts.append(f"{signal.Signals(number).name} {name}")

    async def scale_to(self, service: str, count: int) -> None:
        self.acts.append(f"{service} x {count}")

    async def behave(self, mode: str) -> None:
        self.acts.append(mode)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("dispatch@5", Fault("dispatch", 5.0)),
        ("broker@1.5+60", Fault("kafka", 1.5, 60.0)),
        ("mongod@0", Fault("mongo", 0.0)),
        ("130200@5+60", Fault("130200", 5.0, 60.0)),
        ("dispatch.2@5~15", Fault("dispatch.2", 5.0, 15.0, "freeze")),
        ("dispatch@5=3", Fault("dispatch", 5.0, 0.0, "scale", 3)),
        ("gateway@5:hang+10", Fault("gateway", 5.0, 10.0, "behave", 0, "hang")),
        ("gateway@3:forget+12", Fault("gateway", 3.0, 12.0, "behave", 0, "forget")),
        ("gateway@5:accept_then_hang", Fault("gateway", 5.0, 0.0, "behave", 0, "accept_then_hang")),
    ],
)
def test_faults_as_text(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "dispatch", "dispatch@", "dispatch@x", "dispatch@5=3+1", "sla@5:hang", "a@1~"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(BadFault):
        parse_fault(text)


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("dispatch@0", ["SIGKILL dispatch.1"]),
        ("broker@0+0.01", ["hold", "SIGKILL kafka", "release"]),
        ("dispatch.2@0~0.01", ["SIGSTOP dispatch.2", "SIGCONT dispatch.2"]),
        (
            "130200@0+0.01",
            ["hold", "SIGKILL 130200.sla.1", "hold", "SIGKILL 130200.desk.1", "release", "release"],
        ),
        ("dispatch@0=3", ["dispatch x 3"]),
        ("gateway@0:hang+0.01", ["hang", "ok"]),
    ],
)
async def test_what_a_fault_does(text: str, acts: list[str]) -> None:
    platform = Platform()
    await inject(parse_fault(text), platform)
    assert platform.acts == acts


async def test_a_run_that_is_given_up_leaves_nothing_frozen() -> None:
    platform = Platform()
    task = asyncio.create_task(inject(parse_fault("dispatch@0~60"), platform))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert platform.acts == ["SIGSTOP dispatch.1", "SIGCONT dispatch.1"]


async def test_an_unknown_process_is_named() -> None:
    with pytest.raises(BadFault, match="dispatch"):
        await inject(parse_fault("nobody@0"), Platform())

"""The supervisor on small real processes: restarts, holds, endings, and nothing left behind."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path

import pytest

from hotline import supervisor as module
from hotline.embedded.process import ProcessSpec
from hotline.supervisor import NotReady, Supervisor

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
LAUNCHER = """
import asyncio, sys
from pathlib import Path
from hotline.embedded.process import ProcessSpec
from hotline.supervisor import Supervisor

async def main():
    made = Supervisor(Path(sys.argv[1]))
    await made.start(ProcessSpec(name="child", argv=(sys.executable, "-c", "import time; time.sleep(600)")))
    while made.children["child"].pid is None:
        await asyncio.sleep(0.01)
    print(made.children["child"].pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def spec(name: str, code: str = SLEEPER) -> ProcessSpec:
    return ProcessSpec(name=name, argv=(sys.executable, "-c", code))


def alive(pid: int) -> bool:
    """A zombie that nobody has collected yet does not live."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.01)


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    await supervisor.stop_all()


async def running_pid(supervisor: Supervisor, name: str, other_than: int | None = None) -> int:
    child = supervisor.children[name]
    await until(lambda: child.pid is not None and child.pid != other_than)
    await until(lambda: child.tail().count("up") >= child.starts)
    assert child.pid is not None
    return child.pid


async def test_a_killed_process_comes_back(made: Supervisor) -> None:
    await made.start(spec("a"))
    first = await running_pid(made, "a")
    made.kill("a", signal.SIGKILL)
    second = await running_pid(made, "a", first)
    assert second != first
    assert not alive(first)
    assert made.running() == ["a"]


async def test_a_killed_process_comes_back_where_python_knows_no_pidfd(
    made: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    await test_a_killed_process_comes_back(made)


async def test_a_held_process_stays_down_until_released(made: Supervisor) -> None:
    await made.start(spec("a"))
    first = await running_pid(made, "a")
    made.hold("a")
    made.kill("a")
    await asyncio.sleep(1.0)
    assert made.running() == []
    made.release("a")
    await running_pid(made, "a", first)


async def test_back_off_grows(made: Supervisor) -> None:
    await made.start(spec("a", "raise SystemExit(1)"))
    await asyncio.sleep(2.0)
    assert 2 <= made.children["a"].starts <= 4


async def test_a_frozen_process_goes_on(made: Supervisor) -> None:
    await made.start(spec("a"))
    pid = await running_pid(made, "a")
    state = Path(f"/proc/{pid}/stat")
    made.kill("a", signal.SIGSTOP)
    await until(lambda: state.read_text().split()[2] == "T")
    made.kill("a", signal.SIGCONT)
    await until(lambda: state.read_text().split()[2] in "SR")
    assert made.children["a"].pid == pid


async def test_stop_ends_running_frozen_and_held_processes_at_once(made: Supervisor) -> None:
    await made.start(spec("a"), spec("frozen"), spec("held"))
    pids = [await running_pid(made, name) for name in ("a", "frozen", "held")]
    made.kill("frozen", signal.SIGSTOP)
    made.hold("held")
    made.kill("held")
    await until(lambda: not alive(pids[2]))
    began = time.monotonic()
    await made.stop_all()
    assert time.monotonic() - began < 5
    assert not made.children
    assert not any(alive(pid) for pid in pids)


async def test_a_process_that_does_not_listen_is_killed(made: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.5)
    await made.start(spec("deaf", DEAF))
    pid = await running_pid(made, "deaf")
    await made.stop("deaf")
    assert not alive(pid)


async def test_stop_right_after_start_leaves_nothing(made: Supervisor) -> None:
    await made.start(spec("a"))
    await asyncio.wait_for(made.stop("a"), 5)
    assert made.running() == []


async def test_grandchildren_end_with_their_process(made: Supervisor) -> None:
    await made.start(spec("a", PARENT))
    child = made.children["a"]
    await until(lambda: child.log.exists() and child.tail().strip().isdigit())
    grandchild = int(child.tail())
    made.kill("a")
    await until(lambda: not alive(grandchild))
    await until(lambda: child.starts == 2)


async def test_children_die_with_a_killed_launcher(tmp_path: Path) -> None:
    launcher = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LAUNCHER, str(tmp_path)), stdout=asyncio.subprocess.PIPE, cwd=os.getcwd()
    )
    assert launcher.stdout is not None
    child = int(await launcher.stdout.readline())
    assert alive(child)
    launcher.kill()
    await launcher.wait()
    await until(lambda: not alive(child))


async def test_not_ready_says_the_last_lines_and_gives_up_early(made: Supervisor) -> None:
    async def never() -> None:
        raise ConnectionError

    argv = (sys.executable, "-c", "raise SystemExit('no database here')")
    began = time.monotonic()
    with pytest.raises(NotReady, match="no database here"):
        await made.start(ProcessSpec(name="a", argv=argv, ready=never))
    assert time.monotonic() - began < 30


async def test_a_program_that_is_not_there_is_named(made: Supervisor) -> None:
    async def never() -> None:
        raise ConnectionError

    with pytest.raises(NotReady, match="/nowhere/at-all cannot be started"):
        await made.start(ProcessSpec(name="a", argv=("/nowhere/at-all",), ready=never))


async def test_logs_are_prefixed_by_whole_lines_and_kept_plain(tmp_path: Path) -> None:
    echo = BytesIO()
    supervisor = Supervisor(tmp_path, echo)
    code = "import time; print('one', end='', flush=True); time.sleep(.3); print(' line'); time.sleep(600)"
    await supervisor.start(spec("dispatch.1", code))
    await until(lambda: b"line" in echo.getvalue())
    await supervisor.stop_all()
    assert echo.getvalue() == b"dispatch.1  | one line\n"
    assert (tmp_path / "dispatch.1.log").read_text() == "one line\n"


async def test_names_of_a_service_and_of_one_process(made: Supervisor) -> None:
    await made.start(spec("kafka"), spec("dispatch.1"), spec("dispatch.2"))
    assert made.names("dispatch") == ["dispatch.1", "dispatch.2"]
    assert made.names("dispatch.2") == ["dispatch.2"]
    assert made.names("kafka") == ["kafka"]

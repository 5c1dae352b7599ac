"""Processes that belong to this one: started in order, restarted with back-off, ended with it.

Every child dies with the launcher, even when the launcher is killed, and takes its log to a file and to the screen.
"""

import asyncio
import contextlib
import ctypes
import functools
import os
import signal
import time
import zlib
from pathlib import Path
from typing import BinaryIO

from hotline.embedded.process import ProcessSpec

GRACE_S = 25.0
STEADY_S = 10.0
LOOK_S = 0.1
"""How often a child is looked at, whether it still lives."""
READY_S = 90.0
HOPELESS_STARTS = 4
"""A process that ended so often while its start was awaited will not become ready."""
BACKOFF_S, BACKOFF_MOST_S = 0.2, 5.0
PR_SET_PDEATHSIG = 1
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_libc = ctypes.CDLL(None)


class NotReady(RuntimeError):
    """A process did not become ready; the text holds its last lines."""


def _die_with(parent: int) -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Child:
    """One supervised process and what is wanted of it. `starts` counts its lives."""

    def __init__(self, spec: ProcessSpec, log: Path, echo: BinaryIO | None) -> None:
        self.spec = spec
        self.log = log
        self.process: asyncio.subprocess.Process | None = None
        self.starts = 0
        self._killed: asyncio.subprocess.Process | None = None
        self._echo = echo
        self._ended = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """None while it is not running, and from the moment it was sent SIGKILL."""
        process = self.process
        return process.pid if process and process.returncode is None and process is not self._killed else None

    def hold(self) -> None:
        """Do not restart until released."""
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        delay = BACKOFF_S
        while not self._ended.is_set():
            began = time.monotonic()
            await self._run()
            if time.monotonic() - began > STEADY_S:
                delay = BACKOFF_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), delay)
            delay = min(delay * 2, BACKOFF_MOST_S)
            await self._free.wait()

    async def _run(self) -> None:
        self.starts += 1
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as file:
            try:
                self.process = await self._spawn()
            except OSError as error:
                file.write(f"{self.spec.argv[0]} cannot be started: {error}\n".encode())
                return
            if self._ended.is_set():
                self.send(signal.SIGTERM)
            await self._follow(self.process, file)

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.spec.argv,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.spec.env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=functools.partial(_die_with, os.getpid()),
            start_new_session=True,
        )

    async def _follow(self, process: asyncio.subprocess.Process, file: BinaryIO) -> None:
        """Until it ends; then its own children end too, which otherwise keep ports and the pipe open."""
        assert process.stdout is not None
        copying = asyncio.create_task(self._copy(process.stdout, file))
        await _exit_of(process)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await copying
        await process.wait()

    async def _copy(self, output: asyncio.StreamReader, file: BinaryIO) -> None:
        rest = b""
        while chunk := await output.read(65536):
            file.write(chunk)
            file.flush()
            *lines, rest = (rest + chunk).split(b"\n")
            self._show(lines)
        self._show([rest] if rest else [])

    def _show(self, lines: list[bytes]) -> None:
        if self._echo is None or not lines:
            return
        colour = COLOURS[zlib.crc32(self.spec.name.encode()) % len(COLOURS)]
        plain = f"{self.spec.name:<12}| "
        prefix = (f"\033[{colour}m{plain}\033[0m" if self._echo.isatty() else plain).encode()
        self._echo.write(b"".join(prefix + line + b"\n" for line in lines))
        self._echo.flush()

    def send(self, number: int) -> None:
        """A signal to the process, if it lives."""
        if (pid := self.pid) is not None:
            self._killed = self.process if number == signal.SIGKILL else self._killed
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    async def stop(self) -> None:
        """End it for good: SIGTERM, then SIGKILL after the grace time."""
        self._ended.set()
        self.release()
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        if self._keeper is None:
            return
        try:
            await asyncio.wait_for(asyncio.shield(self._keeper), GRACE_S)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self._keeper

    def tail(self, lines: int = 15) -> str:
        if not self.log.exists():
            return "(no output)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


async def _exit_of(process: asyncio.subprocess.Process) -> None:
    """`process.wait()` may return only when the pipe is closed too, which a grandchild can prevent.

    `os.pidfd_open` would tell at once, but not every build of Python has it: the standalone one of 3.14.6 does not.
    """
    while process.returncode is None:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)


class Supervisor:
    """The children of one launcher, in the order of their start."""

    def __init__(self, logs: Path, echo: BinaryIO | None = None) -> None:
        self._logs = logs
        self._echo = echo
        self.children: dict[str, Child] = {}

    async def start(self, *specs: ProcessSpec) -> None:
        """Start together, and return when all are ready. Raises NotReady."""
        made = []
        for spec in specs:
            child = Child(spec, self._logs / f"{spec.name}.log", self._echo)
            self.children[spec.name] = child
            child.start()
            made.append(child)
        await asyncio.gather(*(self._until_ready(child) for child in made))

    async def ready(self, name: str) -> None:
        await self._until_ready(self.children[name])

    async def _until_ready(self, child: Child) -> None:
        if child.spec.ready is None:
            return
        first, end, last = child.starts, time.monotonic() + READY_S, "never asked"
        while time.monotonic() < end and child.starts - first < HOPELESS_STARTS:
            if child.pid is not None:
                try:
                    await asyncio.wait_for(child.spec.ready(), 5)
                    return
                except Exception as error:
                    last = repr(error)
            await asyncio.sleep(0.1)
        raise NotReady(f"{child.spec.name} did not become ready ({last}):\n{child.tail()}")

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal; a process that dies of it is started again. SIGSTOP and SIGCONT freeze and thaw it."""
        self.children[name].send(number)

    def hold(self, name: str) -> None:
        """Once dead it stays down until `release`."""
        self.children[name].hold()

    def release(self, name: str) -> None:
        self.children[name].release()

    def running(self) -> list[str]:
        """Names of the processes that live now, in the order of their first start."""
        return [name for name, child in self.children.items() if child.pid is not None]

    def names(self, service: str) -> list[str]:
        """Replicas of a service, `dispatch.1`, `dispatch.2`, …; or the one process of that name."""
        return [name for name in self.children if name == service or name.rsplit(".", 1)[0] == service]

    async def stop(self, name: str) -> None:
        await self.children[name].stop()
        del self.children[name]

    async def stop_all(self) -> None:
        """Services first and together, then the servers they stand on."""
        servers = [name for name in ("mongo", "kafka") if name in self.children]
        await asyncio.gather(*(self.stop(name) for name in list(self.children) if name not in servers))
        await asyncio.gather(*(self.stop(name) for name in servers))

"""Processes that belong to this one: started in order, restarted with back-off, ended with it.

Every child dies with the launcher, even when the launcher is killed, and takes its log to a file and to the screen.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path
from typing import BinaryIO

from hotline.embedded.process import ProcessSpec

GRACE_S = 25.0
STEADY_S = 10.0
READY_S = 90.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class NotReady(RuntimeError):
    """A process did not become ready; the text holds its last lines."""


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One supervised process and what is wanted of it."""

    def __init__(self, spec: ProcessSpec, log: Path, echo: BinaryIO | None) -> None:
        self.spec = spec
        self.log = log
        self.process: asyncio.subprocess.Process | None = None
        self.wanted = True
        self.starts = 0
        self._echo = echo
        self._held = asyncio.Event()
        self._held.set()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.returncode is None else None

    def hold(self) -> None:
        """Do not restart until released."""
        self._held.clear()

    def release(self) -> None:
        self._held.set()

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        delay = 0.2
        while self.wanted:
            await self._held.wait()
            began = time.monotonic()
            await self._run()
            if time.monotonic() - began > STEADY_S:
                delay = 0.2
            if self.wanted:
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)

    async def _run(self) -> None:
        self.starts += 1
        self.process = await asyncio.create_subprocess_exec(
            *self.spec.argv,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.spec.env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=4 * 1024 * 1024,
            preexec_fn=_die_with_parent,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        await self._copy(self.process.stdout)
        await self.process.wait()

    async def _copy(self, output: asyncio.StreamReader) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        prefix = f"{self.spec.name:<12}| ".encode()
        with self.log.open("ab") as file:
            while chunk := await output.read(65536):
                file.write(chunk)
                file.flush()
                if self._echo is not None:
                    self._echo.write(b"".join(prefix + line + b"\n" for line in chunk.splitlines()))
                    self._echo.flush()

    def send(self, number: int) -> None:
        """A signal to the process, if it lives."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def stop(self) -> None:
        """End it for good: SIGTERM, then SIGKILL after the grace time."""
        self.wanted = False
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
        end, last = time.monotonic() + READY_S, "never asked"
        while time.monotonic() < end:
            try:
                await asyncio.wait_for(child.spec.ready(), 5)
                return
            except Exception as error:
                last = repr(error)
            await asyncio.sleep(0.1)
        raise NotReady(f"{child.spec.name} is not ready after {READY_S:.0f} s ({last}):\n{child.tail()}")

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal; a process that dies of it is started again."""
        self.children[name].send(number)

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

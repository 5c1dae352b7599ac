"""Where the time goes: `python -m bench.profile [CASES]` samples the services under row a and prints tables.

CPU by process from /proc; per service the functions with the most samples of their own (py-spy, threads that run only).
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import uvloop

from bench.spine import SERVICES, Drive
from bench.stand import Stand, stand

TOP = 14
RATE = 200
SAMPLE_S = 8
_SPY = Path(sys.executable).with_name("py-spy")


class Samples:
    """Stacks of one process in py-spy's raw format: frames joined by `;`, a blank, a count."""

    def __init__(self, text: str) -> None:
        self.own: Counter[str] = Counter()
        self.below: Counter[str] = Counter()
        for line in text.splitlines():
            stack, _, count = line.rpartition(" ")
            frames = [frame.rsplit(":", 1)[0] for frame in stack.split(";")]
            self.own[frames[-1]] += int(count)
            for frame in set(frames):
                self.below[frame] += int(count)

    def table(self) -> str:
        total = sum(self.own.values()) or 1
        lines = [f"{count / total:7.1%}  {frame}" for frame, count in self.own.most_common(TOP)]
        ours = [(f, n) for f, n in self.below.most_common() if "(services/" in f or "(shared/" in f][:TOP]
        below = [f"{count / total:7.1%}  {frame}" for frame, count in ours]
        return "\n".join(["   itself", *lines, "   with all it calls, our own code", *below])


async def _sample(ground: Stand, service: str) -> Samples:
    out = ground.stack.folder / f"{service}.stacks"
    pid = ground.pids()[f"{service}.1"]
    argv = ("record", "-p", pid, "-d", SAMPLE_S, "-r", RATE, "-f", "raw", "-o", out, "--nonblocking")
    spy = await asyncio.create_subprocess_exec(
        str(_SPY), *map(str, argv), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    await spy.wait()
    return Samples(out.read_text())


async def main(cases: int) -> None:
    async with stand() as ground:
        await Drive(ground).run("warm", 300)
        drive = Drive(ground)
        running = asyncio.create_task(drive.run("profile", cases))
        await drive.started.wait()
        found = await asyncio.gather(*(_sample(ground, service) for service in SERVICES))
        run = await running
    report = [f"{share:7.1%}  {name}" for name, share in sorted(run.cpu.items(), key=lambda one: -one[1])]
    for service, samples in zip(SERVICES, found, strict=True):
        report += ["", service, samples.table()]
    sys.stdout.write("CPU by process\n" + "\n".join(report) + "\n")


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000))

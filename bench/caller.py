"""Load on a door in a process of its own: `python -m bench.caller URL TOKEN RATE SECONDS`. Open loop, one event a POST.

Each request has its moment, whatever became of those before it; its latency is counted from that moment, also while it
waits for one of the connections. These are bounded, as a telephone system's are: else a stall opens thousands.
"""

import asyncio
import gc
import sys
import time

import msgspec
import uvloop
from msgspec import Struct

from hotline.surge.http import Client, Lost

WARM_S = 3.0
"""Sent and answered, but not counted."""
TIMEOUT_S = 10.0
CONNECTIONS = 256


class Answers(Struct, kw_only=True):
    """Seconds from the moment of each counted request to its 202; how many got something else."""

    seconds: list[float]
    failed: int = 0


class Caller:
    """Calls at a rate."""

    def __init__(self, client: Client, token: str, rate: float) -> None:
        self._client = client
        self._headers = f"Authorization: Bearer {token}\r\n"
        self._rate = rate
        self._run = f"{time.time():.3f}"
        self.answers = Answers(seconds=[])

    async def run(self, seconds: float) -> None:
        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for n in range(int((WARM_S + seconds) * self._rate)):
                due = start + n / self._rate
                if (early := due - time.perf_counter()) > 0:
                    await asyncio.sleep(early)
                group.create_task(self._call(n, due, due - start >= WARM_S))

    async def _call(self, n: int, due: float, counted: bool) -> None:
        body = {"type": "offered", "call_id": f"{self._run}-{n}", "number": 1, "caller": f"138{n % 10**8:08d}"}
        try:
            answer = await self._client.request("POST", "/calls/events", body, self._headers)
            good = answer.status == 202
        except Lost:
            good = False
        if good and counted:
            self.answers.seconds.append(time.perf_counter() - due)
        self.answers.failed += not good


async def call(url: str, token: str, rate: float, seconds: float) -> Answers:
    gc.disable()  # a look of the collector at so many tasks would be counted as the door's time
    client = Client([url], CONNECTIONS, TIMEOUT_S)
    caller = Caller(client, token, rate)
    await caller.run(seconds)
    client.close()
    return caller.answers


if __name__ == "__main__":
    url, token, rate, seconds = sys.argv[1:]
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(call(url, token, float(rate), float(seconds)))))

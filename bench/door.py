"""Row c: accepts at 1,000 requests a second, open loop, one event a POST; intake and the broker only."""

import asyncio

import httpx
import msgspec

from bench.caller import Answers
from bench.rows import Row, latency
from bench.stand import Stand
from hotline.ports import free_port
from shared.auth import issue

RATE = 1000
SECONDS = 15.0
READY_S = 20.0


async def _calls(stand: Stand, url: str) -> Answers:
    token = issue(stand.settings.jwt_secret.get_secret_value(), "bench-pbx", "service", 1)
    process = await stand.spawn("bench.caller", url, token, str(RATE), str(SECONDS))
    output, _ = await process.communicate()
    return msgspec.json.decode(output, type=Answers)


async def platform(stand: Stand) -> tuple[Answers, int]:
    """Answers of intake as a door alone, and the mean bytes of its records."""
    start = await stand.scan.ends(stand.topics.contacts)
    stand.stack.options.extra_env["HOTLINE_ROLE"] = "api"
    await stand.services(intake=1)
    answers = await _calls(stand, stand.stack.urls["intake.1"])
    await stand.services(intake=0)
    stand.stack.options.extra_env["HOTLINE_ROLE"] = "worker"
    return answers, (await stand.scan.since(start))[stand.topics.contacts].size


async def bare(stand: Stand, size: int) -> Answers:
    port = free_port()
    await stand.make_topics({"bare.contacts": 8})
    door = await stand.spawn("bench.bare_door", "bare.contacts", str(size), HOTLINE_PORT=str(port))
    try:
        url = f"http://127.0.0.1:{port}"
        await _ready(url)
        return await _calls(stand, url)
    finally:
        door.terminate()
        await door.wait()


async def _ready(url: str) -> None:
    async with asyncio.timeout(READY_S), httpx.AsyncClient() as client:
        while True:
            try:
                await client.get(f"{url}/health/ready")
                return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def row(stand: Stand) -> Row:
    """Intake and the bare door, one right after the other."""
    answers, size = await platform(stand)
    beside = await bare(stand, size)
    return latency(
        "accepts at 1,000/s, p99", answers.seconds, beside.seconds, least=150, aim=50, failed=answers.failed,
        counted=f"{RATE}/s for {SECONDS:g} s, one event a POST; from the scheduled moment, load in another process",
        more={"accepted": len(answers.seconds), "bare failed": beside.failed},
    )  # fmt: skip

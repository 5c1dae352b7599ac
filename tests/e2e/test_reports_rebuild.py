"""Facts rebuilt from the whole log on real servers give the same figures to the byte, and reading goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from hotline.topics import create_topics
from services.reports.app import build
from shared.auth import issue
from shared.clock import make_clock
from shared.events import cases as e
from shared.events.contacts import Answered, Ended, Offered
from shared.records import Record
from shared.settings import Settings
from tests.contract.kafka import produce
from tests.factories import LEAD, START, person
from tests.unit.reports.world import DAY, case_of, contact, dispatched, event, issued, placed, registered

pytestmark = pytest.mark.real
SECRET = "a secret of at least thirty-two characters"
CASES = 300


def history(name: str, n: int) -> list[Record]:
    """A contact and its case, carried to its end where the number is even."""
    at = START + timedelta(seconds=n)
    calls = [
        contact(name, Offered(number=1, channel="call", person=person("li"), receipt="R"), at),
        contact(name, Answered(number=2, agent="a", wait_s=n / 7), at),
        contact(name, Ended(number=3, by="agent", served=True), at),
        placed(name, 4, "跟进"),
    ]
    told = [registered(name), dispatched(), issued(f"o-{name}")]
    if n % 2 == 0:
        done = e.WorkOrderDone(order=f"o-{name}", unit=LEAD)
        told += [done, e.ReplySettled(obligation=f"debt-{name}", how="sms", proof="p"), e.CaseClosed(reason="done")]
    return calls + [event(case_of(name), place, one, at) for place, one in enumerate(told, 1)]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = build(settings, make_clock(settings))
    transport = httpx.ASGITransport(app=app)
    token = issue(SECRET, "tester", "operator", 1)
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://reports", headers=headers) as client,
    ):
        yield client


async def until(client: httpx.AsyncClient, path: str, name: str, value: int) -> httpx.Response:
    """The answer once it says so."""
    for _ in range(600):
        answer = await client.get(path)
        body = answer.json()
        known = {figure["name"]: figure["value"] for figure in body.get("figures", ())}
        if known.get(name, body.get(name)) == value:
            return answer
        await asyncio.sleep(0.2)
    raise AssertionError(f"{path} never said {name} = {value}; last: {answer.text[:300]}")


async def collections(settings: Settings) -> set[str]:
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(settings.mongo)
    try:
        return set(await client[settings.database("reports")].list_collection_names())
    finally:
        await client.close()


async def groups(settings: Settings) -> set[str]:
    """Every consumer group of reports that the broker knows."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        known = {name for name, *_ in await admin.list_consumer_groups()}
    finally:
        await admin.close()
    prefix = f"{settings.city}."
    return {name.removeprefix(prefix) for name in known if name.startswith(f"{prefix}reports.")}


async def rested(settings: Settings) -> None:
    """Once the facts and groups from before the rebuild are gone."""
    new, old = {"reports.normal.1", "reports.urgent.1", "reports.contacts.1"}, {"cases", "contacts"}
    async with asyncio.timeout(90):
        while await groups(settings) != new or old & await collections(settings):  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def test_a_rebuild_gives_the_same_figures_to_the_byte(servers: Settings) -> None:
    settings = Settings(kafka=servers.kafka, mongo=servers.mongo, jwt_secret=SecretStr(SECRET), session_timeout_ms=6000)
    await create_topics(settings)
    await produce(settings, [record for n in range(CASES) for record in history(f"c{n}", n)])
    async with running(settings) as client:
        await until(client, "/figures?all=1", "placed", CASES)
        await until(client, "/figures?all=1", "orders_issued", CASES)
        before = await until(client, "/figures?all=1", "closed", CASES // 2)
        day_before = (await client.get(f"/figures?date={DAY}")).content

        assert (await client.post("/rebuild")).json() == {"built": 1, "served": 0}
        await until(client, "/rebuild", "served", 1)
        assert (await client.get("/figures?all=1")).content == before.content
        assert (await client.get(f"/figures?date={DAY}")).content == day_before
        await rested(settings)
        assert (await client.get("/figures?all=1")).content == before.content

        await produce(settings, history("late", 2))
        await until(client, "/figures?all=1", "offered", CASES + 1)
    async with running(settings) as client:
        await until(client, "/figures?all=1", "offered", CASES + 1)
        await until(client, "/figures?all=1", "accepted", CASES + 1)
        assert (await client.get("/gaps")).json() == {"items": []}
        assert (await client.get("/rebuild")).json() == {"built": 1, "served": 1}

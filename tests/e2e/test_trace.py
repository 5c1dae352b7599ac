"""One call's way over real servers, each service a process of its own: its spans are one trace from call to reply."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hotline.stack import Options, Stack
from shared.auth import issue
from shared.ids import trace_of
from tests.collector import Collector, collecting
from tests.conftest import Background

pytestmark = pytest.mark.real
WAIT_S = 90.0
UNIT = "130100-02-001"
NUMBER = "13812341234"
EDGES = {
    ("intake", "dispatch"), ("dispatch", "notify"), ("notify", "gateway"), ("notify", "dispatch"),
    ("dispatch", "sla"), ("dispatch", "reports"), ("dispatch", "desk"),
}  # fmt: skip


class City:
    """A platform at real time; the test is caller, agent, unit and auditor."""

    def __init__(self, collector: Collector) -> None:
        self.background = Background()
        services = ("intake", "dispatch", "sla", "notify", "reports", "desk")
        exported = {"HOTLINE_OTLP": collector.url}
        self.stack = Stack(Options(fresh=True, services=services, extra_env=exported), Path(".hotline"))

    def post(self, service: str, path: str, role: str, body: Any) -> Any:
        token = issue(self.stack.secrets["jwt_secret"], "1", role, 1)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{path}{time.time()}"}
        (url,) = self.stack.addresses()[service]
        answer = httpx.post(f"{url}{path}", json=body, headers=headers, timeout=20)
        while answer.status_code == 503:
            time.sleep(1)
            answer = httpx.post(f"{url}{path}", json=body, headers=headers, timeout=20)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def do(self, case: str, verb: str, role: str, **body: Any) -> Any:
        return self.post("dispatch", f"/cases/{case}/commands/{verb}", role, body)

    def page(self, case: str, filled: str = "id") -> Any:
        """The case as dispatch shows it, once there is one and this field of it has something."""
        token = issue(self.stack.secrets["jwt_secret"], "1", "operator", 1)
        (url,) = self.stack.addresses()["dispatch"]
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            answer = httpx.get(f"{url}/cases/{case}", headers={"Authorization": f"Bearer {token}"}, timeout=20)
            if answer.status_code == 200 and answer.json()[filled]:
                return answer.json()
            time.sleep(0.2)
        raise AssertionError(f"there is no case {case}")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture
def city(collector: Collector) -> Iterator[City]:
    made = City(collector)
    try:
        made.background.run(made.stack.start())
        yield made
    finally:
        made.background.run(made.stack.stop())
        made.background.close()
        made.stack.remove()


def called(city: City) -> str:
    """A call that an agent answers and writes down; returns its case."""
    rung = [
        {"call_id": "1", "number": 1, "type": "offered", "caller": NUMBER},
        {"call_id": "1", "number": 2, "type": "answered", "agent": "1"},
    ]
    contact = city.post("intake", "/calls/events", "service", rung)["calls"]["1"]["contact_id"]
    matter = {"matter": 1, "title": "路灯不亮", "text": "小区门口路灯不亮", "request_type": "TS", "caller": NUMBER}
    return str(city.post("intake", f"/contacts/{contact}/cases", "agent", matter)["case_id"])


def carried(city: City, case: str) -> None:
    """The case goes to a unit, which answers it."""
    if not city.page(case)["orders"]:
        city.do(case, "assign", "dispatcher", lead=UNIT)
    (order,) = city.page(case, "orders")["orders"]
    unit, order = f"unit:{order['unit']}", order["id"]
    city.do(case, "sign", unit, order=order)
    city.do(case, "answer", unit, order=order, public_answer="已修好", internal="", solved=True)
    city.do(case, "audit", "auditor", order=order, passed=True)


async def told(collector: Collector, trace: str) -> set[tuple[str, str]]:
    """The edges once all are there, or what there is after WAIT_S."""
    until = time.monotonic() + WAIT_S
    while not collector.edges(trace) >= EDGES and time.monotonic() < until:  # noqa: ASYNC110 - other processes tell
        await asyncio.sleep(0.5)
    return collector.edges(trace)


async def test_from_the_call_to_the_last_reply_is_one_trace(city: City, collector: Collector) -> None:
    case = await asyncio.to_thread(called, city)
    await asyncio.to_thread(carried, city, case)
    assert await told(collector, trace_of("", case)) >= EDGES
    assert not [span.name for _, span in collector.spans() if NUMBER in str(span)]

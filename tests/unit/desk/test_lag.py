"""How far services are behind, on the supervisor's page and the wall board."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from services.desk.domain.board import Level
from services.desk.domain.lag import Lag, Row, lag_figure, rows
from services.desk.lags import FRESH_S, KEPT_S, BrokerLags
from shared.groups import Groups
from shared.testing import FakeClock
from tests.unit.desk.world import World

LAG = {"notify.normal": 3, "notify.urgent": 0, "reports.contacts.2": 7, "reports.normal.2": 1500, "dispatch.bridge": 1}


def test_groups_become_services_and_lanes() -> None:
    assert rows(LAG) == [
        Row("dispatch", {"other": 1}),
        Row("notify", {"normal": 3, "urgent": 0}),
        Row("reports", {"other": 7, "normal": 1500}),
    ]


@pytest.mark.parametrize(
    ("lag", "value", "level"),
    [(None, "–", "none"), ({}, "0", "good"), ({"a.normal": 10}, "10", "good"), (LAG, "1500", "bad"),
     ({"a.normal": 11}, "11", "watch")],
)  # fmt: skip
def test_the_furthest_behind_is_judged(lag: Lag | None, value: str, level: Level) -> None:
    figure = lag_figure(lag, 10)
    assert (figure.value, figure.level) == (value, level)


async def test_supervisor_and_board_show_it_and_say_when_nobody_knows() -> None:
    world = World()
    async with world.browser("supervisor") as browser:
        assert "has not said lately" in (await browser.get("/supervisor/lag")).text
        world.lags.lag = LAG
        shown, board = (await browser.get("/supervisor/lag")).text, (await browser.get("/board")).text
    assert "▲ 1500" in shown
    assert "reports.normal.2" in board


async def test_a_unit_does_not_see_it() -> None:
    async with World().browser("unit:130100-02-001") as browser:
        assert (await browser.get("/supervisor/lag")).status_code == 403


class Broker(Groups):
    """Counts the questions; `away` lets them fail."""

    def __init__(self) -> None:
        super().__init__("nowhere", "130100")
        self.questions = 0
        self.away = False

    async def lag(self) -> dict[str, int]:
        self.questions += 1
        await asyncio.sleep(0)
        if self.away:
            raise KafkaConnectionError("away")
        return {"sla.normal": self.questions}


async def test_however_many_look_the_broker_is_asked_once_and_old_figures_are_none() -> None:
    broker, clock = Broker(), FakeClock()
    lags = BrokerLags(broker, clock)

    async def looked(seconds: float) -> Lag | None:
        clock.forward(seconds=seconds)
        for _ in range(5):
            lags.latest()
        await asyncio.sleep(0.01)
        return lags.latest()

    assert await looked(KEPT_S + 1) == {"sla.normal": 1}
    assert await looked(KEPT_S + 1) == {"sla.normal": 2}
    broker.away = True
    assert await looked(KEPT_S + 1) == {"sla.normal": 2}
    assert await looked(FRESH_S) is None
    await lags.close()

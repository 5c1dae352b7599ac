"""Moments that other services write are shown in China's time, in the one form of the desk."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Struct

from services.desk.clients import Reply
from services.desk.testing import SPECIAL
from shared.events import cases as e
from tests.unit.desk.test_view import order_of
from tests.unit.desk.world import UNIT, World

AT, SHOWN = datetime(2021, 1, 19, 20, tzinfo=UTC), "01-20 04:00"
RAW = re.compile(r">[^<]*\d{4}-\d{2}-\d{2}T[^<]*<")


def about(case: str) -> dict[str, Any]:
    return {"order": order_of(case), "unit": UNIT}


async def page_after(world: World, case: str, event: Struct) -> str:
    await world.city.tell(case, event)
    async with world.browser("supervisor") as browser:
        return (await browser.get(f"/cases/{case}")).text.split("timeline-title")[-1]


@pytest.mark.parametrize("kind", ["until", "review_at", "due", "promise_due"])
async def test_the_timeline_says_when_as_the_rest_of_the_page_does(kind: str) -> None:
    world = World()
    case = await world.case()
    event = {
        "until": e.WorkOrderExtensionAsked(until=AT, reason="配件未到", **about(case)),
        "review_at": e.CaseParked(reason="长周期", review_at=AT),
        "due": e.DeadlineWarned(clock="resolve", due=AT, **about(case)),
        "promise_due": e.CaseNoted(text="", purpose="reach_unit", callee=UNIT, promise="今晚修", promise_due=AT),
    }[kind]
    page = await page_after(world, case, event)
    assert f": {SHOWN}</span>" in page
    assert not RAW.search(page)


async def test_an_article_is_valid_to_a_moment_of_the_city() -> None:
    world = World()
    article = {"id": "a", "version": 1, "question": "核酸", "answer": "就近", "unit": "", "valid_to": AT.isoformat()}
    world.city.articles = [article, {**article, "valid_to": None}]
    async with world.browser("agent") as browser:
        page = (await browser.get("/agent/knowledge?q=核酸")).text
    assert f"valid to {SHOWN} ·" in page
    assert "valid to – ·" in page


async def test_a_special_report_was_made_at_a_moment_of_the_city() -> None:
    world = World()
    made = {**SPECIAL, "made_at": "2021-01-19T20:00:00Z"}
    world.city.refusals["GET", "/reports/special"] = Reply(200, {"items": [made]})
    async with world.browser("officer") as browser:
        assert f"· {SHOWN}<" in (await browser.get("/office/specials")).text

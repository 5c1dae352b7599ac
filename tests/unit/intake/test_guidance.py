"""What intake does with what knowledge says: the menu's texts, surge mode, and who may be ready."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import CHINA
from shared.events.commands import COMMANDS, Told
from shared.events.envelope import decode
from shared.events.knowledge import Acknowledgement, Article, Bulletin, Level, Surge
from tests.unit.intake.test_door import CASE, CONTACT, offered
from tests.unit.intake.world import World, token, world

NOON = datetime(2021, 1, 13, 12, 0, tzinfo=CHINA)
LONG_AGO = datetime(2021, 1, 1, tzinfo=CHINA)


@pytest.fixture
async def intake(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


ARTICLE: dict[str, Any] = {"question": "q", "answer": "很长的答复", "spoken": "新文本。", "ivr": "policy.1"}
BULLETIN: dict[str, Any] = {
    "title": "t",
    "text": "t",
    "script": "公告话术。",
    "author": "editor:e",
    "state": "published",
}


def article(version: int = 1, name: str = "a", **fields: Any) -> Article:
    return Article(id=name, version=version, **({"valid_from": LONG_AGO} | ARTICLE | fields))


def bulletin(name: str = "b", level: Level = "I", **fields: Any) -> Bulletin:
    dates = {"effective_from": LONG_AGO, "expires_at": NOON}
    return Bulletin(id=name, version=3, level=level, **(dates | BULLETIN | fields))


async def hears(intake: World, key: str = "1", menu: str = "policy") -> str:
    event = {"call_id": "c1", "number": 3, "type": "key", "menu": menu, "key": key}
    return str((await intake.post("/calls/events", event)).json()["calls"]["c1"]["ivr"]["prompt"])


async def begins(intake: World) -> tuple[str, str]:
    step = (await intake.post("/calls/events", offered())).json()["calls"]["c1"]["ivr"]
    return step["action"], step["prompt"]


async def state(intake: World, state: str, role: str = "agent") -> Any:
    return await intake.client.put("/agents/me/state", json={"state": state}, headers=token(role))


async def test_the_menu_follows_the_newest_version(intake: World) -> None:
    default = await hears(intake)
    intake.shelf.put(article())
    assert await hears(intake) == "新文本。转人工请按0。"
    intake.shelf.put(article(2, spoken="更新。转人工请按0。"))
    intake.shelf.put(article(1))
    assert await hears(intake) == "更新。转人工请按0。"
    shown = (await intake.get("/menu")).json()["menus"]["policy"]["keys"]
    assert shown["1"]["play"] == "更新。转人工请按0。"
    assert shown["2"]["play"] == await hears(intake, "2")
    intake.shelf.put(article(3, withdrawn=True))
    assert await hears(intake) == default


async def test_an_article_that_feeds_another_key_leaves_the_old_one(intake: World) -> None:
    default = await hears(intake)
    intake.shelf.put(article())
    intake.shelf.put(article(2, ivr=""))
    assert await hears(intake) == default


async def test_a_bulletin_speaks_before_an_article_until_it_expires(intake: World) -> None:
    intake.shelf.put(article())
    intake.shelf.put(bulletin(ivr="policy.1"))
    assert await hears(intake) == "公告话术。转人工请按0。"
    intake.clock.forward(hours=9)
    assert await hears(intake) == "新文本。转人工请按0。"


async def test_of_two_articles_the_later_valid_one_speaks(intake: World) -> None:
    intake.shelf.put(article(name="z"))
    intake.shelf.put(article(name="a", spoken="", valid_from=LONG_AGO + timedelta(days=1)))
    intake.shelf.put(article(name="b", spoken="以后", valid_from=NOON))
    assert await hears(intake) == "很长的答复转人工请按0。"


async def test_outside_a_surge_a_person_comes_and_a_switch_ends_by_itself(intake: World) -> None:
    assert (await begins(intake))[0] == "menu"
    intake.shelf.put(Surge(version=1, on=False, why="w", by="supervisor:s", at=LONG_AGO, until=NOON))
    action, prompt = await begins(intake)
    assert action == "person"
    assert "危及生命请拨110、120" in prompt
    assert "请按" not in prompt
    assert (await intake.get("/menu")).json()["surge"] is False
    assert await hears(intake, "1", "main") != ""
    intake.clock.forward(hours=9)
    assert (await begins(intake))[0] == "menu"
    assert (await intake.get("/menu")).json()["surge"] is True


async def test_nobody_is_ready_who_has_not_read_what_all_must_know(intake: World) -> None:
    intake.shelf.put(bulletin())
    intake.shelf.put(bulletin("ordinary", "II"))
    intake.shelf.put(bulletin("other", scope=("somebody",)))
    assert (await state(intake, "break")).status_code == 200
    refused = await state(intake, "ready")
    assert refused.status_code == 409
    assert (refused.json()["reason"], refused.json()["bulletins"]) == ("unacknowledged_bulletins", ["b"])
    intake.shelf.put(Acknowledgement(bulletin="b", version=3, agent="agent", at=NOON))
    assert (await state(intake, "ready")).json()["state"] == "ready"


async def test_who_does_not_confirm_in_time_is_no_longer_ready(intake: World) -> None:
    await state(intake, "ready")
    now = intake.clock.now()
    intake.shelf.put(bulletin(effective_from=now))
    intake.clock.forward(minutes=4, seconds=59)
    assert await intake.agents.call_away() == []
    intake.clock.forward(seconds=1)
    assert await intake.agents.call_away() == ["agent"]
    assert await intake.agents.call_away() == []
    own = (await intake.get("/agents/me/state", "agent")).json()
    assert (own["state"], own["why"]) == ("break", "unacknowledged_bulletins")
    assert (await state(intake, "ready")).status_code == 409
    intake.shelf.put(Acknowledgement(bulletin="b", version=3, agent="agent", at=now))
    assert (await state(intake, "ready")).json()["why"] == ""


async def test_who_has_confirmed_or_is_in_a_call_stays_as_he_is(intake: World) -> None:
    intake.shelf.put(Acknowledgement(bulletin="b", version=3, agent="agent", at=LONG_AGO))
    await state(intake, "ready")
    intake.shelf.put(bulletin())
    assert await intake.agents.call_away() == []
    intake.shelf.put(bulletin("c"))
    await state(intake, "busy")
    assert await intake.agents.call_away() == []
    assert (await intake.get("/agents/me/state", "agent")).json()["state"] == "busy"


async def test_before_the_bulletins_are_read_nobody_is_called_away(intake: World) -> None:
    await state(intake, "ready")
    intake.shelf.put(bulletin())
    intake.whole = False
    assert await intake.agents.call_away() == []


async def test_supervisors_see_who_has_not_confirmed(intake: World) -> None:
    await state(intake, "busy")
    intake.shelf.put(bulletin())
    intake.shelf.put(bulletin("mine", scope=("group:epidemic",)))
    items = (await intake.get("/agents/unread", "supervisor")).json()["items"]
    assert {one["bulletin"]: [agent["agent"] for agent in one["agents"]] for one in items} == {
        "b": ["agent"],
        "mine": [],
    }
    assert [one["overdue"] for one in items] == [True, True]
    await state(intake, "offline")
    assert (await intake.get("/agents/unread", "supervisor")).json()["items"][0]["agents"] == []
    assert (await intake.get("/agents/unread", "agent")).status_code == 403


async def test_an_expired_bulletin_keeps_nobody(intake: World) -> None:
    intake.shelf.put(bulletin())
    intake.clock.forward(hours=9)
    assert (await state(intake, "ready")).status_code == 200


async def test_before_the_bulletins_are_read_nobody_becomes_ready(intake: World) -> None:
    intake.whole = False
    answer = await state(intake, "ready")
    assert (answer.status_code, answer.json()["reason"]) == (503, "not_now")
    assert (await state(intake, "busy")).status_code == 200


async def test_supervisors_see_the_floor(intake: World) -> None:
    first = (await state(intake, "ready")).json()
    intake.clock.forward(minutes=5)
    assert (await state(intake, "ready")).json() == first
    await state(intake, "wrap_up")
    items = (await intake.get("/agents", "supervisor")).json()["items"]
    assert [(one["agent"], one["state"]) for one in items] == [("agent", "wrap_up")]
    assert items[0]["since"] > first["since"]
    assert (await intake.get("/agents", "agent")).status_code == 403


@pytest.mark.parametrize(("said", "role", "status"), [("asleep", "agent", 422), ("ready", "supervisor", 403)])
async def test_bad_states_are_refused(intake: World, said: str, role: str, status: int) -> None:
    assert (await state(intake, said, role)).status_code == status


async def test_an_inquiry_records_the_version_told(intake: World) -> None:
    body = {**CASE, "answer": "以公告为准", "knowledge": {"article": "a", "version": 4}}
    assert (await intake.post(f"/contacts/{CONTACT}/cases", body, "agent")).status_code == 202
    (command,) = [decode(stored.value) for stored in intake.broker.log.all("130100.commands.normal")]
    assert COMMANDS.data(command).knowledge == Told(article="a", version=4)


@pytest.mark.parametrize(
    "change",
    [
        {"knowledge": {"article": "a", "version": 1}},
        {"answer": "x", "knowledge": {"article": "a", "version": 0}},
        {"answer": "x", "knowledge": {"article": "a"}},
        {"answer": "x", "knowledge": {"article": "a", "version": 1, "extra": 1}},
        {"answer": "x", "knowledge": None},
    ],
)
async def test_what_was_told_is_exact(intake: World, change: dict[str, Any]) -> None:
    answer = await intake.post(f"/contacts/{CONTACT}/cases", {**CASE, **change}, "agent")
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")


async def test_without_knowledge_a_digest_is_what_it_was(intake: World) -> None:
    await intake.post(f"/contacts/{CONTACT}/cases", CASE, "agent")
    (command,) = [decode(stored.value) for stored in intake.broker.log.all("130100.commands.normal")]
    assert command.digest == "6925c3da83812b143d71c996a93016a5"

"""The key under which a form is sent: kept while nobody knows what came of it, another one after that."""

import pytest

from services.desk.clients import AWAY, Reply
from services.desk.desk import NEXT_KEY
from tests.unit.desk.world import UNIT, World

OUT = {"purpose": "reach_unit", "callee": UNIT, "result": "busy"}
DONE = Reply(200, {"command": "c", "event": {}})
WAITING = Reply(202, {"command": "c"})
REFUSED = Reply(409, {"reason": "not_in_this_state", "detail": "CLOSED"})


@pytest.mark.parametrize(
    ("reply", "next_key"),
    [(DONE, True), (REFUSED, True), (WAITING, False), (Reply(AWAY), False),
     (Reply(503, {"reason": "not_now"}), False), (Reply(429, {"reason": "too_many"}), False)],
)  # fmt: skip
async def test_a_command_has_another_key_once_its_outcome_is_known(reply: Reply, next_key: bool) -> None:
    world = World()
    case = await world.case()
    world.city.refusals["POST", f"/cases/{case}/commands/note"] = reply
    async with world.browser("supervisor") as browser:
        said = await browser.post(f"/cases/{case}/commands/note", data={"text": "t", "key": "k1"})
    assert (NEXT_KEY in said.headers) is next_key
    assert said.headers.get(NEXT_KEY) != "k1"
    assert ("hx-trigger" in said.headers) is (reply.status == 200)


@pytest.mark.parametrize(("reply", "next_key"), [(DONE, True), (REFUSED, True), (WAITING, False), (Reply(404), False)])
async def test_a_slow_outcome_brings_the_next_key_once_it_is_known(reply: Reply, next_key: bool) -> None:
    world = World()
    case = await world.case()
    world.city.refusals["GET", f"/cases/{case}/commands/c"] = reply
    async with world.browser("supervisor") as browser:
        said = await browser.get(f"/cases/{case}/outcomes/c")
    assert (NEXT_KEY in said.headers) is next_key
    assert ("hx-trigger" in said.headers) is (reply is DONE)


async def test_a_call_out_is_logged_by_number_and_the_next_one_is_another() -> None:
    world = World()
    case = await world.case()
    number = world.store.table.rows[case]["number"]
    async with world.browser("agent") as browser:
        first = await browser.post("/agent/outbound", data={**OUT, "case_id": number.lower(), "key": "k1"})
        await browser.post("/agent/outbound", data={**OUT, "case_id": case, "key": first.headers[NEXT_KEY]})
        unknown = await browser.post("/agent/outbound", data={**OUT, "case_id": "SJZ20200101000001", "key": "k3"})
    assert [ask.body["case_id"] for ask in world.city.asked] == [case, case]
    assert len({ask.key for ask in world.city.asked}) == 2
    assert (unknown.status_code, "SJZ20200101000001" in unknown.text) == (404, True)

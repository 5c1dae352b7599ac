"""Bulletins and the switch: two persons for level I, in force by time, read once by each agent."""

from typing import Any

import pytest

from tests.unit.knowledge.world import BULLETIN, World


@pytest.fixture
def world() -> World:
    return World()


async def seen(world: World, who: str = "agent:a1") -> dict[str, Any]:
    """Bulletin id → what the person is shown."""
    answer = await world.call("GET", "/bulletins", who=who)
    return {item["id"]: item for item in answer.json()["items"]}


async def test_level_one_takes_two_persons(world: World) -> None:
    bulletin = await world.bulletin(publish=False)
    for role in ("editor", "supervisor"):
        own = await world.call("POST", f"/bulletins/{bulletin}/publish", who=f"{role}:e1")
        assert (own.status_code, own.json()["reason"]) == (409, "two_person_rule")
    assert await seen(world) == {}
    other = await world.call("POST", f"/bulletins/{bulletin}/publish", who="supervisor:s1")
    assert (other.json()["state"], other.json()["approver"]) == ("published", "supervisor:s1")
    assert (await seen(world))[bulletin]["script"] == BULLETIN["script"]


async def test_an_ordinary_one_takes_one_person(world: World) -> None:
    bulletin = await world.bulletin(publish=False, level="III")
    assert (await world.call("POST", f"/bulletins/{bulletin}/publish", who="editor:e1")).status_code == 200


async def test_a_draft_waits_for_approval_on_a_list(world: World) -> None:
    bulletin = await world.bulletin(publish=False)
    assert (await world.call("POST", f"/bulletins/{bulletin}/submit")).json()["state"] == "pending"
    listed = (await world.call("GET", "/bulletins/all?state=pending", who="supervisor:s")).json()["items"]
    assert [one["id"] for one in listed] == [bulletin]


async def test_the_same_key_is_the_same_bulletin(world: World) -> None:
    assert await world.bulletin(publish=False) == await world.bulletin(publish=False)
    other = await world.call("POST", "/bulletins", {**BULLETIN, "title": "别的"}, key="b")
    assert (other.status_code, other.json()["reason"]) == (409, "bulletin_exists")


async def test_a_bulletin_lives_from_its_date_to_its_end(world: World) -> None:
    later = await world.bulletin(effective_from="2021-01-14T00:00:00+08:00")
    assert later not in await seen(world)
    world.clock.forward(days=1)
    assert later in await seen(world)
    world.clock.forward(days=6)
    assert later not in await seen(world)
    gone = await world.call("POST", f"/bulletins/{later}/acknowledgements", who="agent:a1")
    assert (gone.status_code, gone.json()["reason"]) == (409, "not_in_force")


async def test_a_recalled_one_is_gone_for_good(world: World) -> None:
    bulletin = await world.bulletin()
    assert (await world.call("POST", f"/bulletins/{bulletin}/recall")).json()["state"] == "recalled"
    assert await seen(world) == {}
    again = await world.call("POST", f"/bulletins/{bulletin}/publish", who="editor:e2")
    assert (again.status_code, again.json()["reason"]) == (409, "wrong_state")


async def test_the_newer_one_takes_its_place_when_it_is_in_force(world: World) -> None:
    old = await world.bulletin("old")
    new = await world.bulletin("new", supersedes=old, effective_from="2021-01-14T00:00:00+08:00")
    assert set(await seen(world)) == {old}
    world.clock.forward(days=1)
    assert set(await seen(world)) == {new}
    await world.desk.sweep()
    world.follow()
    assert world.library.shelf.bulletins[old].state == "superseded"


async def test_agents_acknowledge_once_and_the_editor_sees_it(world: World) -> None:
    bulletin = await world.bulletin()
    for agent in ("a1", "a1", "a2"):
        answer = await world.call("POST", f"/bulletins/{bulletin}/acknowledgements", who=f"agent:{agent}")
        assert (answer.status_code, answer.json()["version"]) == (201, 2)
        world.clock.forward(minutes=1)
    read = (await world.call("GET", f"/bulletins/{bulletin}/acknowledgements", who="supervisor:s")).json()
    assert (read["read"], [one["agent"] for one in read["items"]]) == (2, ["a1", "a2"])
    assert (await seen(world))[bulletin]["acknowledged"]
    assert not (await seen(world, "agent:a3"))[bulletin]["acknowledged"]


async def test_a_bulletin_may_concern_some_agents(world: World) -> None:
    bulletin = await world.bulletin(scope=["a2"])
    assert await seen(world) == {}
    assert set(await seen(world, "agent:a2")) == {bulletin}
    refused = await world.call("POST", f"/bulletins/{bulletin}/acknowledgements", who="agent:a1")
    assert refused.json()["reason"] == "not_concerned"


async def test_a_bulletin_may_concern_a_group_or_a_unit(world: World) -> None:
    """`a001` is of the epidemic seats (bulletins.yaml), `a020` of the others."""
    group = await world.bulletin("g", scope=["group:epidemic"])
    unit = await world.bulletin("u", scope=["unit:130100-02-001"])
    assert set(await seen(world, "agent:a001")) == {group}
    assert await seen(world, "agent:a020") == {}
    assert set(await seen(world, "unit:130100-02-001:x")) == {unit}
    done = await world.call("POST", f"/bulletins/{group}/acknowledgements", who="agent:a001")
    assert done.status_code == 201


async def test_a_group_that_does_not_exist_is_refused(world: World) -> None:
    answer = await world.call("POST", "/bulletins", {**BULLETIN, "scope": ["group:nobody"]}, key="b")
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")
    assert "group:nobody" in answer.json()["detail"]


async def test_the_gravest_comes_first(world: World) -> None:
    third = await world.bulletin("3", level="III")
    first = await world.bulletin("1")
    second = await world.bulletin("2", level="II")
    assert list(await seen(world)) == [first, second, third]


@pytest.mark.parametrize(
    ("path", "body", "key", "who", "status"),
    [
        ("/bulletins", {**BULLETIN, "text": "长" * 301}, "k", "editor:e", 422),
        ("/bulletins", {**BULLETIN, "level": "IV"}, "k", "editor:e", 422),
        ("/bulletins", {**BULLETIN, "script": "", "ivr": "policy.1"}, "k", "editor:e", 422),
        ("/bulletins", {**BULLETIN, "effective_from": "2021-02-01T00:00:00Z"}, "k", "editor:e", 422),
        ("/bulletins", BULLETIN, "", "editor:e", 422),
        ("/bulletins", BULLETIN, "k", "agent:a", 403),
        ("/bulletins/none/publish", None, "", "editor:e", 404),
        ("/bulletins/none/acknowledgements", None, "", "agent:a", 404),
        ("/bulletins/none/acknowledgements", None, "", "editor:e", 403),
    ],
)
async def test_bad_requests_get_a_reason(world: World, path: str, body: Any, key: str, who: str, status: int) -> None:
    answer = await world.call("POST", path, body, key=key, who=who)
    assert answer.status_code == status
    assert set(answer.json()) == {"reason", "detail"}


async def test_the_switch_ends_by_itself_and_keeps_its_history(world: World) -> None:
    assert (await world.call("GET", "/surge", who="agent:a")).json() == {"switch": None, "history": []}
    off = {"on": False, "why": "话务回落", "until": "2021-01-13T12:00:00+08:00"}
    for _ in range(2):
        assert (await world.call("PUT", "/surge", off, who="supervisor:s")).json()["version"] == 1
    shown = (await world.call("GET", "/surge", who="agent:a")).json()
    assert (shown["switch"]["on"], shown["switch"]["by"]) == (False, "supervisor:s")
    world.clock.forward(hours=9)
    shown = (await world.call("GET", "/surge", who="agent:a")).json()
    assert (shown["switch"], len(shown["history"])) == (None, 1)
    late = await world.call("PUT", "/surge", {**off, "why": "again"}, who="supervisor:s")
    assert (late.status_code, late.json()["reason"]) == (409, "ends_in_the_past")
    assert (await world.call("PUT", "/surge", off, who="editor:e")).status_code == 403


async def test_a_surge_profile_is_switched_with_a_reason_and_ends_by_itself(world: World) -> None:
    on = {"on": True, "why": "封控首日", "until": "2021-01-13T12:00:00+08:00"}
    assert (await world.call("PUT", "/profiles/none", on, who="supervisor:s")).status_code == 404
    assert (await world.call("PUT", "/profiles/epidemic", on, who="agent:a")).status_code == 403
    for _ in range(2):
        made = (await world.call("PUT", "/profiles/epidemic", on, who="supervisor:s")).json()
        assert (made["version"], made["by"]) == (1, "supervisor:s")
    world.follow()
    assert world.library.shelf.profiles["epidemic"].holds(world.clock.now())
    [shown] = (await world.call("GET", "/profiles", who="agent:a")).json()["items"]
    assert (shown["id"], shown["on"], len(shown["history"])) == ("epidemic", True, 1)
    world.clock.forward(hours=9)
    assert not world.library.shelf.profiles["epidemic"].holds(world.clock.now())
    [shown] = (await world.call("GET", "/profiles", who="agent:a")).json()["items"]
    assert (shown["on"], shown["switch"]["why"]) == (False, "封控首日"), "the last position stays on record"

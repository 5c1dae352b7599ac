"""Who reported misconduct is seen by who asked, once, after another person agreed in time; all of it on record."""

import re

import httpx
import pytest

from services.desk.testing import NUMBER
from tests.unit.desk.world import UNIT, World

WHY = {"why": "核实举报线索"}


async def asked(browser: httpx.AsyncClient, other: httpx.AsyncClient, case: str) -> str:
    """The path of a new ask, as the other person finds it."""
    await browser.post(f"/cases/{case}/reveals", data=WHY)
    found = re.search(r"/cases/[^\"]+/reveals/\w+(?=/judge)", (await other.get(f"/cases/{case}/reveals")).text)
    assert found
    return found[0]


async def test_one_asks_another_approves_and_the_asker_looks_once() -> None:
    world = World()
    case = await world.case(request_type="JB", text="来电人：李建国 在该站上班\n起因：收钱放行")
    async with world.browser("supervisor", "a") as one, world.browser("supervisor", "b") as other:
        path = await asked(one, other, case)
        early = await one.post(f"{path}/look")
        await other.post(f"{path}/judge", data={"decision": "approve"})
        stranger = await other.post(f"{path}/look")
        shown, again = await one.post(f"{path}/look"), await one.post(f"{path}/look")
    assert [early.status_code, stranger.status_code, shown.status_code, again.status_code] == [403, 403, 200, 403]
    for known in (NUMBER, "李建国"):
        assert known in shown.text
        assert not any(known in answer.text for answer in (early, stranger, again))
    steps = [(view.who, view.what) for view in world.store.seen]
    assert steps == [("a", "reveal_asked"), ("b", "reveal_approved"), ("a", "reveal")]
    assert world.store.seen[-1].why == "核实举报线索 (b)"


async def test_nobody_approves_his_own_ask_whatever_role_he_takes() -> None:
    world = World()
    case = await world.case(request_type="JB")
    async with world.browser("supervisor", "a") as one, world.browser("supervisor", "b") as other:
        path = await asked(one, other, case)
        assert "/judge" not in (await one.get(f"/cases/{case}/reveals")).text
        own = await one.post(f"{path}/judge", data={"decision": "approve"})
    assert own.status_code == 403


async def test_a_refusal_and_a_lapse_end_it() -> None:
    world = World()
    case = await world.case(request_type="JB")
    async with world.browser("supervisor", "a") as one, world.browser("supervisor", "b") as other:
        path = await asked(one, other, case)
        await other.post(f"{path}/judge", data={"decision": "refuse"})
        assert (await one.post(f"{path}/look")).status_code == 403
        path = await asked(one, other, case)
        world.clock.forward(hours=1)  # type: ignore[attr-defined]
        assert (await other.post(f"{path}/judge", data={"decision": "approve"})).status_code == 409
        path = await asked(one, other, case)
        await other.post(f"{path}/judge", data={"decision": "approve"})
        world.clock.forward(minutes=11)  # type: ignore[attr-defined]
        assert (await one.post(f"{path}/look")).status_code == 409


@pytest.mark.parametrize("form", [{}, {"decision": ""}, {"decision": "yes"}])
async def test_who_decides_nothing_has_refused_nothing(form: dict[str, str]) -> None:
    world = World()
    case = await world.case(request_type="JB")
    async with world.browser("supervisor", "a") as one, world.browser("supervisor", "b") as other:
        path = await asked(one, other, case)
        said = await other.post(f"{path}/judge", data=form)
        assert "Please fill in: Decision" in said.text
        assert [view.what for view in world.store.seen] == ["reveal_asked"]
        await other.post(f"{path}/judge", data={"decision": "approve"})
        assert NUMBER in (await one.post(f"{path}/look")).text


async def test_others_may_not_ask_and_an_ordinary_case_has_no_asks() -> None:
    world = World()
    case, ordinary = await world.case("a", request_type="JB"), await world.case("b")
    for role in ("agent", "dispatcher", "auditor", f"unit:{UNIT}"):
        async with world.browser(role) as browser:
            assert (await browser.post(f"/cases/{case}/reveals", data=WHY)).status_code == 403
    async with world.browser("supervisor") as browser:
        assert "Please fill in" in (await browser.post(f"/cases/{case}/reveals", data={"why": "x"})).text
        assert (await browser.get(f"/cases/{ordinary}/reveals")).status_code == 404

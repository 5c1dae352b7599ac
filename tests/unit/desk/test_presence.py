"""Who else has a case open."""

from services.desk.domain.presence import HERE_S
from tests.unit.desk.world import UNIT, World


async def test_people_on_one_case_see_each_other_until_they_leave() -> None:
    world = World()
    case = await world.case()
    path = f"/cases/{case}/presence"
    async with world.browser("agent") as agent, world.browser("supervisor", "w") as supervisor:
        assert (await agent.get(path)).text.strip() == ""
        assert "017" in (await supervisor.get(path)).text
        assert "Supervisor w" in (await agent.get(path)).text
        world.clock.forward(seconds=HERE_S)  # type: ignore[attr-defined]
        assert (await agent.get(path)).text.strip() == ""


async def test_a_unit_does_not_see_the_centre() -> None:
    world = World()
    case = await world.case()
    path = f"/cases/{case}/presence"
    async with world.browser("agent") as agent, world.browser(f"unit:{UNIT}") as unit:
        await agent.get(path)
        assert (await unit.get(path)).text.strip() == ""
        assert "Epidemic prevention office" in (await agent.get(path)).text


async def test_nobody_is_present_on_a_case_he_may_not_see() -> None:
    world = World()
    case = await world.case()
    async with world.browser("officer") as officer, world.browser("unit:130100-02-009") as other:
        assert (await officer.get(f"/cases/{case}/presence")).status_code == 403
        assert (await other.get(f"/cases/{case}/presence")).status_code == 404

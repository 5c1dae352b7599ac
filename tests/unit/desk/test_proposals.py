"""Proposals of topic and units: shown with confidence, three at most, taken over by a person."""

from services.desk.clients import Reply
from tests.unit.desk.world import OTHER, UNIT, World

NAMED = {"topic": "05", "name": "公用事业", "english": "Utilities", "rule": "r1", "lead": UNIT, "supporting": (OTHER,)}
PROPOSALS = [{**NAMED, "confidence": share} for share in (0.82, 0.1, 0.05, 0.03)]


async def test_a_dispatcher_takes_the_first_over_and_an_agent_only_reads() -> None:
    world = World()
    case = await world.case(topic="99")
    world.city.proposals = PROPOSALS
    async with world.browser("dispatcher") as dispatcher, world.browser("agent") as agent:
        text, read = [(await one.get(f"/cases/{case}/proposals")).text for one in (dispatcher, agent)]
        assert f"/cases/{case}/proposals" in (await agent.get(f"/cases/{case}")).text
    assert text.count(f'data-takes="{UNIT}"') == 3
    assert text.count('data-key="F7"') == 1
    assert "82 %" in text
    assert "82 %" in read
    assert "data-takes" not in read


async def test_the_agents_form_gets_a_topic_and_nothing_is_asked_before_there_is_text() -> None:
    world = World()
    world.city.proposals = PROPOSALS
    async with world.browser("agent") as browser:
        empty = (await browser.get("/agent/proposals?title=x")).text
        text = (await browser.get("/agent/proposals?title=暖气&cause=停机&course=三天")).text
    assert "No proposal" in empty
    assert 'data-insert="topic" data-text="05"' in text
    (asked,) = world.city.asked
    assert asked.body == {"title": "暖气", "text": "停机\n三天", "request_type": "QZ", "area": ""}


async def test_without_a_model_or_the_service_the_page_says_so() -> None:
    world = World()
    case = await world.case(topic="99")
    path = f"/cases/{case}/suggestions/topic"
    world.city.refusals["GET", path] = Reply(404, {"reason": "no_model", "detail": "d"})
    async with world.browser("dispatcher") as browser:
        assert "No topic model" in (await browser.get(f"/cases/{case}/proposals")).text
        world.city.away = {"dispatch"}
        assert "dispatch does not answer" in (await browser.get(f"/cases/{case}/proposals")).text

"""Which platforms a story needs, and how a case is found on the other side of the border."""

from pathlib import Path

import msgspec

from hotline.story import acts
from hotline.story.launch import Production
from hotline.story.read import find, read_story
from hotline.story.script import Receive
from tests.unit.story.test_engine import read, told
from tests.unit.story.world import POLICY, stage_of


def test_the_night_needs_another_city_that_knows_home(tmp_path: Path) -> None:
    production = Production(read_story(find("night"), POLICY.parent), "130100", 0, tmp_path)
    home, other = production.stacks
    assert (home.options.city, other.options.city) == ("130100", "130200")
    assert "dispatch" in home.options.services
    assert "intake" not in other.options.services
    assert home.partners == [other]
    assert home.options.time_origin == production.story.begins
    assert home.options.lead_s > 0


def test_a_story_at_home_needs_nobody_else_and_keeps_a_given_rate(tmp_path: Path) -> None:
    production = Production(read_story(find("truck"), POLICY.parent), "130100", 60, tmp_path)
    assert production.stacks == [production.stack]
    assert production.stack.options.time_rate == 60


async def test_the_other_city_finds_the_case_by_its_title(tmp_path: Path) -> None:
    story = read(told(), tmp_path)
    away = msgspec.structs.replace(story.actors["streets"], role="dispatcher", city="130200")
    story = msgspec.structs.replace(story, actors={**story.actors, "away": away})
    async with stage_of(story, tmp_path / "state") as stage:
        command = await acts.act(stage, story.steps[0], "k1")
        assert command
        while not (await stage.page("dark")).get("title"):
            await stage.clock.sleep(0.1)
        received = Receive(at="09:10", case="theirs", who="away", of="dark")
        assert await acts.act(stage, received, "k2") == ""
        assert stage.cases["theirs"] == stage.cases["dark"]
        assert story.opener("dark") == "zhao"

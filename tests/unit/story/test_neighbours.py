"""Who is started beside the home platform, what each knows of the other, and how a case is found on the other side."""

import json
from pathlib import Path

import msgspec

from hotline.keys import public_key
from hotline.story import acts
from hotline.story.neighbours import Neighbours, partners_of
from hotline.story.read import find, read_story
from hotline.story.script import Receive
from tests.unit.story.test_engine import read, told
from tests.unit.story.world import POLICY, stage_of


def test_the_night_needs_another_city_and_an_emergency_centre() -> None:
    assert partners_of(read_story(find("night"), POLICY.parent)) == {"120", "130200"}
    assert partners_of(read_story(find("truck"), POLICY.parent)) == set()


def test_home_knows_where_its_partners_are_and_their_keys() -> None:
    neighbours = Neighbours({"130200", "120"})
    known = {name: json.loads(value) for name, value in neighbours.known_to_home().items()}
    for one in neighbours.all:
        assert known["HOTLINE_PARTNERS"][one.area] == one.urls["transfer"][0]
        assert known["HOTLINE_PARTNER_KEYS"][one.area] == public_key(one.keys["HOTLINE_SIGN_KEY"])
    assert neighbours.processes == 3
    assert Neighbours(set()).known_to_home() == {}


def test_a_city_runs_its_own_services_and_an_emergency_centre_is_simulated() -> None:
    emergency, city = Neighbours({"130200", "120"}).all
    specs = [one.spec(service, {"HOTLINE_KAFKA": "k"}) for one in (emergency, city) for service in one.ports]
    assert [spec.argv[-1] for spec in specs] == ["hotline.surge.emergency", "services.dispatch", "services.transfer"]
    assert [spec.env["HOTLINE_CITY"] for spec in specs] == ["120", "130200", "130200"]
    assert {spec.env["HOTLINE_KAFKA"] for spec in specs} == {"k"}
    assert len({spec.env["HOTLINE_PORT"] for spec in specs}) == 3
    assert specs[1].env["HOTLINE_SEAL_KEY"] == specs[2].env["HOTLINE_SEAL_KEY"]


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

"""Who is started beside the home platform, what each knows of the other, and how a case is found on the other side."""

import json
from pathlib import Path

import msgspec

from hotline.keys import public_key
from hotline.stack import Options, Stack
from hotline.story import acts
from hotline.story.neighbours import EmergencyCentre, beside, partners_of
from hotline.story.read import find, read_story
from hotline.story.script import Receive
from tests.unit.story.test_engine import read, told
from tests.unit.story.world import POLICY, stage_of


def test_the_night_needs_another_city_and_an_emergency_centre() -> None:
    assert partners_of(read_story(find("night"), POLICY.parent)) == {"120", "130200"}
    assert partners_of(read_story(find("truck"), POLICY.parent)) == set()


def test_home_and_its_partners_know_each_other(tmp_path: Path) -> None:
    home = Stack(Options(fresh=True), tmp_path)
    emergency, city = beside(home, "120"), beside(home, "130200")
    assert (type(emergency), type(city)) == (EmergencyCentre, Stack)
    known = home._special("transfer")
    assert json.loads(known["HOTLINE_PARTNERS"]) == {
        "120": emergency._first("transfer"),
        "130200": city._first("transfer"),
    }
    assert json.loads(known["HOTLINE_PARTNER_KEYS"])["120"] == public_key(emergency.secrets["sign_key"])
    assert json.loads(emergency._special("transfer")["HOTLINE_PARTNERS"]) == {"130100": home._first("transfer")}
    assert city.options.services == ("dispatch", "transfer")


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

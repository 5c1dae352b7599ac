"""The dispatchers who tie cases: what they send to dispatch's door, and what they leave."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from hotline.surge.door import Door
from hotline.surge.http import Answer
from hotline.surge.journal import Journal
from hotline.surge.mix import Chance, load_mix
from hotline.surge.rounds import World
from hotline.surge.ties import EventDesk, Merger
from hotline.surge.wall import Wall


class Dispatch:
    """Does what it is asked, unless `refused` names the verb; knows which cases look alike."""

    actor = "dispatcher:d"

    def __init__(self, *refused: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self.states: dict[str, str] = {}
        self.alike: dict[str, dict[str, float]] = {}
        self._refused = refused

    async def post(self, path: str, body: Any, key: str = "") -> Answer:
        _, _, case, _, verb = path.split("/")
        self.asked.append((case, verb))
        return Answer(409 if verb in self._refused else 200, {"reason": "not_open"}, 0.0)

    async def get(self, path: str) -> Answer:
        if path.startswith("/cases?"):
            return Answer(200, {"items": [{"id": case} for case in self.alike] if "HANDLING" in path else []}, 0.0)
        case = path.split("/")[2]
        if path.endswith("/duplicates"):
            found = self.alike[case].items()
            return Answer(200, {"items": [{"case": one, "likeness": {"text": text}} for one, text in found]}, 0.0)
        return Answer(200, {"state": self.states.get(case, "HANDLING")}, 0.0)


def world(*, detached: float = 0.0, undone: float = 0.0) -> World:
    mix = load_mix()
    event = mix.event_case.model_copy(update={"detached": detached})
    merges = mix.merges.model_copy(update={"merged": 1.0, "undone": undone})
    plan = mix.model_copy(update={"event_case": event, "merges": merges})
    return World("r", datetime(2021, 1, 13, tzinfo=UTC), plan, Chance(1), (), (), Wall())


def event_desk(where: World, dispatch: Dispatch, folder: Path) -> EventDesk:
    return EventDesk(where, cast(Door, dispatch), Journal(folder, "event-desk"))


def merger(where: World, dispatch: Dispatch, folder: Path) -> Merger:
    return Merger(where, cast(Door, dispatch), Journal(folder, "merger"))


async def test_the_first_case_becomes_the_event_case_and_the_others_are_linked(tmp_path: Path) -> None:
    where, dispatch = world(), Dispatch()
    desk = event_desk(where, dispatch, tmp_path)
    await desk.round()
    assert dispatch.asked == []
    for case in ("a", "b", "c"):
        where.wall.reported(case)
    assert desk.intends == 2
    await desk.round()
    assert dispatch.asked == [("a", "declare_event"), ("b", "link"), ("c", "link")]
    assert desk.intends == 0


async def test_some_are_detached_again(tmp_path: Path) -> None:
    where, dispatch = world(detached=1.0), Dispatch()
    desk = event_desk(where, dispatch, tmp_path)
    where.wall.reported("a")
    where.wall.reported("b")
    await desk.round()
    assert desk.intends == 1
    await desk.round()
    assert dispatch.asked[-1] == ("b", "detach")
    assert desk.intends == 0


async def test_a_case_that_cannot_be_linked_goes_its_own_way(tmp_path: Path) -> None:
    where, dispatch = world(detached=1.0), Dispatch("link")
    desk = event_desk(where, dispatch, tmp_path)
    where.wall.reported("a")
    where.wall.reported("b")
    await desk.round()
    await desk.round()
    assert dispatch.asked == [("a", "declare_event"), ("b", "link")]
    assert desk.intends == 0


async def test_two_cases_alike_are_merged_one_way(tmp_path: Path) -> None:
    dispatch = Dispatch()
    dispatch.alike = {"a": {"b": 1.0}, "b": {"a": 1.0}, "c": {"a": 0.5}}
    people = merger(world(), dispatch, tmp_path)
    await people.round()
    await people.round()
    assert dispatch.asked == [("a", "merge_into")]
    assert people.intends == 0


async def test_a_merge_is_undone_when_the_other_case_has_taken_it_over(tmp_path: Path) -> None:
    dispatch = Dispatch()
    dispatch.alike, dispatch.states = {"a": {"b": 1.0}, "b": {}}, {"a": "MERGING"}
    people = merger(world(undone=1.0), dispatch, tmp_path)
    await people.round()
    await people.round()
    assert (dispatch.asked, people.intends) == ([("a", "merge_into")], 1)
    dispatch.states["a"] = "MERGED"
    await people.round()
    assert (dispatch.asked[-1], people.intends) == (("a", "undo_merge"), 0)


async def test_a_merge_that_was_refused_is_not_undone(tmp_path: Path) -> None:
    dispatch = Dispatch()
    dispatch.alike = {"a": {"b": 1.0}, "b": {}}
    people = merger(world(undone=1.0), dispatch, tmp_path)
    await people.round()
    await people.round()
    assert (dispatch.asked, people.intends) == ([("a", "merge_into")], 0)


async def test_cases_of_the_one_cause_are_not_merged(tmp_path: Path) -> None:
    where, dispatch = world(), Dispatch()
    dispatch.alike = {"a": {"b": 1.0}, "b": {"a": 1.0}, "c": {"a": 1.0}}
    where.wall.reported("a")
    where.wall.reported("b")
    await merger(where, dispatch, tmp_path).round()
    assert dispatch.asked == []

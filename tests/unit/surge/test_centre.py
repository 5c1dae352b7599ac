"""The hall: as fast as cases get their numbers, or at the rate that was asked for."""

from pathlib import Path
from typing import Any, cast

import pytest

from hotline.surge.calls import Round
from hotline.surge.centre import Centre
from hotline.surge.door import Door
from hotline.surge.http import Answer
from hotline.surge.journal import Journal
from hotline.surge.messages import Message
from hotline.surge.mix import Chance, load_mix
from hotline.surge.wall import Wall


class Intake:
    """Takes everything."""

    async def post(self, path: str, body: Any, key: str = "") -> Answer:
        if path == "/calls/events":
            calls = {event["call_id"]: {"contact_id": event["call_id"]} for event in body}
            return Answer(202, {"calls": calls}, 0.0)
        return Answer(202, {"case_id": f"N-{path}", "command_id": "c"}, 0.0)


class Dispatch:
    """Knows no case before the third question."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, path: str) -> Answer:
        self.asked.append(path)
        return Answer(404 if len(self.asked) < 3 else 200, {}, 0.0)


@pytest.mark.parametrize(("rate", "asked"), [(0.0, 3), (1000.0, 0)])
async def test_an_agent_waits_for_the_number_unless_a_rate_was_asked_for(
    tmp_path: Path, rate: float, asked: int
) -> None:
    plan = Round("r", 20, 0, load_mix(), Chance(3), [Message(title="路灯", text="路灯不亮")])
    intake, dispatch = cast(Door, Intake()), Dispatch()
    centre = Centre(plan, intake, [intake], Journal(tmp_path, "centre"), rate, cast(Door, dispatch), Wall())
    await centre.run()
    assert centre.counts.ended >= 20
    assert len(dispatch.asked) == asked

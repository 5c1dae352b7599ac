"""What an operator does with a dead letter: over the doors of whoever keeps what it stands for."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from hotline.doors import Doors, Unanswered
from hotline.letters import Desk, Letter
from shared.auth import verify
from shared.clock import CHINA
from shared.deadletters import resolution_decoder
from shared.records import Record
from shared.settings import Settings
from tests.unit.hotline.services import SECRET, service

PARKED = Letter(
    origin="130100.cases.normal/0/7", reader="sla", at=datetime(2021, 1, 13, 4, 0, tzinfo=CHINA), kind="parked",
    reason="malformed", key=b"N-1", value=b"{", headers=(),
)  # fmt: skip
WAITING = msgspec.structs.replace(PARKED, origin="waiting/c/1#d", reader="dispatch", kind="waiting")
ROW = "/waiting/c%2F1%23d"
GONE = "no command c/1#d waits: its case came, it was discarded before, or it never waited"


class World:
    """A desk whose letters go nowhere; `sent` keeps what it publishes."""

    def __init__(self, **urls: str) -> None:
        self.sent: list[Record] = []
        settings = Settings(jwt_secret=SecretStr(SECRET))
        addresses: Mapping[str, list[str]] = {name: [url] for name, url in urls.items()}
        self.desk = Desk(Doors(settings, addresses), self._publish)

    async def _publish(self, settings: Settings, record: Record) -> None:
        self.sent.append(record)

    def resolved(self) -> list[tuple[str, str, str]]:
        done = [resolution_decoder.decode(record.value) for record in self.sent]
        return [(one.origin, one.reader, one.action) for one in done]


async def test_a_discard_of_a_waiting_command_ends_its_waiting() -> None:
    with service({("DELETE", ROW): (200, {"id": "c/1#d"})}) as dispatch:
        world = World(dispatch=dispatch.url)
        assert await world.desk.discard(WAITING) == "discarded"
    (asked,) = dispatch.asked
    assert (asked.method, asked.path) == ("DELETE", ROW)
    assert verify(SECRET, asked.authorization).role == "operator"
    assert world.resolved() == [("waiting/c/1#d", "dispatch", "discarded")]


async def test_what_waits_no_longer_is_resolved_with_a_word() -> None:
    with service({("DELETE", ROW): (404, {"reason": "no_such_command", "detail": GONE})}) as dispatch:
        world = World(dispatch=dispatch.url)
        assert await world.desk.discard(WAITING) == f"discarded; {GONE}"
    assert len(world.sent) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (409, {"reason": "too_early", "detail": "no copy yet"}),
        (403, {"reason": "forbidden", "detail": "only an operator"}),
        (404, {"reason": "not_found", "detail": "an older dispatch has no such door"}),
    ],
)
async def test_while_the_command_still_waits_its_letter_stays(answer: tuple[int, Any]) -> None:
    with service({("DELETE", ROW): answer}) as dispatch:
        world = World(dispatch=dispatch.url)
        with pytest.raises(Unanswered, match=answer[1]["detail"]):
            await world.desk.discard(WAITING)
    assert world.sent == []


async def test_a_waiting_command_is_not_redriven() -> None:
    with pytest.raises(Unanswered, match="by itself once its case is there"):
        await World().desk.redrive(WAITING, None)


@pytest.mark.parametrize("value", [None, b"{}"])
async def test_a_parked_event_comes_back_through_its_reader(value: bytes | None) -> None:
    with service({("POST", "/parked/N-1/redrive"): (200, {"left": 0})}) as reader:
        world = World(sla=reader.url)
        await world.desk.redrive(PARKED, value)
    mended = {PARKED.origin: base64.b64encode(value).decode()} if value is not None else {}
    assert json.loads(reader.asked[0].body) == {"replace": mended}
    assert world.resolved() == [(PARKED.origin, "sla", "redriven")]


@pytest.mark.parametrize("letter", [PARKED, WAITING])
async def test_a_reader_without_a_known_address_is_named_and_the_letter_stays(letter: Letter) -> None:
    world = World(notify="http://notify")
    with pytest.raises(Unanswered, match=f"no address of {letter.reader} is known, only of: notify"):
        await world.desk.discard(letter)
    assert world.sent == []


@pytest.mark.parametrize(
    ("reason", "partition"), [("malformed", 3), ("the key belongs to partition 1", None)], ids=["mended", "moved"]
)
async def test_a_record_goes_back_on_its_topic(reason: str, partition: int | None) -> None:
    world = World()
    letter = msgspec.structs.replace(PARKED, origin="t/3/9", kind="record", reason=reason)
    await world.desk.redrive(letter, b"{}")
    assert world.sent[0] == Record("t", b"N-1", b"{}", (), partition)

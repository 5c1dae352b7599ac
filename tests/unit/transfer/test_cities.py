"""Two hotlines with real signed HTTP between them: there and back, away, recalled, and round in a circle."""

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hotline.keys import public_key
from hotline.ports import free_port
from hotline.surge.emergency import Entry, make_app
from services.transfer.domain.messages import Cancel
from shared.events import commands as c
from shared.events.contacts import SealedPerson
from shared.ids import case_id
from shared.privacy import seal
from shared.settings import Settings
from shared.testing import FakeClock
from tests.unit.transfer.cities import City, Neighbour, Server, settle
from tests.unit.transfer.world import NUMBER

EMERGENCY = Neighbour("120", free_port(), base64.b64encode(b"e" * 32).decode())
CASE = case_id("normal", "contact", 1)
Pair = tuple[City, City]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    clock = FakeClock()
    home, other = City("130100", clock), City("130200", clock)
    home.meet(other.neighbour, EMERGENCY)
    other.meet(home.neighbour)
    await home.server.open()
    yield home, other
    await home.close()
    await other.close()


def begin(home: City, text: str) -> None:
    person = SealedPerson(caller_ref="r", masked="138****1234", sealed=seal(home.seal_key, NUMBER))
    reporter = c.Reporter(contact_id="contact", person=person)
    home.say(CASE, c.Register(matter=1, reporter=reporter, title=text, text=text))
    home.say(CASE, c.AskTransfer(target="130200", reason="在唐山", asked_action="请处理", consent=True))


def finish(other: City, case: str, answer: str) -> None:
    for order in other.case(case).current():
        other.say(case, c.Sign(order=order.id))
        other.say(case, c.Answer(order=order.id, public_answer=answer))
        other.say(case, c.Audit(order=order.id, passed=True))


async def test_there_and_back_with_the_partner_away_at_first(pair: Pair) -> None:
    home, other = pair
    begin(home, "咨询钢厂粉尘排放")
    await settle(home, other)
    assert home.state(CASE) == "TRANSFERRED"
    assert not other.cases.cases.rows
    await other.server.open()
    await settle(home, other)
    theirs = other.only_case()
    assert other.state(theirs) == "DISPATCHED"
    finish(other, theirs, "已整改")
    await settle(home, other)
    assert (home.state(CASE), home.case(CASE).answer) == ("PENDING_REPLY", "已整改")
    steps = Counter(kind for kind in home.events(CASE) if kind.startswith("transfer."))
    expected = dict.fromkeys(("asked", "receipted", "accepted", "completed"), 1)
    progress = len(other.case(theirs).current())
    assert steps == {f"transfer.{n}.v1": count for n, count in {**expected, "progressed": progress}.items()}
    assert home.case(CASE).transfers[0].number == other.case(theirs).number
    assert other.events(theirs).count("reply.owed.v1") == home.events(CASE).count("reply.owed.v1") == 1
    for city in pair:
        assert NUMBER[3:] not in repr(city.table.rows) + repr(city.cases.cases.rows) + repr(city.publisher.published)


async def test_the_origin_recalls_what_nobody_has_accepted(pair: Pair) -> None:
    home, other = pair
    await other.server.open()
    begin(home, "咨询落户")
    await settle(home, other)
    transfer = home.case(CASE).transfers[0]
    assert transfer.state == "receipted"
    await home.people.recall(transfer.id, Cancel(reason="已自行解决"))
    await settle(home, other)
    assert (home.state(CASE), other.state(other.only_case())) == ("PENDING_DISPATCH", "CLOSED")
    assert home.events(CASE)[-1] == "transfer.refused.v1"


async def test_a_case_sent_on_to_where_it_came_from_is_refused_as_a_loop(pair: Pair) -> None:
    home, other = pair
    await other.server.open()
    begin(home, "咨询落户")
    await settle(home, other)
    theirs = other.only_case()
    other.say(theirs, c.AskTransfer(target="130100", reason="在石家庄", asked_action="请处理", consent=True))
    await settle(home, other)
    assert other.events(theirs)[-1] == "transfer.refused.v1"
    assert other.state(theirs) == "PENDING_DISPATCH"
    assert home.only_case() == CASE


async def test_a_target_without_a_connection_returns_the_case(pair: Pair) -> None:
    home, _ = pair
    begin(home, "咨询落户")
    home.say(CASE, c.AskTransfer(target="130600", reason="在保定", asked_action="请处理", consent=True))
    await settle(home)
    unknown = next(one for one in home.case(CASE).transfers if one.target == "130600")
    assert unknown.state == "refused"


def emergency(home: City, journal: Path) -> Server:
    settings = Settings(
        city=EMERGENCY.area,
        sign_key=EMERGENCY.sign_key,  # type: ignore[arg-type]
        partners={home.area: f"http://127.0.0.1:{home.port}"},
        partner_keys={home.area: public_key(home.sign_key)},
    )
    return Server(make_app(settings, home.clock, str(journal), pace_s=0.01), EMERGENCY.port)


async def test_an_emergency_centre_takes_it_and_tells_how_it_went(pair: Pair, tmp_path: Path) -> None:
    home, _ = pair
    begin(home, "咨询落户")
    home.say(CASE, c.AskTransfer(target="120", reason="突发急病", asked_action="出车"))
    centre = emergency(home, tmp_path / "journal")
    await centre.open()
    for _ in range(20):
        await settle(home, rounds=1)
        await asyncio.sleep(0.05)
    await centre.close()
    (run,) = [one for one in home.case(CASE).transfers if one.target == "120"]
    assert (run.state, run.result) == ("completed", "现场已处置完毕。")
    entries = [msgspec.json.decode(line, type=Entry) for line in (tmp_path / "journal").read_bytes().splitlines()]
    assert [entry.stage for entry in entries] == ["", "taken", "arrived", "done"]


async def test_an_emergency_centre_goes_on_from_its_journal(pair: Pair, tmp_path: Path) -> None:
    home, _ = pair
    begin(home, "咨询落户")
    home.say(CASE, c.AskTransfer(target="120", reason="突发急病", asked_action="出车"))
    await settle(home, rounds=1)
    transfer = next(one.id for one in home.case(CASE).transfers if one.target == "120")
    left = Entry(transfer=transfer, origin=home.area, case="SJZ-1", at=0.0)
    (tmp_path / "journal").write_bytes(msgspec.json.encode(left) + b"\n")
    centre = emergency(home, tmp_path / "journal")
    await centre.open()
    for _ in range(20):
        await settle(home, rounds=1)
        await asyncio.sleep(0.05)
    await centre.close()
    assert home.case(CASE).transfers[-1].state == "completed"

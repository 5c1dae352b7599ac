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
from tests.factories import register
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


async def test_a_recall_that_was_refused_once_can_succeed_later(pair: Pair) -> None:
    home, other = pair
    await other.server.open()
    begin(home, "说不清的一件事")
    await settle(home, other)
    theirs, event_case = other.only_case(), case_id("normal", "event", 1)
    other.say(event_case, register("event", text="停电"))
    other.say(event_case, c.DeclareEvent(reason="同一原因"))
    other.say(theirs, c.Link(event_case=event_case, reason="同一原因"))
    await settle(home, other)
    await recalled(pair)
    assert (home.state(CASE), other.state(theirs)) == ("TRANSFERRED", "LINKED")
    other.say(theirs, c.Detach(reason="另有原因"))
    await settle(home, other)
    await recalled(pair)
    assert (home.state(CASE), other.state(theirs)) == ("PENDING_DISPATCH", "CLOSED")


async def recalled(pair: Pair) -> None:
    home, other = pair
    await home.people.recall(home.case(CASE).transfers[0].id, Cancel(reason="诉求人要求撤回"))
    await settle(home, other)


async def test_a_text_that_a_supplement_made_too_long_arrives_cut_and_marked(pair: Pair) -> None:
    home, other = pair
    await other.server.open()
    home.say(CASE, register("contact", text="说" * 19_990, reporter=c.Reporter(contact_id="contact")))
    home.say(CASE, c.AskSupplement(text="缺少地址"))
    home.say(CASE, c.Supplement(text="地址在" + "路" * 50))
    home.say(CASE, c.AskTransfer(target="130200", reason="在唐山", asked_action="请处理"))
    await settle(home, other)
    text = other.case(other.only_case()).text
    assert "原文过长" in text
    assert text.endswith("路" * 50)


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

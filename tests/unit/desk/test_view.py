"""The sheet of a case: folded once per event, its state derived, nothing personal in the timeline."""

from datetime import datetime, timedelta

import msgspec
import pytest
import rjieba

from services.desk.domain.sheet import Sheet
from services.desk.domain.similar import MOST, rank, words_of
from services.desk.domain.view import NEVER, SheetView
from services.desk.policy import City
from services.desk.store import read_sheet
from services.desk.testing import TOPICS
from shared.clock import CHINA
from shared.events import cases as e
from shared.events.commands import Reporter
from shared.events.contacts import SealedPerson
from shared.events.envelope import Envelope, raw
from shared.ids import derive
from shared.states import CaseState
from tests.unit.desk.world import OTHER, POLICY, UNIT, World

REPORTER = Reporter(
    contact_id="c2", person=SealedPerson(caller_ref="ref-2", masked="139****0000", sealed="k1.secret")
)  # fmt: skip


async def sheet_of(world: World, case: str) -> Sheet:
    return read_sheet((await world.store.cases.load([case]))[case])


async def walk(world: World, case: str, *events: msgspec.Struct) -> Sheet:
    for event in events:
        await world.city.tell(case, event)
    return await sheet_of(world, case)


def order_of(case: str, unit: str = UNIT) -> str:
    return derive("order", case, unit)


async def test_states_follow_orders_and_debts() -> None:
    world = World()
    case = await world.case()
    order, debt = order_of(case), derive("obligation", case, (await sheet_of(world, case)).contacts[0].id)
    reached: list[CaseState] = [(await sheet_of(world, case)).state]
    answered = e.WorkOrderAnswered(order=order, unit=UNIT, public_answer="已恢复供暖", internal="i", solved=True)
    owed = e.ReplyOwed(obligation=debt, number="n", reporter=REPORTER, answer="已恢复供暖")
    for event in (
        e.WorkOrderSigned(order=order, unit=UNIT),
        answered,
        e.WorkOrderSentBack(order=order, unit=UNIT, reason="不够具体"),
        answered,
        e.WorkOrderDone(order=order, unit=UNIT),
        owed,
        e.ReplySettled(obligation=debt, how="sms", proof="p"),
        e.CaseFollowedUp(solved=True, satisfaction=5, comment=""),
        e.CaseClosed(reason="solved"),
        e.CaseReopenRequested(contact_id="c9"),
        e.CaseReopened(cycle=2, reason="again", obligations=("o2",)),
    ):
        reached.append((await walk(world, case, event)).state)
    assert reached == [
        "DISPATCHED", "HANDLING", "PENDING_AUDIT", "REWORK", "PENDING_AUDIT", "PENDING_REPLY", "PENDING_REPLY",
        "PENDING_CALLBACK", "PENDING_CALLBACK", "CLOSED", "REOPEN_REQUESTED", "PENDING_DISPATCH",
    ]  # fmt: skip


async def test_after_reopening_the_case_waits_for_new_orders() -> None:
    world = World()
    case = await world.case()
    sheet = await walk(world, case, e.CaseClosed(reason="r"), e.CaseReopened(cycle=2, reason="r", obligations=("o2",)))
    assert (sheet.state, sheet.answer, [debt.cycle for debt in sheet.debts]) == ("PENDING_DISPATCH", "", [1, 2])
    await world.city.tell(
        case,
        e.WorkOrderIssued(order="o", unit=OTHER, role="lead", cycle=2, returns=0, priority="P2", request_type="QZ"),
    )
    assert [order.unit for order in (await sheet_of(world, case)).current()] == [OTHER]


async def test_the_clock_is_that_of_the_signature_and_then_of_the_result() -> None:
    world = World()
    case = await world.case()
    order = order_of(case)
    first = (await sheet_of(world, case)).due
    second = (await walk(world, case, e.WorkOrderSigned(order=order, unit=UNIT))).due
    later = world.clock.now() + timedelta(days=9)
    told = await walk(world, case, e.DeadlineBreached(clock="resolve", order=order, unit=UNIT, due=later))
    answer = e.WorkOrderAnswered(order=order, unit=UNIT, public_answer="a", internal="", solved=True)
    stopped = await walk(world, case, answer)
    assert first is not None
    assert second is not None
    assert first < second
    assert (told.due, told.breached_at) == (later, world.clock.now())
    assert stopped.order(order).due is None  # type: ignore[union-attr]
    assert stopped.due == stopped.centre_due == datetime(2021, 1, 13, 14, tzinfo=CHINA), "four working hours to audit"


async def test_a_return_keeps_its_reason_and_the_replacement_counts_alone() -> None:
    world = World()
    case = await world.case()
    order = order_of(case)
    asked = e.WorkOrderReturnAsked(order=order, unit=UNIT, reason="不属本单位", basis="三定", proposed_unit=OTHER)
    sheet = await walk(world, case, asked)
    assert (sheet.orders[0].state, sheet.orders[0].reason, sheet.orders[0].proposed_unit) == (
        "RETURN_ASKED", "不属本单位", OTHER,
    )  # fmt: skip
    await world.city.tell(case, e.WorkOrderReturned(order=order, unit=UNIT))
    await world.city.issue(case, OTHER)
    assert [one.unit for one in (await sheet_of(world, case)).current()] == [OTHER]


async def test_no_person_and_no_contact_in_the_timeline() -> None:
    world = World()
    case = await world.case()
    attached = e.ContactAttached(reporter=REPORTER, text="还是不热", obligation="o2")
    sheet = await walk(world, case, attached, e.CaseReopenRequested(contact_id="c9"))
    told = msgspec.json.encode(sheet.timeline).decode()
    for secret in ("k1.", "ref-", "****", "c2", "c9", sheet.contacts[0].id):
        assert secret not in told
    assert "还是不热" in told
    assert [contact.masked for contact in sheet.contacts] == ["138****1234", "139****0000"]
    assert [contact.sealed for contact in sheet.contacts] == ["k1.sealed", "k1.secret"], "for intake, which opens it"


async def test_a_repeated_batch_changes_nothing() -> None:
    world = World()
    case = await world.case()
    before = world.store.table.rows[case]["rev"]
    await world.city.handlers.cases(world.city._log.all(TOPICS.cases("normal")))
    assert world.store.table.rows[case]["rev"] == before


async def test_the_index_serves_the_lists() -> None:
    world = World()
    case = await world.case()
    row = world.store.table.rows[case]
    assert (row["case_state"], row["open"], row["refs"]) == ("DISPATCHED", True, ["ref-1"])
    assert row["work"] == [{"unit": UNIT, "state": "WAIT_SIGN", "due": row["due"]}]
    assert {"小区", "暖气", "不热"} <= set(row["words"])
    await world.city.tell(case, e.CaseClosed(reason="r"))
    row = world.store.table.rows[case]
    assert (row["case_state"], row["open"], row["due"] == NEVER) == ("CLOSED", False, False)


def test_every_event_of_a_case_is_a_line_of_the_timeline() -> None:
    view = SheetView(City(POLICY).dues)
    assert view.interests == frozenset(e.CASES.models)
    event = Envelope(
        id="1", type="deadline.warned.v1", source="/d", subject="N-1", time=World().clock.now(), sequence=1,
        data=raw(e.CaseClosed(reason="r")),
    )  # fmt: skip
    with pytest.raises(LookupError):
        view.fold(None, event, e.DeadlineWarned(clock="sign", order="o", unit=UNIT, due=event.time))


def test_words_are_those_of_the_whole_text_although_it_is_cut_by_clauses() -> None:
    text = "小区暖气不热，家里有老人和孩子；已经三天了！请问供热公司什么时候维修？" * 2
    whole = dict.fromkeys(rjieba.cut(text))
    assert words_of(text) == [word for word in whole if len(word) > 1 and word not in ("已经", "请问", "什么")]


def test_a_long_letter_has_the_words_of_its_first_clauses() -> None:
    clauses = [chr(0x4E00 + n) * 2 for n in range(400)]
    words = words_of("，".join(clauses))
    assert (len(words), words) == (MOST, words_of("，".join(clauses[:60])))


def test_similar_means_shared_words() -> None:
    heating = Sheet(number="1", words=words_of("小区暖气不热三天"))
    noise = Sheet(number="2", words=words_of("工地夜间施工噪音扰民"))
    found = rank(words_of("我家小区暖气一直不热"), [noise, heating])
    assert [sheet.number for _, sheet in found] == ["1"]
    assert rank([], [heating]) == []


class TransferStep(msgspec.Struct, kw_only=True):
    """What the events of a transfer have in common."""

    transfer: str
    target: str
    text: str = ""


def test_a_case_with_a_partner_is_transferred_until_the_partner_has_finished() -> None:
    view, now = SheetView(City(POLICY).dues), World().clock.now()
    sheet = Sheet(id="N-1", number="SJZ-1")
    states = []
    for step, text in (("asked", ""), ("accepted", ""), ("progressed", "已联系社区"), ("completed", "已送药")):
        data = TransferStep(transfer="t", target="120000", text=text)
        event = Envelope(
            id=step, type=f"transfer.{step}.v1", source="/d", subject="N-1", time=now, sequence=1, data=raw(data)
        )
        states.append(view.fold(sheet, event, data).state)
    assert states == ["TRANSFERRED", "TRANSFERRED", "TRANSFERRED", "PENDING_CALLBACK"]
    assert (sheet.answer, sheet.timeline[2].data["text"]) == ("已送药", "已联系社区")

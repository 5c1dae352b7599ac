"""What a sender makes of a partner that takes, refuses, hangs or is away."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.transfer.partners import REQUEST_S
from shared.events import cases as e
from tests.unit.transfer.world import (
    NUMBER,
    PARTNER,
    POLICY,
    Serving,
    World,
    asked,
    case_of,
    event,
    life,
    reporter,
)

CASE = case_of("a")
LATER = REQUEST_S + 1


@pytest.fixture
async def one() -> AsyncIterator[Serving]:
    made = Serving(World()).start()
    yield made
    made.process.crash()


async def begin(one: Serving, **more: Any) -> None:
    await one.read(event(CASE, 3, asked("t1", **more)))
    await one.sender.idle()


async def test_a_transfer_is_sent_at_once_and_its_receipt_recorded(one: Serving) -> None:
    await begin(one)
    assert one.world.partners.taken == [("t1", 0)]
    sent = one.world.partners.requests["t1"]
    assert (sent.path, sent.origin_case, sent.phone) == (("130100",), "SJZ-20210113-000001", NUMBER)
    assert one.world.steps("t1") == ["receipted"]
    assert one.world.sent(CASE, "t1").out.status == "done"


async def test_no_plain_number_is_stored_or_goes_over_the_bus(one: Serving) -> None:
    await begin(one)
    assert NUMBER not in repr(one.world.table.rows)
    for (_, _), queue in one.world.log.topics.items():
        assert all(NUMBER.encode() not in (stored.value or b"") for stored in queue)


async def test_without_consent_the_number_stays_here_but_an_emergency_gets_it(one: Serving) -> None:
    await begin(one, consent=False)
    assert one.world.partners.requests["t1"].phone == ""
    await one.read(event(CASE, 4, asked("t2", target="120", kind="emergency", consent=False)))
    await one.sender.idle()
    assert one.world.partners.requests["t2"].phone == NUMBER


@pytest.mark.parametrize(
    ("more", "phone"),
    [
        ({"consent": True}, ""),
        ({"consent": True, "priority": "P0"}, ""),
        ({"target": "110", "kind": "emergency", "priority": "P1"}, ""),
        ({"target": "110", "kind": "emergency", "priority": "P0"}, NUMBER),
    ],
)
async def test_who_reports_misconduct_stays_unknown_but_where_life_is_in_danger(
    one: Serving, more: Any, phone: str
) -> None:
    await begin(one, request_type="JB", **{"consent": False, **more})
    assert one.world.partners.requests["t1"].phone == phone


@pytest.mark.parametrize(
    ("request_type", "text", "sent"),
    [
        ("JB", "来电人：李建国\n起因：收钱放行", "起因：收钱放行"),
        ("JB", "来电人：李建国", "货车滞留"),
        ("QZ", "来电人：王女士\n起因：货车滞留", "来电人：王女士\n起因：货车滞留"),
    ],
)
async def test_a_partner_reads_of_misconduct_and_not_who_reported_it(
    one: Serving, request_type: str, text: str, sent: str
) -> None:
    await begin(one, request_type=request_type, text=text)
    assert one.world.partners.requests["t1"].text == sent


async def test_a_partner_that_is_away_gets_it_when_he_is_back_however_late(one: Serving) -> None:
    one.partners.mood = "away"
    await begin(one)
    for _ in range(50):
        await one.after(61)
    assert one.world.sent(CASE, "t1").out.attempt > 40
    one.partners.mood = "ok"
    await one.after(61)
    assert one.world.partners.taken == [("t1", 0)]
    assert one.world.steps("t1") == ["receipted"]


async def test_while_he_is_away_the_waits_grow_to_a_bound(one: Serving) -> None:
    one.partners.mood = "away"
    await begin(one)
    await one.after(0.5)
    assert len(one.world.partners.posts) == 1
    await one.after(1)
    assert len(one.world.partners.posts) == 2
    await one.after(1)
    assert len(one.world.partners.posts) == 2


async def test_silence_is_asked_about_only_after_the_timeout_and_nothing_is_sent_twice(one: Serving) -> None:
    one.partners.mood = "accept_then_hang"
    await begin(one)
    await one.after(REQUEST_S - 1)
    assert one.world.sent(CASE, "t1").out.status == "sending"
    await one.after(2)
    assert one.world.sent(CASE, "t1").out.status == "done"
    assert one.world.steps("t1") == ["receipted"]
    assert len(one.world.partners.posts) == 1


async def test_what_a_hanging_partner_did_not_take_is_sent_again_to_the_byte(one: Serving) -> None:
    one.partners.mood = "hang"
    await begin(one)
    await one.after(LATER)
    one.partners.mood = "ok"
    await one.after(3)
    assert one.world.partners.taken == [("t1", 0)]
    assert len(set(one.world.partners.posts)) == 1


async def test_a_partner_that_answers_nothing_is_asked_for_ever_and_sent_nothing(one: Serving) -> None:
    one.partners.mood = one.partners.asks = "hang"
    await begin(one)
    for _ in range(20):
        await one.after(61)
    assert one.world.sent(CASE, "t1").out.status == "sending"
    assert len(one.world.partners.posts) == 1


async def test_a_refusal_returns_the_case_and_is_not_tried_again(one: Serving) -> None:
    one.partners.mood = "refuse"
    await begin(one)
    await one.after(100)
    assert one.world.steps("t1") == ["refused"]
    assert len(one.world.partners.posts) == 1


async def test_only_the_owner_of_the_partition_sends(one: Serving) -> None:
    one.owns = set()
    await begin(one)
    assert not one.world.partners.posts
    one.owns = set(range(one.world.log.partitions))
    await one.after(1)
    assert one.world.partners.taken == [("t1", 0)]


async def test_cases_without_a_transfer_leave_nothing_here(one: Serving) -> None:
    await one.read(event(CASE, 2, e.CaseClosed(reason="solved")))
    assert not one.world.table.rows


async def test_the_life_of_a_received_case_is_told_to_its_origin_in_order_and_once(one: Serving) -> None:
    case = await one.received()
    one.partners.mood = "away"
    await one.read(*(event(case, n, data) for n, data in enumerate(life(), 1)))
    await one.after(10)
    one.partners.mood = "ok"
    for _ in range(4):
        await one.after(61)
    assert one.world.partners.taken == [("transfer-1", 1), ("transfer-1", 2), ("transfer-1", 3)]
    told = [one.world.partners.updates["transfer-1", n] for n in (1, 2, 3)]
    assert [(u.step, u.number) for u in told] == [(s, "SJZ-2") for s in ("accepted", "progressed", "completed")]
    assert told[2].text == "已送达"


async def test_the_answer_that_the_origin_tells_on_names_offices_and_no_person(one: Serving) -> None:
    case = await one.received()
    route = e.CaseReferred(reason="law", route="请拨0311-88881234，或13812341234")
    events = [life()[0], route, e.CaseClosed(reason="referred")]
    await one.read(*(event(case, n, data) for n, data in enumerate(events, 1)))
    await one.after(1)
    texts = [update.text for update in one.world.partners.updates.values()]
    assert texts[-1] == "请拨0311-88881234，或138****1234"


async def test_a_received_case_that_closes_without_a_reply_tells_its_units_answers(one: Serving) -> None:
    case = await one.received()
    events = [data for data in life() if not isinstance(data, e.ReplyOwed)]
    await one.read(*(event(case, n, data) for n, data in enumerate(events, 1)))
    await one.after(1)
    assert one.world.partners.updates["transfer-1", 3].text == "已送达"


ANSWER, WORDS = life()[3], POLICY.progress
REFERRED = e.CaseReferred(reason="law", route="请向法院起诉")
ONWARD = e.TransferCompleted(transfer="t9", target="120100", number="TJ-1", text="天津已办")


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([REFERRED, e.CaseClosed(reason="referred")], REFERRED.route),
        ([ANSWER, e.WorkOrderSentBack(order="o1", unit="u", reason="no"), e.CaseClosed(reason="x")], WORDS["closed"]),
        ([ANSWER, e.WorkOrderWithdrawn(order="o1", unit="u", reason="x"), e.CaseClosed(reason="x")], WORDS["closed"]),
        ([ANSWER, e.WorkOrderReturned(order="o1", unit="u"), e.CaseClosed(reason="a note of ours")], WORDS["closed"]),
        ([ANSWER, e.CaseWithdrawn(reason="x"), e.CaseClosed(reason="withdrawn")], WORDS["withdrawn"]),
        ([asked("t9", target="120100"), ONWARD, e.CaseClosed(reason="nobody_waits")], ONWARD.text),
    ],
)
async def test_the_origin_gets_what_stands_or_words_never_a_code(one: Serving, events: list[Any], told: str) -> None:
    case = await one.received()
    await one.read(*(event(case, n, data) for n, data in enumerate([life()[0], *events], 1)))
    result = one.world.received(case).updates[-1]
    assert (result.step, result.text) == ("completed", told)


async def test_a_case_that_goes_back_is_told_as_refused(one: Serving) -> None:
    case = await one.received()
    events = [life()[0], e.CaseHandedBack(reason="not_local", text=""), e.CaseClosed(reason="handed_back")]
    await one.read(*(event(case, n, data) for n, data in enumerate(events, 1)))
    await one.after(1)
    update = one.world.partners.updates["transfer-1", 1]
    assert (update.step, update.reason, len(one.world.partners.updates)) == ("refused", "not_local", 1)


async def test_what_came_from_a_partner_goes_on_with_its_whole_path_and_without_the_number(one: Serving) -> None:
    case = await one.received()
    await one.read(event(case, 1, life()[0]), event(case, 2, asked("t9", target="120100")))
    await one.sender.idle()
    onward = one.world.partners.requests["t9"]
    assert (onward.path, onward.phone) == ((PARTNER, "130100"), "")


async def test_a_result_that_is_too_long_is_cut(one: Serving) -> None:
    case = await one.received()
    owed = e.ReplyOwed(obligation="o", number="SJZ-2", reporter=reporter(), answer="长" * 30_000)
    await one.read(event(case, 1, life()[0]), event(case, 2, owed))
    for _ in range(2):
        await one.after(1)
    assert len(one.world.partners.updates["transfer-1", 2].text) == 20_000

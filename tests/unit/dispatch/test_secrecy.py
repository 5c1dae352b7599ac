"""Who reported misconduct stays in the log of his case: neither a department nor the case's page learns it."""

from typing import Any

import msgspec
import pytest

from services.dispatch.domain.secrecy import news
from services.dispatch.store import read_case, read_log
from services.dispatch.views import event, timeline, whole
from shared.elements import told
from shared.events import cases as e
from shared.events import commands as c
from shared.events.contacts import SealedPerson
from shared.events.envelope import decode
from shared.events.feeds import FEEDS
from tests.factories import LEAD, RULES, case_of, order_of
from tests.unit.dispatch.test_handlers import CASES, TOPICS, Door, command

NAME, MASKED = "李建国", "138****1234"
TOLD = f"来电人：{NAME} 在该站上班\n时间：今早\n起因：routed 站长收钱放行"
PERSON = SealedPerson(caller_ref="ref", masked=MASKED, sealed="k1.x")
UNIT = f"unit:{LEAD}"


async def registered(request_type: str) -> Door:
    door = Door()
    reporter = c.Reporter(contact_id="c1", person=PERSON)
    given: dict[str, Any] = {"title": "举报", "text": TOLD, "request_type": request_type, "reporter": reporter}
    await door.take(command(c.Register(matter=1, **given), "r"))
    return door


def fed(door: Door) -> list[Any]:
    return [FEEDS.data(decode(record.value)) for record in door.log.all(TOPICS.feed(LEAD))]


def page(door: Door, unit: str = "") -> dict[str, Any]:
    document = door.state.cases.rows[case_of()]
    return whole(document, timeline(read_log(document), CASES), RULES, unit)


@pytest.mark.parametrize(("request_type", "known"), [("JB", False), ("TS", True)])
async def test_a_department_learns_who_reported_a_case_unless_it_is_of_misconduct(
    request_type: str, known: bool
) -> None:
    door = await registered(request_type)
    (order,) = fed(door)
    assert (NAME in order.text, order.reporter) == (known, MASKED if known else "")
    assert "站长收钱放行" in order.text
    assert NAME.encode() in (door.log.all(CASES)[0].value or b""), "the log keeps it"


async def test_a_department_does_not_learn_it_from_what_is_added_later_either() -> None:
    case = read_case((await registered("JB")).state.cases.rows[case_of()])
    added = e.CaseSupplemented(text=TOLD, address="某站", area="", topic="")
    assert news(case, added) == msgspec.structs.replace(added, text=told(TOLD))
    case.request_type = "TS"
    assert news(case, added) == added


@pytest.mark.parametrize("unit", ["", LEAD])
async def test_the_page_of_a_case_does_not_say_who_reported_misconduct(unit: str) -> None:
    secret, other = page(await registered("JB"), unit), page(await registered("TS"), unit)
    for known in (NAME, MASKED):
        assert known not in str(secret)
        assert known in str(other)
    assert "站长收钱放行" in secret["text"]
    assert secret["timeline"][0]["type"] == "case.registered.v1"


async def test_a_case_that_becomes_a_report_of_misconduct_hides_it_from_then_on() -> None:
    door = await registered("TS")
    await door.take(command(c.Regrade(request_type="JB", reason="举报"), "g", actor="supervisor:1"))
    for known in (NAME, MASKED):
        assert known not in str(page(door))


async def test_the_outcome_of_a_command_does_not_say_it() -> None:
    door = await registered("JB")
    registration = next(record for record in door.log.all(CASES) if decode(record.value).type == "case.registered.v1")
    said = event(registration.value or b"")
    assert not [known for known in (NAME, MASKED) if known in str(said)]


async def test_a_unit_reads_of_a_case_what_concerns_it() -> None:
    door = await registered("TS")
    await door.take(
        command(c.Note(text="拟约谈其局长"), "n1", actor="supervisor:1"),
        command(c.Sign(order=order_of(case_of())), "s", actor=UNIT),
        command(c.Note(text="现场照片已存"), "n2", actor=UNIT),
    )
    kinds = [one["type"].removesuffix(".v1") for one in page(door, LEAD)["timeline"]]
    assert kinds == ["case.registered", "work_order.issued", "work_order.signed", "case.noted"]
    assert "拟约谈" not in str(page(door, LEAD))
    assert "拟约谈" in str(page(door))

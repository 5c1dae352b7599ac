"""A case's page in the terminal: calls out and notes readable, figures right."""

from typing import Any

from rich.console import Console

from hotline.page import case_page, count, words

UNITS = {"130100-02-002": "卫生健康委员会"}
OUT = {
    "text": "询问床位",
    "contact_id": "c2",
    "purpose": "reach_unit",
    "callee": "妇产医院",
    "result": "promised",
    "promise": "留一张床",
    "promise_due": "2021-01-11T03:00:00+08:00",
}


def event(kind: str, actor: str = "agent:a017", **data: Any) -> dict[str, Any]:
    return {"sequence": 1, "time": "2021-01-11T01:00:00+08:00", "type": kind, "actor": actor, "cause": "", "data": data}


TIMELINE = [
    event("case.registered.v1", number="SJZ-1", priority="P1", request_type="QZ", title="腹痛"),
    event("contact.attached.v1", text="再次来电"),
    event("case.noted.v1", **OUT),
    event("case.noted.v1", text="家属已出发", purpose=None),
    event("work_order.signed.v1", "unit:130100-02-002", unit="130100-02-002", order="o"),
    event("reply.settled.v1", how="sms"),
    event("case.followed_up.v1", solved=False),
    event("case.followed_up.v1", solved=True),
]


def test_figures_count_contacts_in_and_calls_out_but_no_remarks() -> None:
    counts = count(TIMELINE)
    assert (counts.calls_in, counts.calls_out, counts.replies, counts.solved) == (2, 1, 1, (False, True))


def test_a_call_out_reads_as_a_sentence() -> None:
    said = words(TIMELINE[2], UNITS)
    assert said == "call out (reach_unit) 妇产医院: promised. 询问床位 → 留一张床, by 2021-01-11 03:00"
    assert words(TIMELINE[3], UNITS) == "家属已出发"


def test_a_transfer_reads_by_its_partner() -> None:
    asked = event("transfer.asked.v1", target="130200", number="SJZ-1", asked_action="请协调放行", reason="外市")
    done = event("transfer.completed.v1", transfer="t", target="130200", number="TS-1", text="已放行", update=4)
    assert words(asked, UNITS) == "130200: 请协调放行"
    assert words(done, UNITS) == "130200 (TS-1): 已放行"
    assert words(event("transfer.receipted.v1", target="120", update=0), UNITS) == "120"


def test_a_failed_follow_up_is_said() -> None:
    assert words(TIMELINE[6], UNITS) == "solved False"


def test_the_page_has_everything_in_order() -> None:
    case = {
        "number": "SJZ-1", "title": "腹痛[1]", "state": "CLOSED", "priority": "P1", "reporter": "139****2001",
        "text": "要做手术 [b]", "timeline": TIMELINE,
    }  # fmt: skip
    console = Console(width=200, record=True, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115
    console.print(case_page(case, UNITS))
    text = console.export_text()
    assert "SJZ-1  腹痛[1]  CLOSED  P1  139****2001" in text
    assert "要做手术 [b]" in text
    assert "卫生健康委员会" in text
    assert "130100-02-002" not in text
    assert "contacts in 2, calls out 1, replies 1, last follow-up: solved" in text

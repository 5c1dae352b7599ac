"""What of a case its units see, and what its text says without who told it."""

from typing import Any

import pytest

from shared.concerns import NOTED, WHOLE, part
from shared.elements import callers, told
from shared.events.cases import CASES

MINE, OTHER = "130100-02-001", "130100-02-002"


def test_every_kind_that_is_named_is_one() -> None:
    assert {f"{kind}.v1" for kind in WHOLE | {NOTED}} <= set(CASES.models)


@pytest.mark.parametrize(
    ("kind", "actor", "data", "seen"),
    [
        ("work_order.issued", "service:dispatch", {"unit": MINE}, True),
        ("work_order.issued", "service:dispatch", {"unit": OTHER}, False),
        ("deadline.breached", "service:sla", {"unit": ""}, False),
        ("case.parked", "supervisor:1", {"reason": "r"}, True),
        ("case.kept", "agent:1", {"note": "n"}, False),
        ("case.dispatched", "dispatcher:1", {"units": [MINE]}, False),
        ("transfer.asked", "supervisor:1", {"text": "t"}, False),
        ("reply.owed", "service:dispatch", {"answer": "a"}, False),
        (NOTED, "supervisor:1", {"text": "t", "callee": ""}, False),
        (NOTED, f"unit:{OTHER}", {"text": "t"}, False),
        (NOTED, f"unit:{MINE}", {"text": "t"}, True),
        ("some.later_kind", "service:x", {"text": "t"}, False),
    ],
)
def test_a_unit_sees_its_orders_and_what_befalls_the_whole_case(
    kind: str, actor: str, data: dict[str, Any], seen: bool
) -> None:
    assert part(MINE, kind, actor, data) == (data if seen else None)


def test_of_a_call_to_itself_a_unit_does_not_see_the_remark() -> None:
    call = {"text": "多次推诿", "callee": MINE, "promise": "今晚修"}
    assert part(MINE, NOTED, "agent:1", call) == {**call, "text": ""}
    assert part(OTHER, NOTED, "agent:1", call) is None


@pytest.mark.parametrize(
    "text",
    [
        "来电人：李建国\n起因：停水",
        "来电人: 李建国\r\n起因：停水",
        "起因：停水\n  来电人：李建国",
        "来电人：李建国\n来电人：王强\n起因：停水",
    ],
)
def test_the_line_of_the_caller_is_left_out_wherever_it_stands(text: str) -> None:
    assert told(text) == "起因：停水"
    assert callers(text)[0] == "李建国"


def test_a_text_without_the_line_stays_as_it_is() -> None:
    assert (told("来电人称小区已封闭"), callers("来电人称小区已封闭")) == ("来电人称小区已封闭", [])

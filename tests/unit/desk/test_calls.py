"""What a batch of facts about contacts becomes before it is written."""

from datetime import timedelta
from typing import Any

from services.desk.domain.calls import ANSWERED, ENDED, OFFERED, Facts, gathered
from tests.factories import START


def fact(later_s: int, **more: Any) -> dict[str, Any]:
    return {"time": START + timedelta(seconds=later_s), **more}


def test_a_contact_is_written_once_with_all_its_facts() -> None:
    offered, answered, other = fact(1), fact(2, agent="017"), fact(3)
    found = gathered(
        [Facts("a", {"offered": offered}, OFFERED), Facts("b", {"ended": other}, ENDED),
         Facts("a", {"answered": answered}, ANSWERED)]
    )  # fmt: skip
    whole = Facts("a", {"offered": offered, "answered": answered}, ANSWERED)
    assert found == [whole, Facts("b", {"ended": other}, ENDED)]


def test_of_repeats_the_first_moment_stays_and_of_stages_the_highest() -> None:
    late, early = fact(9, by="caller"), fact(4, by="agent")
    for order in ((late, early), (early, late)):
        first, second = (Facts("a", {"ended": one}, ENDED) for one in order)
        assert gathered([first, Facts("a", {"offered": fact(1)}, OFFERED), second]) == [
            Facts("a", {"ended": early, "offered": fact(1)}, ENDED)
        ]

"""Two cities must tell the same of the cases they hand to each other."""

from hotline.surge.agreement import COMPLETED, disagreements
from hotline.surge.histories import Histories, Transfer
from shared.ids import contact_id

HOME, OTHER = "130100", "130200"


def cities(end: str, cases: int, closed: bool) -> dict[str, Histories]:
    """One transfer from HOME, with that end, which OTHER opened as so many cases."""
    home, other = Histories([], []), Histories([], [])
    home.transfers["t"] = Transfer("N-a", OTHER, end)
    names = [f"N-{number}" for number in range(cases)]
    other.births[contact_id(HOME, "transfer", "t"), 1] = [f"{name}#1" for name in names]
    other.closed = dict.fromkeys(names, closed)
    return {HOME: home, OTHER: other}


def test_one_closed_case_for_a_result_is_agreement() -> None:
    assert disagreements(cities(COMPLETED, 1, closed=True)) == []
    assert disagreements(cities("transfer.refused.v1", 0, closed=False)) == []


def test_a_result_without_a_case_or_with_two_or_with_an_open_one_is_not() -> None:
    assert "opened 0 cases" in disagreements(cities(COMPLETED, 0, closed=True))[0]
    assert "opened 2 cases" in disagreements(cities(COMPLETED, 2, closed=True))[0]
    assert "is open" in disagreements(cities(COMPLETED, 1, closed=False))[0]


def test_what_goes_to_somebody_else_is_not_compared() -> None:
    found = cities(COMPLETED, 0, closed=True)
    found[HOME].transfers["t"].target = "120"
    assert disagreements(found) == []

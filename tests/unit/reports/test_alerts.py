"""What calls for a special report, at the limits of the city's policy."""

from datetime import datetime, timedelta

import pytest

from services.reports.domain.alerts import Alert, Opened, alerts_at
from shared.events import cases as e
from tests.factories import START, reporter
from tests.unit.reports.world import FILE, Reporting, registered

LIMITS = FILE.limits


def opened(count: int, at: datetime = START, **more: object) -> list[Opened]:
    given = {"at": at, "topic": "01", "area": "130109", "priority": "P2", "repeats": 0, "open": True, **more}
    return [Opened(number=f"S-{n:03}", **given) for n in range(count)]  # type: ignore[arg-type]


def kinds(
    rows: list[Opened], usual: float = 1000.0, repeated: list[Opened] | None = None
) -> list[tuple[str, str, int]]:
    found = alerts_at(START, rows, {"01": usual}, repeated or [], LIMITS)
    return [(alert.kind, alert.code, alert.count) for alert in found]


def test_twenty_cases_of_a_topic_in_two_hours() -> None:
    assert kinds(opened(19)) == []
    assert kinds(opened(20)) == [("topic_volume", "01", 20)]
    assert kinds(opened(20, START - timedelta(hours=2))) == []


@pytest.mark.parametrize(
    ("count", "usual", "rises"), [(9, 0.0, False), (10, 3.3, True), (10, 3.4, False), (10, 0, True)]
)
def test_three_times_the_usual_and_at_least_ten(count: int, usual: float, rises: bool) -> None:
    assert kinds(opened(count), usual) == ([("topic_rise", "01", count)] if rises else [])


def test_three_cases_of_danger_in_one_area_within_an_hour() -> None:
    assert kinds(opened(2, priority="P0")) == []
    assert kinds(opened(3, priority="P0")) == [("urgent_cluster", "130109", 3)]
    assert kinds(opened(3, START - timedelta(hours=1), priority="P0")) == []
    assert kinds(opened(2, priority="P0") + opened(1, priority="P0", area="130102")) == []


def test_five_open_cases_that_people_called_about_again() -> None:
    assert kinds([], repeated=opened(4, repeats=1)) == []
    assert kinds([], repeated=opened(5, repeats=1)) == [("repeats_unsolved", "01", 5)]
    assert kinds([], repeated=opened(5, repeats=1, open=False)) == []
    assert kinds([], repeated=opened(5, repeats=0)) == []


async def test_alerts_from_the_facts() -> None:
    world = Reporting()
    for n in range(10):
        await world.tell(f"today{n}", registered(f"today{n}", topic="05", priority="P1"))
    for day in range(1, 8):
        for n in range(3):
            name = f"{day}-{n}"
            await world.tell(name, registered(name, topic="05"), at=START - timedelta(days=day, minutes=5))
    for n in range(5):
        again = e.ContactAttached(reporter=reporter("x"), text="", obligation="")
        await world.tell(f"r{n}", registered(f"r{n}", topic="09"), again, at=START - timedelta(hours=5))
    found = await world.office.alerts(START)
    assert [(alert.kind, alert.code, alert.count, alert.usual) for alert in found] == [
        ("topic_rise", "05", 10, 3.0),
        ("repeats_unsolved", "09", 5, None),
    ]
    assert isinstance(found[0], Alert)
    assert len(found[0].cases) == 10

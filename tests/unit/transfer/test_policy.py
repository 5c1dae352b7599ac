"""Both cities' policies can be loaded, by every service, and a wrong transfer.yaml says what is wrong."""

from pathlib import Path

import pytest

from services.dispatch.policy import load_rules
from services.intake.policy import load_ivr, load_lanes
from services.notify.policy import load_messages
from services.sla.policy import load_schedule
from services.transfer.policy import load_transfer
from shared.calendars import load_calendar
from shared.policy import PolicyError, load_city, load_units
from tests.unit.transfer.world import POLICIES


@pytest.mark.parametrize(("city", "prefix"), [("130100", "SJZ"), ("130200", "TS")])
def test_every_file_of_a_city_loads(city: str, prefix: str) -> None:
    folder = POLICIES / city
    assert load_city(folder).number_prefix == prefix
    units = load_units(folder).by_code()
    assert len(units) >= 6
    assert all(code.startswith(city) for code in units)
    assert load_rules(folder).units == frozenset(units)
    for loader in (load_ivr, load_lanes, load_messages, load_transfer, load_calendar, load_schedule):
        assert loader(folder)


@pytest.mark.parametrize(
    ("find", "put", "says"),
    [
        ("loop:", "ring:", "loop"),
        ("  - {receipt", "  - {priority: P3, receipt", "must fit all"),
        ("returned:", "turned:", "progress"),
        ("  withdrawn: 诉", "  gone: 诉", "progress"),
        ("  decision: 请", "  receipt: 请", "advice"),
        ("first_wait_s: 1.0", "first_wait_s: 0", "first_wait_s"),
    ],
)
def test_a_policy_with_a_hole_is_refused(tmp_path: Path, find: str, put: str, says: str) -> None:
    text = (POLICIES / "130100" / "transfer.yaml").read_text(encoding="utf-8")
    assert find in text
    (tmp_path / "transfer.yaml").write_text(text.replace(find, put), encoding="utf-8")
    with pytest.raises(PolicyError, match=says):
        load_transfer(tmp_path)

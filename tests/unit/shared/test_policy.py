"""A wrong policy is refused before anything runs by it, and its author reads in which file, at which entry, and why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.dispatch.policy import load_rules
from services.sla.policy import load_schedule
from services.transfer.policy import load_transfer
from shared.calendars import load_calendars
from shared.policy import PolicyError, load_units

CITIES = [Path(__file__).parents[3] / "policy" / city for city in ("130100", "130200")]
Loader = Callable[[Path], object]
TABLES: tuple[Loader, ...] = (load_rules, load_schedule)
"""Both read units, deadlines, profiles and calendars."""


def edited(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of a city's policy with one edit."""
    for path in CITIES[0].glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert path.name != file or text.count(old) >= 1, old
        (folder / path.name).write_text(text.replace(old, new, 1) if path.name == file else text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("city", CITIES, ids=lambda path: path.name)
def test_what_the_cities_have_loads(city: Path) -> None:
    for loader in (*TABLES, load_transfer, load_units, load_calendars):
        assert loader(city)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("return_within: 1wd", "return_within: 1 day", "return_within: '1 day' is no period"),
        ("return_within: 1wd", "return_within: none", "return_within: 'none' is no period"),
        ("return_within_urgent: 15m", "return_within_urgent: 0m", "return_within_urgent: '0m' is over before"),
        ("total: 10wd", "total: 10 wd", "extensions.total: '10 wd' is no period"),
        ("each: 3wd", "each: 99999wd", "extensions.each: '99999wd' is longer than ten years"),
        ("ask_before: 1wd", "ask_before: 1d", "extensions.ask_before: '1d' is no period"),
        ("times: 3", "times: -1", "extensions.times: Input should be greater"),
        ("max_returns: 2", "max_returns: -1", "max_returns: Input should be greater"),
        ("quorum: 2", "quorum: 0", "quorum: Input should be greater"),
        ("child_share: 0.8", "child_share: 80", "child_share: Input should be less"),
        ("child_share: 0.8", "child_share: 0", "child_share: Input should be greater"),
        ("park_days: 180", "park_days: -1", "park_days: Input should be greater"),
        ("keeper_within_minutes: 60", "keeper_within_minutes: 0", "keeper_within_minutes: Input should be greater"),
    ],
)
def test_a_rule_that_would_fail_when_it_is_used_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    check((load_rules,), edited(tmp_path, "rules.yaml", old, new), "rules.yaml", says)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("contact: none, resolve: 1wd", "contact: none, resolve: none", "limits.praise.resolve: no order is without"),
        ("general, sign: 1wd", "general, sign: none", "limits.general.sign: no order is without"),
        ("[ZX], resolve: 3wd", "[ZX], resolve: 0wd", "limits.inquiry.resolve: '0wd' is over before"),
        ("progress: 30m", "progress: 0m", "limits.P0.progress: '0m' is over before"),
        ("approve: 30m", "approve: 30 m", "limits.P1.approve: '30 m' is no period"),
        ("appeal_within: 15wd", "appeal_within: none", "appeal_within: 'none' is no period"),
        ("warn_left: [0.2]", "warn_left: [20]", "warn_left.0: Input should be less"),
        ("warn_left: [0.5, 0.2]", "warn_left: [0.5, 0]", "limits.P0.warn_left.1: Input should be greater"),
        ("general, sign: 1wd,", "general,", "no sign limit for P2 ZX"),
    ],
)
def test_a_table_that_gives_somebody_no_time_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    check(TABLES, edited(tmp_path, "deadlines.yaml", old, new), "deadlines.yaml", says)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("profiles.yaml", "resolve: 24h", "resolve: none", "profiles.epidemic.limits.epidemic-help.resolve: no order"),
        ("profiles.yaml", "sign: 4wh", "sign: 0wh", "profiles.epidemic.limits.epidemic-help.sign: '0wh' is over"),
        ("profiles.yaml", "calendar: surge", "calendar: storm", "others: surge is no unit"),
        ("calendar.yaml", "130100-03-001:", "130100-03-01:", "others: 130100-03-01 is no unit"),
    ],
)
def test_a_surge_is_held_to_the_same(tmp_path: Path, file: str, old: str, new: str, says: str) -> None:
    """A profile's lines come before the table's, and a calendar under a wrong name would count for nobody."""
    where = "calendar.yaml" if says.startswith("others") else file
    check(TABLES, edited(tmp_path, file, old, new), where, says)


TWICE = "units:\n  - {code: 130100-02-001, name: x, english: x}\n"
BELOW = "units:\n  - {code: 130100-05-9, name: x, english: x, parent: %s}\n"
ROUND = "units:\n  - {code: a, name: x, english: x, parent: b}\n  - {code: b, name: x, english: x, parent: a}\n"


@pytest.mark.parametrize(
    ("units", "says"),
    [
        (TWICE, "130100-02-001 is there twice"),
        (BELOW % "130100-05-9", "130100-05-9 lies below itself"),
        (ROUND, "a lies below itself; b lies below itself"),
        (BELOW % "130100-02-999", "130100-05-9 lies below unknown unit 130100-02-999"),
    ],
)
def test_units_are_a_tree(tmp_path: Path, units: str, says: str) -> None:
    """Whichever service reads them."""
    folder = edited(tmp_path, "units.yaml", "units:\n", units)
    check((load_units, *TABLES), folder, "units.yaml", says)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("decision: 1wd", "decision: 1 wd", "limits.2.decision: '1 wd' is no period"),
        ("receipt: 4wh", "receipt: none", "limits.2.receipt: 'none' is no period"),
        ("result: 24h", "result: 0h", "limits.0.result: '0h' is over before"),
        ("limits:\n", "limits:\n  - {receipt: 1h, decision: 1h, result: 1h}\n", "line for P0 is never reached"),
        ("priority: P1", "priority: P0", "line for P0 is never reached"),
    ],
)
def test_a_partner_is_given_a_time_that_counts(tmp_path: Path, old: str, new: str, says: str) -> None:
    check((load_transfer,), edited(tmp_path, "transfer.yaml", old, new), "transfer.yaml", says)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "units.yaml").write_bytes(b"\xff\xfe")
    check((load_units,), tmp_path, "units.yaml", "can't decode")


def check(loaders: tuple[Loader, ...], folder: Path, file: str, says: str) -> None:
    for loader in loaders:
        with pytest.raises(PolicyError) as caught:
            loader(folder)
        assert file in str(caught.value)
        assert says in str(caught.value)

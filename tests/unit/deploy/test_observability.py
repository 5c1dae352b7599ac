"""Rules and dashboards speak only of metrics that exist; every metric is counted and has its unit in its name."""

import re
import shutil
import subprocess
from typing import Any

import pytest
from prometheus_client import Counter, Gauge, Histogram

from shared import names
from tests.unit.deploy.observability import FOLDER, ROOT, counted, dashboard_queries, exported, metrics_in, rules

UNITS = ("_seconds", "_records", "_entries", "_commands", "_total", "_refused", "_waiting", "_generation", "_cases")


def metrics() -> dict[str, Any]:
    return {name: one for name, one in vars(names).items() if isinstance(one, Counter | Gauge | Histogram)}


def sample_names() -> set[str]:
    """As Prometheus sees them."""
    found: set[str] = set()
    for one in metrics().values():
        ends = ("_bucket", "_sum", "_count") if isinstance(one, Histogram) else ("_total",)
        found |= {one._name + end for end in (("",) if isinstance(one, Gauge) else ends)}
    return found


def test_rules_and_dashboards_use_only_metrics_that_exist() -> None:
    used = metrics_in([rule["expr"] for rule in rules()] + dashboard_queries())
    assert used
    assert used - sample_names() == set()


def test_every_metric_is_on_the_dashboard() -> None:
    shown = metrics_in(dashboard_queries())
    bases = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}
    assert {one._name for one in metrics().values()} - bases - {name.removesuffix("_total") for name in shown} == set()


def test_every_metric_is_used_in_the_code() -> None:
    code = "\n".join(
        path.read_text() for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py")
        if path.name != "names.py"
    )  # fmt: skip
    assert {name for name in metrics() if f"names.{name}" not in code} == set()


def test_every_span_and_attribute_is_used_in_the_code() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "services").rglob("*.py"))
    spans = [name for name, one in vars(names).items() if isinstance(one, names.Span)]
    assert [name for name in spans if f"names.{name}" not in code] == []
    assert [name for name in names.ATTRIBUTES if f'"{name}": ' not in code] == []


def test_units_are_in_the_names() -> None:
    exposed = [one._name + ("_total" if isinstance(one, Counter) else "") for one in metrics().values()]
    assert [name for name in exposed if not name.endswith(UNITS)] == []


def test_every_alert_links_to_a_section_that_is_there() -> None:
    for rule in rules():
        path, _, section = rule["annotations"]["runbook"].partition("#")
        text = (ROOT / path).read_text()
        assert rule["alert"] in text, f"{path} does not name {rule['alert']}"
        assert not section or f"\n## {section}\n" in text.lower(), rule["annotations"]["runbook"]


CASE_READERS = {"desk", "notify", "reports", "sla", "transfer"}
OTHER_READERS = {"dispatch", "dispatch.bridge", "dispatch.links", "intake", "knowledge", "reports.knowledge"}
ENDS = ("parked_events", "dead_letters")


def test_what_alerts_watch_by_its_increase_is_exported_as_0_before_anything_happened() -> None:
    fresh = exported()
    assert {name for name, _ in counted()} >= {"hotline_parked_events_total", "hotline_dead_letters_total"}
    for name, labels in counted():
        found = [one.value for one in fresh if one.name == name and labels.items() <= one.labels.items()]
        assert found, f"{name}{labels} is not there"
        assert set(found) == {0.0}, name
    readers = {end: {one.labels["reader"] for one in fresh if one.name == f"hotline_{end}_total"} for end in ENDS}
    assert readers == {"parked_events": CASE_READERS, "dead_letters": CASE_READERS | OTHER_READERS}


def test_no_counter_of_a_reader_is_born_by_its_first_count() -> None:
    code = "\n".join(path.read_text() for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py"))
    watched = [name for name, one in metrics().items() if "reader" in one._labelnames]
    assert watched
    assert [name for name in watched if re.search(rf"names\.{name}\.labels\(.*\)\.inc", code)] == []


@pytest.mark.parametrize("command", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")])
def test_promtool_agrees(command: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package: prometheus)")
    done = subprocess.run([promtool, *command], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

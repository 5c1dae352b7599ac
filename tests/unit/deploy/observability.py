"""What the rules and dashboards say, read from their files."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "observability"
_METRIC = re.compile(r"\bhotline_\w+")
_COUNTED = re.compile(r"\b(?:increase|rate)\((hotline_\w+_total)(?:\{([^}]*)\})?\[")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_queries() -> list[str]:
    boards = [json.loads(path.read_text()) for path in sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))]
    return [target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]]


def metrics_in(queries: list[str]) -> set[str]:
    return {name for query in queries for name in _METRIC.findall(query)}


def counted() -> list[tuple[str, dict[str, str]]]:
    """What alerts watch by its increase: name and labels of counters."""
    found = [one for rule in rules() for one in _COUNTED.findall(rule["expr"])]
    return [(name, dict(_LABEL.findall(labels))) for name, labels in found]


def exported() -> list[Sample]:
    """What processes export of the platform's own before anything happened to them (fresh.py)."""
    command = [sys.executable, "-m", "tests.unit.deploy.fresh"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    return [one for family in text_string_to_metric_families(text) for one in family.samples if _METRIC.match(one.name)]

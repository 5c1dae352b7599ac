"""Ms Wang's night on real servers: two calls in, more than twenty out, another city and 120 help, one answer."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

pytestmark = pytest.mark.real
MINUTES = 9


def test_the_night_comes_true() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-c", "from hotline.cli import main; main()", "story", "night", "--json"],
        capture_output=True, timeout=MINUTES * 60, env=environment, check=False,
    )  # fmt: skip
    said = done.stderr.decode()
    assert done.returncode == 0, said
    result = msgspec.json.decode(done.stdout)
    case = result["cases"][0]
    assert (case["state"], case["calls_in"], case["replies"], case["solved"]) == ("CLOSED", 2, 1, True)
    assert case["calls_out"] > 20
    kinds = [event["type"] for event in case["page"]["timeline"]]
    assert [event["sequence"] for event in case["page"]["timeline"]] == list(range(1, len(kinds) + 1))
    assert kinds[-1] == "case.closed.v1"
    assert kinds.count("transfer.completed.v1") == 2
    assert "1390001" not in done.stdout.decode()

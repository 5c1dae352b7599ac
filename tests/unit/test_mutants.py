"""The catalogue of wrong variants fits the tree, so that a change of the code cannot quietly take one out."""

from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_variant_has_its_one_place_and_its_test(mutant: Mutant) -> None:
    assert Path(mutant.file).read_text().count(mutant.old) == 1
    path, _, name = mutant.test.partition("::")
    assert f"def {name}" in Path(path).read_text()

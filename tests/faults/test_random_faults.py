"""Twenty surges with two random faults each; a seed names the run."""

import random

import pytest

from tests.faults.surges import surge

pytestmark = pytest.mark.real
SERVICES = ("intake", "dispatch.1", "dispatch.2", "sla", "notify", "transfer", "knowledge", "reports", "desk")
KILLED = (*SERVICES, "broker", "mongod")


def fault(draw: random.Random) -> str:
    at, name = round(draw.uniform(1, 9), 1), draw.choice(KILLED)
    gateway = f"gateway@{at}:{draw.choice(['hang', 'accept_then_hang', 'forget', 'fail'])}+8"
    kinds = [f"{name}@{at}", f"{name}@{at}+{draw.randint(3, 12)}", f"{name}@{at}~{draw.randint(3, 15)}", gateway]
    return draw.choices(kinds, (4, 2, 2, 1))[0]


@pytest.mark.parametrize("seed", range(20))
def test_two_random_faults(seed: int) -> None:
    draw = random.Random(seed)
    surge(fault(draw), fault(draw), calls=140, rate=13.0, seed=seed, scale={"dispatch": 2})

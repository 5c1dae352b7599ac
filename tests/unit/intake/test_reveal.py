"""A sealed number is opened for who says why, and for nobody else."""

from pathlib import Path

import pytest

from shared.privacy import seal
from tests.unit.intake.world import SETTINGS, world

NUMBER = "+8613812341234"
SEALED = seal(SETTINGS.seal_key.get_secret_value(), NUMBER)
BODY = {"case_id": "N-1", "sealed": SEALED, "why": "回电核实地址"}


async def test_the_number_is_opened_and_nothing_is_written(tmp_path: Path) -> None:
    async with world(tmp_path) as intake:
        answer = await intake.post("/numbers/reveal", BODY, "supervisor")
        assert (answer.status_code, answer.json()) == (200, {"number": NUMBER})
        assert intake.broker.values() == []


@pytest.mark.parametrize(
    ("body", "role", "status"),
    [
        (BODY, "auditor", 403),
        (BODY, "service", 403),
        ({**BODY, "why": ""}, "agent", 422),
        ({**BODY, "sealed": "k1.nonsense"}, "agent", 422),
        ({"sealed": SEALED, "case_id": "N-1"}, "agent", 422),
    ],
)
async def test_others_and_bad_seals_are_refused(tmp_path: Path, body: dict[str, str], role: str, status: int) -> None:
    async with world(tmp_path) as intake:
        answer = await intake.post("/numbers/reveal", body, role)
        assert answer.status_code == status
        assert NUMBER not in answer.text

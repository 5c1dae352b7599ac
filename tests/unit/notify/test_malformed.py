"""Malformed bodies at notify's door: a reason for the caller, and nothing is settled."""

import httpx
import pytest

from tests.malformed import BODIES, refused
from tests.unit.notify.test_api import CASE, door, one, sent, settle_path
from tests.unit.notify.world import Paying

__all__ = ["door", "one"]


@pytest.mark.parametrize("what", BODIES)
async def test_malformed_settlements_are_refused(one: Paying, door: httpx.AsyncClient, what: str) -> None:
    refused(await door.post(settle_path("o1"), content=BODIES[what], headers={"Idempotency-Key": "k"}), what)
    assert sent(one.world) == []
    assert one.world.debt(CASE, "o1").status == "unreachable"

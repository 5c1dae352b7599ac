"""The whole application without any server behind it: the door opens, takes requests, and keeps them."""

from pathlib import Path

import httpx
import pytest

from services.intake.app import build
from shared.clock import make_clock
from shared.settings import Role, Settings
from tests.unit.intake.world import SETTINGS, token

EVENT = {"call_id": "c1", "number": 1, "type": "offered", "caller": "13812341234"}


def settings(folder: Path, role: Role) -> Settings:
    return SETTINGS.model_copy(
        update={"state_dir": folder, "role": role, "kafka": "127.0.0.1:9", "mongo": "mongodb://127.0.0.1:9"}
    )


@pytest.mark.parametrize("role", ["api", "all"])
async def test_the_door_needs_neither_broker_nor_database(tmp_path: Path, role: Role) -> None:
    spooled = []
    for _ in range(2):
        app = build(settings(tmp_path, role), make_clock(SETTINGS))
        async with app.router.lifespan_context(app):
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://intake")
            assert (await client.get("/health/ready")).status_code == 200
            answer = await client.post("/calls/events", json=EVENT, headers=token("service"))
            assert answer.status_code == 202
            spooled.append((await client.get("/spool", headers=token("operator"))).json()["normal"]["entries"])
            await client.aclose()
    assert spooled == [1, 2]

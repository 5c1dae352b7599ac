"""Malformed bodies at intake's door: a reason for the caller, nothing in log or spool, and the door stays open."""

from pathlib import Path

import pytest

from shared import ids
from tests.malformed import BODIES, refused
from tests.unit.intake.world import token, world

CONTACT = ids.contact_id("service", "call", "c1")
ROUTES = ("/calls/events", f"/contacts/{CONTACT}/cases", f"/contacts/{CONTACT}/attachments", "/web/contacts")


@pytest.mark.parametrize("path", ROUTES)
async def test_malformed_bodies_are_refused(tmp_path: Path, path: str) -> None:
    async with world(tmp_path) as intake:
        for what, content in BODIES.items():
            headers = {**token("service"), "Idempotency-Key": "k"}
            refused(await intake.client.post(path, content=content, headers=headers), f"{path}: {what}")
        assert intake.broker.values() == []
        assert all(spool.entries == 0 for spool in intake.acceptor.spools.values())
        event = {"call_id": "c1", "number": 1, "type": "offered"}
        assert (await intake.post("/calls/events", event)).status_code == 202
        assert len(intake.broker.values()) == 1


async def test_an_array_with_one_bad_event_is_refused_whole(tmp_path: Path) -> None:
    async with world(tmp_path) as intake:
        good = {"call_id": "c1", "number": 1, "type": "offered"}
        for bad in ({**good, "number": 0}, {**good, "type": "dreamt"}, {**good, "colour": "red"}, {"call_id": "c1"}, 7):
            refused(await intake.post("/calls/events", [good, bad]), str(bad))
        assert intake.broker.values() == []


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/nowhere"), ("GET", "/calls/events"), ("POST", "/contacts/17/cases")]
)
async def test_places_and_methods_that_are_not_there(tmp_path: Path, method: str, path: str) -> None:
    async with world(tmp_path) as intake:
        refused(await intake.client.request(method, path, json={}, headers=token("service")), path)

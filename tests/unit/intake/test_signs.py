"""Control characters are refused where a text comes in: nobody sees them, and no printed report can hold them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared import ids
from tests.unit.intake.world import World, world

CONTACT = ids.contact_id("service", "call", "c1")
CASES, ATTACHED, OUT = f"/contacts/{CONTACT}/cases", f"/contacts/{CONTACT}/attachments", "/calls/outbound"
CASE: dict[str, Any] = {"matter": 1, "title": "停水", "text": "家里停水两天"}
NOTE: dict[str, Any] = {"case_id": ids.case_id("normal", CONTACT, 1)}
CALL: dict[str, Any] = {**NOTE, "purpose": "follow_through", "callee": "水务", "result": "connected", "text": "x"}


@pytest.fixture
async def intake(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (CASES, {**CASE, "title": "老人\x0b断药"}, "title holds the control character U+000B"),
        (CASES, {**CASE, "text": "x\x00y"}, "text holds the control character U+0000"),
        (CASES, {**CASE, "address": "\x7f"}, "address holds the control character U+007F"),
        (CASES, {**CASE, "answer": "\ufffe"}, "answer holds the control character U+FFFE"),
        (CASES, {**CASE, "title": "停水\n"}, "title is one line"),
        (CASES, {**CASE, "title": "停\t水"}, "title is one line"),
        (ATTACHED, {**NOTE, "text": "\x1b[31m"}, "text holds the control character U+001B"),
        (OUT, {**CALL, "text": "\x08"}, "text holds the control character U+0008"),
        (OUT, {**CALL, "callee": "\x85"}, "callee holds the control character U+0085"),
    ],
)
async def test_a_control_character_is_refused_with_its_place(
    intake: World, path: str, body: dict[str, Any], said: str
) -> None:
    answer = await intake.post(path, body, "agent", **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")
    assert said in answer.json()["detail"]


async def test_texts_have_lines_as_browsers_and_people_write_them(intake: World) -> None:
    body = {**CASE, "title": "停水😀 3号楼", "text": "第一行\r\n第二行\n\t缩进\u2028完", "address": "三号楼\n二单元"}
    answer = await intake.post(CASES, body, "agent")
    assert answer.status_code == 202, answer.text

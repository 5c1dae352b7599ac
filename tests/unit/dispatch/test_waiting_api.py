"""An operator sees what waits for its case, and ends the waiting of what nobody will register."""

from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.dispatch.store import MemoryState, MemoryStore
from services.dispatch.sweeper import ALARM_S
from services.dispatch.waiting_api import waiting_router
from shared.auth import ROLES, issue
from shared.deadletters import WAITING
from shared.events import commands as c
from shared.records import header
from shared.service import install_errors
from shared.settings import Settings
from tests.factories import LEAD, case_of
from tests.unit.dispatch.test_handlers import COMMANDS, TOPICS, Door, command

SECRET = "a secret of at least thirty-two bytes"


class Operator:
    """Speaks to the API over a state of dispatch."""

    def __init__(self, state: MemoryState) -> None:
        app = FastAPI()
        install_errors(app)
        app.include_router(waiting_router(Settings(jwt_secret=SecretStr(SECRET)), MemoryStore(state)))
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://dispatch")

    async def ask(self, method: str, path: str, role: str = "operator") -> httpx.Response:
        headers = {"Authorization": f"Bearer {issue(SECRET, 'o', role, 1)}"}
        return await self._client.request(method, path, headers=headers)


async def waiting(own_id: str = "s") -> tuple[Door, str]:
    """A dispatch with a command whose case never came, after ten minutes; and its row as the dead letter names it."""
    door = Door()
    await door.take(command(c.Close(reason="x"), own_id))
    door.clock.forward(seconds=ALARM_S + 1)
    await door.sweeper.sweep()
    (letter,) = door.log.all(TOPICS.dead_letters)
    return door, header(letter, "origin").removeprefix(WAITING)


@pytest.mark.parametrize("own_id", ["s", "a/b c#1", "撤单"])
async def test_the_letter_names_the_row_that_is_discarded(own_id: str) -> None:
    door, row = await waiting(own_id)
    answer = await Operator(door.state).ask("DELETE", f"/waiting/{quote(row, safe='')}")
    assert (answer.status_code, answer.json()["case"]) == (200, case_of())
    assert not door.state.waiting


async def test_a_second_discard_is_told_that_nothing_waits() -> None:
    door, row = await waiting()
    operator = Operator(door.state)
    for status in (200, 404, 404):
        answer = await operator.ask("DELETE", f"/waiting/{quote(row, safe='')}")
        assert answer.status_code == status
    assert answer.json() == {
        "reason": "no_such_command",
        "detail": f"no command {row} waits: its case came, it was discarded before, or it never waited",
    }


async def test_what_has_no_copy_in_the_dead_letters_is_not_discarded() -> None:
    door = Door()
    await door.take(command(c.Close(reason="x"), "s"))
    (row,) = door.state.waiting
    answer = await Operator(door.state).ask("DELETE", f"/waiting/{quote(row, safe='')}")
    assert (answer.status_code, answer.json()["reason"]) == (409, "too_early")
    assert door.state.waiting


async def test_what_waits_is_listed_with_its_case() -> None:
    door, row = await waiting()
    answer = await Operator(door.state).ask("GET", "/waiting")
    (item,) = answer.json()["items"]
    assert item == {
        "id": row, "case": case_of(), "topic": COMMANDS, "since": door.clock.real() - ALARM_S - 1, "letter": True,
    }  # fmt: skip
    assert (await Operator(door.state).ask("GET", f"/waiting?after={quote(row)}")).json() == {"items": [], "next": None}


@pytest.mark.parametrize("role", [*(role for role in ROLES if role != "operator"), f"unit:{LEAD}"])
async def test_nobody_but_an_operator_may(role: str) -> None:
    door, row = await waiting()
    for method, path in (("GET", "/waiting"), ("DELETE", f"/waiting/{quote(row, safe='')}")):
        assert (await Operator(door.state).ask(method, path, role)).status_code == 403
    assert door.state.waiting


async def test_a_discarded_command_is_not_swept() -> None:
    door, row = await waiting()
    await Operator(door.state).ask("DELETE", f"/waiting/{quote(row, safe='')}")
    assert await door.sweeper.sweep() == 0
    assert len(door.log.all(TOPICS.dead_letters)) == 1

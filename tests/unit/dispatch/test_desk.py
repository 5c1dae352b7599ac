"""What people send over HTTP: rights, shape, and what must not be written down."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from services.dispatch.desk import Desk
from services.dispatch.store import MemoryState, MemoryStore
from shared.auth import Identity
from shared.codes import Codes
from shared.events.cases import CASES, CaseNoted
from shared.events.commands import COMMANDS
from shared.events.envelope import Envelope, decode, raw
from shared.events.topics import Topics
from shared.follow import Outcomes
from shared.records import Record, record_of
from shared.service import Problem
from shared.settings import Settings
from shared.testing import FakeClock, MemoryPublisher
from tests.factories import START, case_of

TOPICS = Topics("130100")
CODES = Codes(Settings().policy)
AGENT = Identity("a1", "agent")
CALLED: dict[str, Any] = {
    "purpose": "follow_through",
    "callee": "社区网格员 13812341234",
    "result": "promised",
    "promise": "请拨 13812341234",
    "text": "已告知 13812341234",
}


class Case:
    """A desk before one known case; dispatch answers at once that it was noted."""

    def __init__(self) -> None:
        self.state = MemoryState()
        self.state.cases.rows[case_of()] = {"_id": case_of(), "rev": 1}
        self.outcomes = Outcomes()
        self.out = MemoryPublisher()
        self.desk = Desk(MemoryStore(self.state), self, self.outcomes, FakeClock(), TOPICS, CODES)

    async def publish(self, records: Sequence[Record]) -> None:
        await self.out.publish(records)
        asyncio.get_running_loop().call_soon(self.noted, decode(records[0].value))

    def noted(self, command: Envelope) -> None:
        noted = CaseNoted(text="seen")
        event = Envelope(
            id="e", type=CASES.type_of(noted), source="/dispatch", subject=case_of(), time=START,
            causationid=command.id, data=raw(noted),
        )  # fmt: skip
        self.out.log.produce(record_of("seen", event))
        self.outcomes.see(self.out.log.all("seen")[-1])

    async def note(self, body: Any, who: Identity = AGENT) -> Any:
        return await self.desk.command(case_of(), "note", body, "k1", who, "")


async def test_a_note_is_a_command_and_its_numbers_are_masked() -> None:
    case = Case()
    status, answer = await case.note(CALLED)
    assert (status, answer["event"]["type"]) == (200, "case.noted.v1")
    command = decode(case.out.published[0].value)
    assert "13812341234" not in case.out.published[0].value.decode()
    assert COMMANDS.data(command).promise == "请拨 138****1234"


async def test_a_case_with_an_event_is_known_without_the_store() -> None:
    case = Case()
    case.noted(
        Envelope(id="c", type="case.note.v1", source="/", subject=case_of(), time=START, data=raw(CaseNoted(text="?")))
    )
    case.desk.see(case.out.log.all("seen")[-1])
    case.state.cases.rows.clear()
    assert (await case.note(CALLED))[0] == 200


@pytest.mark.parametrize(
    ("body", "who", "status"),
    [
        (CALLED, Identity("o", "operator"), 403),
        ({}, AGENT, 422),
        ({**CALLED, "purpose": "chat"}, AGENT, 422),
        ({**CALLED, "promise_due": "2021-01-11T05:00:00"}, AGENT, 422),
    ],
)
async def test_a_note_needs_a_right_and_a_shape(body: Any, who: Identity, status: int) -> None:
    with pytest.raises(Problem) as problem:
        await Case().note(body, who)
    assert problem.value.status == status

"""From the departments' answers topics into the case's own partition, after checking that the topic is the unit's."""

from collections.abc import Sequence

import msgspec

from shared import names
from shared.clock import Clock
from shared.deadletters import dead_letter
from shared.events.commands import COMMANDS, verb_of
from shared.events.envelope import Envelope, Unreadable, decode
from shared.events.topics import Topics, is_case_id, lane_of
from shared.ids import client_command_id, digest
from shared.producer import Publisher
from shared.records import Received, Record, record_of
from shared.telemetry import traceparent

READER = "dispatch.bridge"
UNIT_VERBS = frozenset({"sign", "ask_return", "answer"})


class Bridge:
    """Copies answers; the command's id is derived from the unit and its own id, its time is the append time."""

    def __init__(self, publisher: Publisher, clock: Clock, topics: Topics, units: Sequence[str]) -> None:
        self._publisher = publisher
        self._clock = clock
        self._topics = topics
        self._units = {topics.answers(unit): unit for unit in units}

    async def handle(self, records: Sequence[Received]) -> None:
        await self._publisher.publish([self._copy(record) for record in records])

    async def poison(self, record: Received, error: Exception) -> None:
        await self._publisher.publish([self._letter(record, repr(error))])

    def _copy(self, record: Received) -> Record:
        try:
            command = self._command(record)
        except Unreadable as error:
            return self._letter(record, str(error))
        return record_of(self._topics.commands(lane_of(command.subject)), command)

    def _letter(self, record: Received, reason: str) -> Record:
        names.DEAD_LETTERS.labels(READER).inc()
        return dead_letter(self._topics.dead_letters, record, READER, reason)

    def _command(self, record: Received) -> Envelope:
        """The answer as a command of the unit that owns the topic. Raises Unreadable."""
        answer = decode(record.value)
        unit = self._units[record.topic]
        data = COMMANDS.data(answer)
        if verb_of(answer.type) not in UNIT_VERBS:
            raise Unreadable(f"a unit sends {', '.join(sorted(UNIT_VERBS))}, not {answer.type}")
        if not is_case_id(answer.subject):
            raise Unreadable(f"subject {answer.subject!r} is no case")
        if answer.actor not in ("", f"unit:{unit}"):
            raise Unreadable(f"{answer.actor} writes in the topic of unit:{unit}")
        return msgspec.structs.replace(
            answer,
            id=client_command_id(f"unit:{unit}", answer.id),
            actor=f"unit:{unit}",
            time=self._clock.domain(record.timestamp / 1000),
            digest=digest([answer.type, answer.subject, msgspec.to_builtins(data)]),
            traceparent=answer.traceparent or traceparent(),
        )

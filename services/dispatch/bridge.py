"""From the departments' answers topics into the case's own partition, after checking that the topic is the unit's."""

import time
from collections.abc import Sequence

import msgspec

from services.dispatch.remarks import masked
from shared import names
from shared.clock import Clock
from shared.deadletters import Writer
from shared.events.commands import COMMANDS, verb_of
from shared.events.envelope import Envelope, Unreadable, decode, raw
from shared.events.topics import Topics, is_case_id, lane_of
from shared.ids import client_command_id, digest, span_of
from shared.moves import door_roles
from shared.producer import Publisher
from shared.records import Received, Record, record_of
from shared.tracing import TRACER

READER = "dispatch.bridge"
_LETTERS = Writer(READER)
UNIT_VERBS = frozenset(verb for verb, roles in door_roles().items() if "unit" in roles)


class Bridge:
    """Copies answers; the command's id is derived from the unit and its own id, its time is the append time."""

    def __init__(self, publisher: Publisher, clock: Clock, topics: Topics, units: Sequence[str]) -> None:
        self._publisher = publisher
        self._clock = clock
        self._topics = topics
        self._units = {topics.answers(unit): unit for unit in units}

    async def handle(self, records: Sequence[Received]) -> None:
        began_ns = time.time_ns()
        copies: list[Record] = []
        bridged: list[tuple[Envelope, Envelope]] = []
        for record in records:
            try:
                answer = decode(record.value)
                command = self._command(record, answer)
            except Unreadable as error:
                copies.append(self._letter(record, str(error)))
            else:
                copies.append(record_of(self._topics.commands(lane_of(command.subject)), command))
                bridged.append((answer, command))
        await self._publisher.publish(copies)
        if TRACER.on:
            _trace(bridged, began_ns)

    async def poison(self, record: Received, error: Exception) -> None:
        await self._publisher.publish([self._letter(record, repr(error))])

    def _letter(self, record: Received, reason: str) -> Record:
        return _LETTERS.letter(self._topics.dead_letters, record, reason)

    def _command(self, record: Received, answer: Envelope) -> Envelope:
        """The answer as a command of the unit that owns the topic. Raises Unreadable."""
        unit = self._units[record.topic]
        data = COMMANDS.data(answer)
        if verb_of(answer.type) not in UNIT_VERBS:
            raise Unreadable(f"a unit sends {', '.join(sorted(UNIT_VERBS))}, not {answer.type}")
        if not is_case_id(answer.subject):
            raise Unreadable(f"subject {answer.subject!r} is no case")
        if answer.actor not in ("", f"unit:{unit}"):
            raise Unreadable(f"{answer.actor} writes in the topic of unit:{unit}")
        identity, plain = client_command_id(f"unit:{unit}", answer.id), masked(data)
        return msgspec.structs.replace(
            answer,
            id=identity,
            actor=f"unit:{unit}",
            time=self._clock.domain(record.timestamp / 1000),
            data=answer.data if plain is data else raw(plain),
            digest=digest([answer.type, answer.subject, msgspec.to_builtins(plain)]),
            traceparent=span_of(answer.traceparent, identity, answer.subject),
        )


def _trace(bridged: Sequence[tuple[Envelope, Envelope]], began_ns: int) -> None:
    for answer, command in bridged:
        about = {"case": command.subject, "verb": verb_of(command.type), "unit": command.actor.removeprefix("unit:")}
        TRACER.tell(names.BRIDGE, command.traceparent, answer.traceparent, began_ns, about)

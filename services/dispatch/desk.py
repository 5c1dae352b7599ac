"""Commands from people: produced like all others, then waited for (design.md §3, HTTP commands)."""

import asyncio
import time
from typing import Any

import msgspec

from services.dispatch.remarks import masked
from services.dispatch.store import Store, read_case, read_log
from services.dispatch.views import event
from shared import names
from shared.auth import Identity
from shared.clock import Clock
from shared.codes import Codes
from shared.events.commands import COMMANDS, VERBS, Link, MergeInto
from shared.events.envelope import MAX_BYTES, Envelope, raw
from shared.events.topics import Topics, lane_of
from shared.follow import Outcomes
from shared.ids import client_command_id, digest
from shared.moves import door_roles
from shared.producer import Publisher
from shared.records import Received, record_of
from shared.service import Problem
from shared.telemetry import traceparent
from shared.tracing import TRACER

ACK_S = 1.0
OUTCOME_S = 2.0
MET = 50_000
"""Cases of which this process remembers that they exist."""
RIGHTS = door_roles()
"""Verb → roles that may send it over HTTP; intake and the timers send theirs over the bus."""


class Desk:
    """Sends a person's command and waits for the event that names it as its cause."""

    def __init__(
        self, store: Store, publisher: Publisher, outcomes: Outcomes, clock: Clock, topics: Topics, codes: Codes
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._outcomes = outcomes
        self._clock = clock
        self._topics = topics
        self._codes = codes
        self._met: set[str] = set()

    async def command(self, case: str, verb: str, body: Any, key: str, who: Identity, trace: str) -> Any:
        """(status, body): 200 with the event, 409 with the reason, 202 when the outcome is later than two seconds."""
        data = self._parse(verb, body, who)
        await self._must_exist({case, *_other(data)})
        envelope = Envelope(
            id=client_command_id(who.actor, key),
            type=COMMANDS.type_of(data),
            source="/dispatch/desk",
            subject=case,
            time=self._clock.now(),
            actor=who.actor,
            digest=digest([COMMANDS.type_of(data), case, msgspec.to_builtins(data)]),
            traceparent=traceparent(trace, case),
            data=raw(data),
        )
        began_ns = time.time_ns()
        status, answer = await self._send(envelope)
        if TRACER.on:
            about = {"case": case, "verb": verb, "outcome": str(status)}
            TRACER.tell(names.REQUEST, envelope.traceparent, trace, began_ns, about)
        return status, answer

    async def _must_exist(self, cases: set[str]) -> None:
        """Cases never vanish, so the store is asked once for each. Raises Problem 404."""
        unmet = sorted(cases - self._met)
        found = await self._store.known(unmet) if unmet else set()
        if missing := [case for case in unmet if case not in found]:
            raise Problem(404, "no_such_case", f"there is no case {missing[0]}")
        self._meet(found)

    def see(self, record: Received) -> None:
        """Who has an event exists."""
        self._meet({(record.key or b"").decode(errors="replace")})

    def _meet(self, cases: set[str]) -> None:
        if len(self._met) > MET:
            self._met.clear()
        self._met |= cases

    def _parse(self, verb: str, body: Any, who: Identity) -> msgspec.Struct:
        if verb not in RIGHTS:
            raise Problem(404, "no_such_command", f"commands here are {', '.join(sorted(RIGHTS))}")
        if who.role.split(":")[0] not in RIGHTS[verb]:
            raise Problem(403, "forbidden", f"{who.role} may not {verb}")
        try:
            data = msgspec.convert(body, VERBS[verb])
        except msgspec.ValidationError as error:
            raise Problem(422, "invalid", str(error)) from error
        self._codes.check({name: getattr(data, name, None) for name in ("topic", "area")})
        return masked(data)

    async def _send(self, envelope: Envelope) -> Any:
        causes = (envelope.id, f"{envelope.id}#{envelope.digest}")
        futures = [self._outcomes.expect(cause) for cause in causes]
        try:
            await self._publish(envelope)
            done, _ = await asyncio.wait(futures, timeout=OUTCOME_S, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return _answer(envelope, next(iter(done)).result())
        finally:
            for cause in causes:
                self._outcomes.forget(cause)
        where = f"/cases/{envelope.subject}/commands/{envelope.id}"
        return 202, {"command": envelope.id, "outcome": where}

    async def _publish(self, envelope: Envelope) -> None:
        record = record_of(self._topics.commands(lane_of(envelope.subject)), envelope)
        if len(record.value) > MAX_BYTES:
            raise Problem(413, "too_large", f"the command makes a record above {MAX_BYTES // 1024} KB")
        try:
            async with asyncio.timeout(ACK_S):
                await self._publisher.publish([record])
        except TimeoutError:
            raise Problem(
                503, "not_now", "the log does not answer; repeat under the same Idempotency-Key", {"Retry-After": "2"}
            ) from None

    async def outcome(self, case: str, command: str) -> Any:
        """(status, body) of a command sent earlier; 404 while nobody has decided it."""
        document = (await self._store.cases.load([case])).get(case)
        known = read_case(document).causes.get(command) if document else None
        if document is None or known is None:
            raise Problem(404, "not_decided", "no outcome yet")
        entries = [entry for entry in read_log(document) if known[0] <= entry.sequence <= known[1]]
        return _outcome(command, event(entries[0].value))


def _other(data: msgspec.Struct) -> set[str]:
    """The other case that a command names, by its id."""
    match data:
        case MergeInto(target=other) | Link(event_case=other):
            return {other}
        case _:
            return set()


def _answer(envelope: Envelope, record: Received) -> Any:
    return _outcome(envelope.id, event(record.value or b""))


def _outcome(command: str, first: dict[str, Any]) -> Any:
    if first["type"] == "command.rejected.v1":
        data = first["data"]
        return 409, {"command": command, "reason": data["reason"], "detail": data["detail"]}
    return 200, {"command": command, "event": first}

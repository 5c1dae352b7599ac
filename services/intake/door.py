"""From a body to records: ids that a retry repeats, the door's time, the lane, and nothing personal in plain words."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from msgspec import UNSET, Struct, structs

from services.intake.accept import Acceptor
from services.intake.bodies import (
    AttachBody,
    Call,
    CallAnswered,
    CallEnded,
    CallKey,
    CallOffered,
    CaseBody,
    Matter,
    OutboundBody,
    WebBody,
)
from services.intake.domain.ivr import Step, Voice
from services.intake.domain.lane import Lanes
from services.intake.domain.missed import own_number, reached
from services.intake.domain.numbers import NoNumber, normal
from services.intake.domain.quiet import Quiet
from services.intake.guidance import Guidance
from shared import ids, names
from shared.auth import Identity
from shared.clock import Clock
from shared.codes import Codes
from shared.events.commands import COMMANDS, Attach, Note, Priority, Register, Reporter
from shared.events.contacts import CONTACTS, Answered, CalledBack, Ended, KeyPressed, Offered, Placed, SealedPerson
from shared.events.envelope import MAX_BYTES, Envelope, raw
from shared.events.topics import Lane, Topics, lane_of
from shared.privacy import Sealed, caller_ref, mask_number, redact, redact_answer, seal, unseal
from shared.records import Record, record_of
from shared.service import Problem
from shared.settings import Settings
from shared.telemetry import traceparent
from shared.tracing import TRACER

log = structlog.get_logger()
SOURCE = "/intake"
NOBODY = SealedPerson()
Answer = dict[str, Any]


class Sender(NamedTuple):
    """Who sends a request, and its traceparent."""

    identity: Identity
    trace: str


class Door:
    """One method per kind of request; each returns its answer once the records are safe."""

    def __init__(
        self, settings: Settings, clock: Clock, acceptor: Acceptor, guidance: Guidance,
        *, lanes: Lanes, area: str, quiet: Quiet,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._acceptor = acceptor
        self._guidance = guidance
        self._voice: Voice = guidance.voice
        self._lanes = lanes
        self._area = area
        self._quiet = quiet
        self._topics = Topics(settings.city)
        self._codes = Codes(settings.policy)
        self._seal_key = settings.key("seal_key")
        self._ref_key = settings.key("ref_key")

    async def calls(self, sender: Sender, events: Sequence[Call]) -> Answer:
        """Facts about calls, all of them or none."""
        records: list[Record] = []
        answers: dict[str, Answer] = {}
        spans: dict[str, str] = {}
        for event in events:
            contact = ids.contact_id(sender.identity.subject, "call", event.call_id)
            step = self._step(event)
            answer = answers.setdefault(event.call_id, {"contact_id": contact, "receipt": ids.receipt_code(contact)})
            if step is not None:
                answer["ivr"] = step
            trace = spans.setdefault(contact, traceparent(sender.trace, contact))
            records.append(self._contact(sender, contact, self._fact(contact, event, step), trace))
        await self._accept(sender, "normal", records, spans)
        return {"accepted": len(events), "calls": answers}

    async def register(self, sender: Sender, contact: str, body: CaseBody) -> Answer:
        """A contact's nth matter becomes a case."""
        case, command = self._register(sender, contact, body.matter, body)
        records = [record_of(self._commands(case), command)]
        await self._accept(sender, lane_of(case), records, {contact: command.traceparent}, case)
        receipt = ids.receipt_code(contact)
        return {"case_id": case, "command_id": command.id, "receipt": receipt, "lane": lane_of(case)}

    async def attach(self, sender: Sender, contact: str, body: AttachBody) -> Answer:
        """Another contact about a case; the same text again is the same command, another text another one."""
        person = self._reporter(body)
        data = Attach(reporter=Reporter(contact_id=contact, person=person), text=redact(body.text))
        digest = self._digest(body, person, text=data.text)
        command_id = ids.client_command_id(sender.identity.subject, f"{contact}/{body.case_id}/{digest}")
        command = self._command(sender, command_id, body.case_id, data, digest)
        records = [record_of(self._commands(body.case_id), command)]
        await self._accept(sender, lane_of(body.case_id), records, {contact: command.traceparent}, body.case_id)
        return {"command_id": command.id}

    async def web(self, sender: Sender, own_id: str, body: WebBody) -> Answer:
        """A message over the web: the contact from its beginning to its end, and its case, in one request."""
        contact = ids.contact_id(sender.identity.subject, "web", own_id)
        receipt = ids.receipt_code(contact)
        case, command = self._register(sender, contact, 1, body)
        offered = Offered(number=1, channel="web", person=self._reporter(body), receipt=receipt)
        ended, trace = Ended(number=2, by="caller", served=True), command.traceparent
        facts = [self._contact(sender, contact, fact, trace) for fact in (offered, ended)]
        records = [*facts, record_of(self._commands(case), command)]
        await self._accept(sender, lane_of(case), records, {contact: trace}, case)
        return {"contact_id": contact, "case_id": case, "command_id": command.id, "receipt": receipt}

    async def outbound(self, sender: Sender, own_id: str, body: OutboundBody, sealed: str = "") -> Answer:
        """A call out: a contact of its own, with a note on its case and a try on the lost call, in one request.

        `sealed`: the number of that lost call.
        """
        self._check_quiet(body)
        contact, case = ids.contact_id(sender.identity.subject, "outbound", own_id), body.case_id
        person = self._person(body.number) if body.number.strip() or not sealed else self._person(self.opened(sealed))
        command = self._noted(sender, contact, body, person) if case else None
        trace = command.traceparent if command else traceparent(sender.trace, contact)
        records = [self._contact(sender, about, fact, trace) for about, fact in _placed(contact, body, person)]
        records += [record_of(self._commands(case), command)] if command else []
        await self._accept(sender, lane_of(case) if case else "normal", records, {contact: trace}, case)
        return {"contact_id": contact, **({"command_id": command.id} if command else {})}

    def _check_quiet(self, body: OutboundBody) -> None:
        """Raises Problem 422."""
        by_lane: Priority = "P1" if body.case_id and lane_of(body.case_id) == "urgent" else "P2"
        priority = by_lane if body.priority is UNSET else body.priority
        if self._quiet.forbids(body.purpose, priority, self._clock.now()):
            raise Problem(422, "quiet_hours", f"from {self._quiet} nobody is called for this; P0 and P1 are")

    def _noted(self, sender: Sender, contact: str, body: OutboundBody, person: SealedPerson) -> Envelope:
        """The note on the call's case; a later priority of the case makes no other request of it."""
        plain = {name: redact(getattr(body, name)) for name in ("callee", "text", "promise")}
        note = Note(contact_id=contact, purpose=body.purpose, result=body.result, promise_due=body.promise_due, **plain)
        command_id = ids.client_command_id(sender.identity.subject, f"{contact}/note")
        digest = ids.digest(structs.replace(body, number=person.caller_ref, priority=UNSET, **plain))
        return self._command(sender, command_id, body.case_id, note, digest)

    async def _accept(
        self, sender: Sender, lane: Lane, records: Sequence[Record], spans: Mapping[str, str], case: str = ""
    ) -> None:
        """Return when the records are safe. `spans`: contact → traceparent of its part of the request."""
        began_ns, failed = time.time_ns(), True
        try:
            await self._acceptor.accept(lane, _checked(records))
            failed = False
        finally:
            for contact, own in spans.items() if TRACER.on else ():
                about = {"contact": contact, "lane": lane, **({"case": case} if case else {})}
                TRACER.tell(names.ACCEPT, own, sender.trace, began_ns, about, failed=failed)

    def _step(self, event: Call) -> Step | None:
        if isinstance(event, CallOffered):
            return self._voice.begin(self._guidance.surge())
        if isinstance(event, CallKey):
            return self._voice.step(event.menu or self._voice.ivr.start, event.key, event.wrong_keys)
        return None

    def _fact(self, contact: str, event: Call, step: Step | None) -> Struct:
        match event:
            case CallOffered():
                receipt = ids.receipt_code(contact)
                person = self._shown(event.caller)
                return Offered(number=event.number, channel="call", person=person, receipt=receipt)
            case CallKey():
                menu, action = event.menu or self._voice.ivr.start, step.action if step else ""
                return KeyPressed(number=event.number, menu=menu, key=event.key, action=action)
            case CallAnswered():
                return Answered(number=event.number, agent=event.agent, wait_s=event.wait_s)
            case CallEnded():
                return Ended(number=event.number, by=event.by, served=event.served)

    def _contact(self, sender: Sender, contact: str, fact: Any, trace: str) -> Record:
        envelope = Envelope(
            id=ids.derive("contact-event", contact, fact.number),
            type=CONTACTS.type_of(fact),
            source=SOURCE,
            subject=contact,
            time=self._clock.now(),
            actor=sender.identity.actor,
            traceparent=trace,
            data=raw(fact),
        )
        return record_of(self._topics.contacts, envelope)

    def _register(self, sender: Sender, contact: str, matter: int, body: Matter) -> tuple[str, Envelope]:
        """The case's id and its command."""
        self._codes.check({"topic": body.topic, "area": body.area})
        person = self._reporter(body)
        told = None if body.knowledge is UNSET else body.knowledge
        if told and not body.answer:
            raise Problem(422, "invalid", "knowledge says what an answer was told from; here is no answer")
        plain = {name: redact(getattr(body, name)) for name in ("title", "text", "address")}
        plain["answer"] = redact_answer(body.answer)
        data = Register(
            matter=matter,
            reporter=Reporter(contact_id=contact, person=person),
            request_type=body.request_type,
            topic=body.topic,
            area=body.area,
            priority=body.priority,
            knowledge=told,
            **plain,
        )
        text = f"{body.title}\n{body.text}"
        lane = self._lanes.lane(key=body.key, urgent=body.urgent, text=text, priority=body.priority)
        case = ids.case_id(lane, contact, matter)
        command_id = ids.client_command_id(sender.identity.subject, f"{contact}/{matter}")
        return case, self._command(sender, command_id, case, data, self._digest(body, person, **plain))

    def _command(self, sender: Sender, command_id: str, case: str, data: Struct, digest: str) -> Envelope:
        return Envelope(
            id=command_id,
            type=COMMANDS.type_of(data),
            source=SOURCE,
            subject=case,
            time=self._clock.now(),
            actor=sender.identity.actor,
            digest=digest,
            traceparent=traceparent(sender.trace, case),
            data=raw(data),
        )

    def _digest(self, body: Struct, person: SealedPerson, **plain: str) -> str:
        """Of the body as sent, but a number in it as its blind reference: a bare digest of a number can be guessed."""
        without = {"sealed_caller": UNSET} if hasattr(body, "sealed_caller") else {}
        return ids.digest(structs.replace(body, caller=person.caller_ref, **without, **plain))

    def _reporter(self, body: Matter | AttachBody) -> SealedPerson:
        """Who waits for the answer: the number that was typed, else the one that the call came from."""
        if body.caller.strip() or body.sealed_caller is UNSET:
            return self._person(body.caller)
        return self._person(self.opened(body.sealed_caller))

    def opened(self, sealed: str) -> str:
        """The number behind a seal of this city; raises Problem."""
        try:
            return unseal(self._seal_key, sealed)
        except Sealed as error:
            raise Problem(422, "invalid", f"sealed number: {error}") from error

    def _shown(self, caller: str) -> SealedPerson:
        """Whom the network shows: what is no number there can be mended by nobody, and the call goes on without one."""
        try:
            return self._sealed(caller)
        except NoNumber:
            log.warning("the number of a call is none", length=len(caller))
            return NOBODY

    def _person(self, caller: str) -> SealedPerson:
        """Whom somebody named; raises Problem for what is no number."""
        try:
            return self._sealed(caller)
        except NoNumber as error:
            raise Problem(422, "invalid", str(error)) from error

    def _sealed(self, caller: str) -> SealedPerson:
        if not caller.strip():
            return NOBODY
        number = normal(caller, self._area)
        return SealedPerson(
            caller_ref=caller_ref(self._ref_key, number),
            masked=mask_number(number),
            sealed=seal(self._seal_key, number),
        )

    def _commands(self, case: str) -> str:
        return self._topics.commands(lane_of(case))


def _placed(contact: str, body: OutboundBody, person: SealedPerson) -> Iterator[tuple[str, Struct]]:
    """What a call out adds to its own contact, and to the lost call that it answers."""
    callee, case = redact(body.callee), body.case_id
    yield contact, Placed(number=1, channel="call", case_id=case, purpose=body.purpose, callee=callee, person=person)
    yield contact, Ended(number=2, by="agent", served=reached(body.result))
    if body.contact_id is not UNSET:
        number, said = own_number(contact), redact(body.text)
        yield body.contact_id, CalledBack(number=number, contact_id=contact, result=body.result, text=said)


def _checked(records: Sequence[Record]) -> Sequence[Record]:
    """The records, none above what the bus takes."""
    if any(len(record.value) > MAX_BYTES for record in records):
        raise Problem(413, "too_large", f"the request makes a record above {MAX_BYTES // 1024} KB")
    return records

"""Whole lives of cases as commands, made before the clock starts, so that no load generator is measured."""

from collections.abc import Sequence

from msgspec import Struct

from shared.clock import Clock
from shared.events import commands as c
from shared.events.contacts import SealedPerson
from shared.events.envelope import Envelope, raw
from shared.events.topics import Lane, Topics
from shared.ids import case_id, derive, digest
from shared.privacy import caller_ref, mask_number, seal
from shared.records import Record, record_of
from shared.telemetry import traceparent

UNIT = "130100-02-001"
TEXT = "小区门口的核酸检测点每天上午排队超过两个小时，老人和孩子在寒风里站着，希望增加检测台并公布分楼栋的时间。" * 3
ANSWER = "已在该小区东门增设两个检测台，并按楼栋分时段安排，时间表张贴在单元门口；行动不便的老人由工作人员上门采样。"
NUMBER = "+8613800000000"


class Lives:
    """Commands of `count` cases; a run's name keeps the ids of two runs apart."""

    def __init__(self, topics: Topics, clock: Clock, seal_key: str, run: str, lane: Lane, count: int) -> None:
        self._topic = topics.commands(lane)
        self._clock = clock
        self._person = SealedPerson(
            caller_ref=caller_ref("bench", NUMBER), masked=mask_number(NUMBER), sealed=seal(seal_key, NUMBER)
        )
        self._contacts = [derive("bench", run, n) for n in range(count)]
        self.cases = [case_id(lane, contact, 1) for contact in self._contacts]

    def registers(self) -> list[Record]:
        return [self._register(contact, case) for contact, case in zip(self._contacts, self.cases, strict=True)]

    def work(self) -> list[Record]:
        """Sign, answer and audit: one wave after the other, as departments that work side by side send them."""
        orders = [derive("order", case, UNIT, 1, 0) for case in self.cases]
        waves: Sequence[tuple[str, list[Struct]]] = (
            (f"unit:{UNIT}", [c.Sign(order=order) for order in orders]),
            (f"unit:{UNIT}", [c.Answer(order=order, public_answer=ANSWER, internal="现场已核") for order in orders]),
            ("auditor:bench", [c.Audit(order=order, passed=True) for order in orders]),
        )
        return [
            self._record(case, data, actor)
            for actor, wave in waves
            for case, data in zip(self.cases, wave, strict=True)
        ]

    def follow_ups(self) -> list[Record]:
        return self.all(c.FollowUp(solved=True, satisfaction=5), "agent:bench")

    def all(self, data: Struct, actor: str) -> list[Record]:
        """The same command for each."""
        return [self._record(case, data, actor) for case in self.cases]

    def _register(self, contact: str, case: str) -> Record:
        reporter = c.Reporter(contact_id=contact, person=self._person)
        data = c.Register(matter=1, reporter=reporter, title="核酸检测点排队", text=TEXT, area="130102")
        return self._record(case, data, "service:bench")

    def _record(self, case: str, data: Struct, actor: str) -> Record:
        kind = c.COMMANDS.type_of(data)
        envelope = Envelope(
            id=derive("bench", case, kind),
            type=kind,
            source="/bench",
            subject=case,
            time=self._clock.now(),
            actor=actor,
            digest=digest([kind, case]),
            traceparent=traceparent(),
            data=raw(data),
        )
        return record_of(self._topic, envelope)

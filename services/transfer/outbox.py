"""The commands that transfer sends to our own cases, under ids derived from what caused them."""

from datetime import datetime

from msgspec import Struct

from services.transfer.domain.messages import TransferUpdate
from services.transfer.domain.state import Sent
from shared.clock import Clock
from shared.events.commands import COMMANDS, RecordTransfer, TransferClock
from shared.events.envelope import Envelope, raw
from shared.events.topics import Topics, lane_of
from shared.ids import caused_command_id, digest
from shared.records import Record, record_of
from shared.telemetry import traceparent

ACTOR = "service:transfer"


class Outbox:
    """Makes records; it sends nothing."""

    def __init__(self, topics: Topics, clock: Clock) -> None:
        self._topics = topics
        self._clock = clock

    def receipted(self, case: str, sent: Sent) -> Record:
        """The partner's log has it."""
        return self._record(case, sent, "receipted", RecordTransfer(transfer=sent.request.transfer, step="receipted"))

    def refused(self, case: str, sent: Sent, reason: str, text: str) -> Record:
        """Refused at the partner's door: the case goes on here."""
        data = RecordTransfer(transfer=sent.request.transfer, step="refused", reason=reason, text=text[:500])
        return self._record(case, sent, "refused", data)

    def heard(self, case: str, sent: Sent, update: TransferUpdate) -> list[Record]:
        """What the partner tells of it; whoever tells anything has it, though his receipt may have been lost."""
        data = RecordTransfer(
            transfer=sent.request.transfer,
            step=update.step,
            update=update.update,
            number=update.number,
            reason=update.reason,
            text=update.text,
        )
        told = self._record(case, sent, f"update-{update.update}", data, content=digest([update]))
        return [self.receipted(case, sent), told] if sent.step == "asked" else [told]

    def late(self, case: str, sent: Sent, clock: TransferClock, due: datetime) -> Record:
        """A partner's deadline passed."""
        data = RecordTransfer(transfer=sent.request.transfer, step="unacknowledged", clock=clock, due=due)
        return self._record(case, sent, f"late-{clock}", data)

    def _record(self, case: str, sent: Sent, target: str, data: RecordTransfer, content: str = "") -> Record:
        identity = caused_command_id(sent.event, "record_transfer", target)
        return self.command(case, data, identity, ACTOR, cause=sent.event, trace=sent.trace, content=content)

    def command(
        self, case: str, data: Struct, identity: str, actor: str, *, cause: str = "", trace: str = "", content: str = ""
    ) -> Record:
        """Any command to a case of ours, on its own lane."""
        envelope = Envelope(
            id=identity,
            type=COMMANDS.type_of(data),
            source="/transfer",
            subject=case,
            time=self._clock.now(),
            causationid=cause,
            actor=actor,
            digest=content,
            traceparent=traceparent(trace),
            data=raw(data),
        )
        return record_of(self._topics.commands(lane_of(case)), envelope)

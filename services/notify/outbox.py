"""The records that notify sends, under ids derived from what caused them."""

from services.notify.domain.debts import Debt, Outcome, message_id, reply_command
from shared.clock import Clock
from shared.events.commands import COMMANDS, SettleReply
from shared.events.deliveries import DELIVERIES, MessageDelivery
from shared.events.deliveries import Outcome as Told
from shared.events.envelope import Envelope, raw
from shared.events.topics import Topics, lane_of
from shared.ids import derive, span_of
from shared.records import Record, record_of

ACTOR = "service:notify"
_TOLD: dict[str, Told] = {
    "delivered": "delivered",
    "failed": "failed",
    "impossible": "failed",
    "silent": "unknown",
    "denied": "unknown",
}


class Outbox:
    """Makes records; it sends nothing."""

    def __init__(self, topics: Topics, clock: Clock) -> None:
        self._topics = topics
        self._clock = clock

    def after(self, case: str, debt: Debt, outcome: Outcome) -> list[Record]:
        """What everybody hears of an attempt: the delivery, and of a delivered reply the command that settles it."""
        if outcome.kind not in _TOLD:
            return []
        told = self._delivery(case, debt, outcome)
        if outcome.kind != "delivered" or debt.kind != "reply":
            return [told]
        return [told, self._settle_by_message(case, debt, outcome.detail)]

    def _delivery(self, case: str, debt: Debt, outcome: Outcome) -> Record:
        delivered = outcome.kind == "delivered"
        data = MessageDelivery(
            obligation=debt.obligation,
            channel=debt.channel,
            attempt=debt.attempt,
            outcome=_TOLD[outcome.kind],
            proof=outcome.detail if delivered else "",
            detail=f"messages {debt.version}" if delivered else outcome.detail[:200],
        )
        envelope = Envelope(
            id=derive("delivery", message_id(debt), data.outcome),
            type=DELIVERIES.type_of(data),
            source="/notify",
            subject=case,
            time=self._clock.now(),
            causationid=debt.event,
            actor=ACTOR,
            traceparent=span_of_attempt(case, debt),
            data=raw(data),
        )
        return record_of(self._topics.deliveries, envelope)

    def _settle_by_message(self, case: str, debt: Debt, proof: str) -> Record:
        data = SettleReply(obligation=debt.obligation, how=debt.channel, proof=proof)
        return self.settle(case, data, reply_command(debt), ACTOR, cause=debt.event, trace=span_of_attempt(case, debt))

    def settle(
        self, case: str, data: SettleReply, identity: str, actor: str, *, cause: str = "", trace: str, digest: str = ""
    ) -> Record:
        """The command `settle_reply` to the case's own lane; `trace` names the span that it hangs below."""
        envelope = Envelope(
            id=identity,
            type=COMMANDS.type_of(data),
            source="/notify",
            subject=case,
            time=self._clock.now(),
            causationid=cause,
            actor=actor,
            digest=digest,
            traceparent=trace,
            data=raw(data),
        )
        return record_of(self._topics.commands(lane_of(case)), envelope)


def span_of_attempt(case: str, debt: Debt) -> str:
    """The traceparent of one attempt; what comes of it hangs below, also when another process tells it later."""
    return span_of(debt.trace, message_id(debt), case)

"""Reply obligations of a case, and how an attempt to pay one changes it (design.md §3.12).

A notice (that a deadline moved) goes the same way, but nobody waits for it: delivered or not, it ends with the machine.

Every moment here is in real unix seconds: gateways and their timeouts know no domain time.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field, structs

from shared.events.deliveries import MessageChannel
from shared.ids import caused_command_id, derive

Kind = Literal["reply", "extension"]
Status = Literal["owed", "sending", "settled_sent", "settled", "unknown", "unreachable", "dropped"]
OVER: frozenset[Status] = frozenset({"settled_sent", "settled", "dropped"})
FOR_A_PERSON: frozenset[Status] = frozenset({"unknown", "unreachable"})
NEVER = 0.0


class Debt(Struct, kw_only=True, omit_defaults=True):
    """One reporter waits for one answer. `attempt` numbers the present or next attempt on its channel, from 1.

    Of a notice `obligation` is its own id, `answer` the reason, and `until` the new date.
    `words`: where its case's `Debts` hold the answer, which is empty then.
    """

    obligation: str
    kind: Kind = "reply"
    until: datetime | None = None
    event: str
    """Id of the event that opened it."""
    trace: str
    number: str
    contact: str = ""
    masked: str
    sealed: str
    answer: str = ""
    words: str = ""
    status: Status = "owed"
    channel: MessageChannel = "sms"
    attempt: int = 1
    since: float = 0.0
    """When `sending` was written."""
    due: float = 1.0
    """Earliest moment of the next action; NEVER where only a person or an event goes on."""
    asks: int = 0
    """Questions of this attempt that the gateway left without an answer."""
    waits: int = 0
    """Times in a row that nothing was sent, which uses up no attempt."""
    version: str = ""
    """Policy version of the text that was sent."""
    how: str = ""
    proof: str = ""
    command: str = ""
    """Id of the `settle_reply` that a person sends or has sent; the machine's is always the same."""
    refused: list[str] = field(default_factory=list)
    """Ids of those that the case refused."""
    stood: Status = "unknown"
    """What a refusal makes of it again."""


class Debts(Struct, kw_only=True):
    """What one case owes, by obligation; an answer stands here once, however many wait for it."""

    by_id: dict[str, Debt] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    """By the obligation that first brought it."""

    def open(self, debt: Debt) -> None:
        """Once per obligation."""
        if debt.obligation not in self.by_id:
            same = (name for name, answer in self.answers.items() if answer == debt.answer)
            words = next(same, debt.obligation)
            self.answers[words] = debt.answer
            self.by_id[debt.obligation] = structs.replace(debt, words=words, answer="")

    def whole(self, debt: Debt) -> Debt:
        """With its answer."""
        return structs.replace(debt, answer=self.answers.get(debt.words, debt.answer))

    def forget(self) -> None:
        """Answers that nobody waits for any more."""
        waits = {debt.words for debt in self.by_id.values()}
        self.answers = {name: answer for name, answer in self.answers.items() if name in waits}

    def next(self) -> float:
        """The earliest action of all, or NEVER."""
        return min((debt.due for debt in self.by_id.values() if debt.due > NEVER), default=NEVER)

    def attention(self) -> list[str]:
        """The states that wait for a person."""
        return sorted({debt.status for debt in self.by_id.values() if debt.status in FOR_A_PERSON})


class Outcome(Struct, frozen=True):
    """What is known after a message was sent or asked about.

    `delivered` (detail: the gateway's reference) and `failed` are definite; `not_taken`: nothing was sent, or the
    gateway does not know the message; `denied`: it does not know the message and does not promise to remember; `away`:
    no connection, so nothing was sent; `silent`: nobody knows; `impossible`: the number cannot be read.
    """

    kind: Literal["delivered", "failed", "not_taken", "denied", "away", "silent", "impossible"]
    detail: str = ""


class Limits(Struct, frozen=True, kw_only=True):
    """How long to try: channels in their order with the attempts on each, number of questions, times in seconds."""

    channels: tuple[tuple[MessageChannel, int], ...]
    asks: int
    first_wait_s: float
    longest_wait_s: float

    def wait(self, nth: int) -> float:
        """Doubled from the first to the longest; `nth` from 0."""
        return float(min(self.first_wait_s * 2 ** min(nth, 20), self.longest_wait_s))


def message_id(debt: Debt) -> str:
    """Identity of the outside effect: obligation, channel, attempt."""
    return derive(debt.obligation, debt.channel, debt.attempt)


def begin(debt: Debt, now: float, answer_by: float, version: str) -> bool:
    """Owed and due: it becomes `sending`, to be asked about from `answer_by` on. False: nothing to begin."""
    if debt.status != "owed" or debt.due > now:
        return False
    debt.status, debt.since, debt.due, debt.version = "sending", now, answer_by, version
    debt.asks = 0
    return True


def to_be_asked(debt: Debt, now: float) -> bool:
    """`sending`, and the request's own timeout has passed."""
    return debt.status == "sending" and debt.due <= now


def conclude(debt: Debt, was: Debt, outcome: Outcome, *, now: float, limits: Limits, asked: bool) -> bool:
    """Write into `debt` what came of the attempt as it was begun. False: somebody else has gone on since."""
    if outcome.kind == "delivered":
        return settle(debt, was.channel, outcome.detail)
    if debt.status != "sending" or (debt.since, message_id(debt)) != (was.since, message_id(was)):
        return False
    match outcome.kind:
        case "failed":
            _failed(debt, now, limits)
        case "impossible":
            _hand_over(debt, "unreachable")
        case "denied":
            _hand_over(debt, "unknown")
        case "silent":
            return asked and _still_silent(debt, now, limits)
        case "away" if asked:
            debt.due = now + limits.first_wait_s
        case _:
            _again(debt, now, limits)
    return True


def reply_command(debt: Debt) -> str:
    """Id of the machine's own `settle_reply`."""
    return caused_command_id(debt.event, "settle_reply", debt.obligation)


def claim(debt: Debt, command: str) -> bool:
    """A person is about to send this `settle_reply`: its refusal may be read before it is noted as sent."""
    if debt.status not in FOR_A_PERSON or debt.command == command:
        return False
    debt.command = command
    return True


def settle(debt: Debt, how: str, proof: str, command: str = "") -> bool:
    """`settle_reply` was sent, or a notice was delivered. False: there is nothing to note.

    `command`: a person's, who holds the claim; where another one has claimed since, that one's counts.
    """
    if debt.status in OVER or command not in ("", debt.command):
        return False
    if debt.kind != "reply":
        close(debt, how, proof)
        return True
    debt.stood = debt.status if debt.status in FOR_A_PERSON else "unknown"
    if (command or reply_command(debt)) in debt.refused:
        debt.status, debt.due = debt.stood, NEVER
        return True
    debt.status, debt.how, debt.proof, debt.command, debt.due = "settled_sent", how, proof, command, NEVER
    return True


def refuse(debt: Debt, command: str) -> bool:
    """The case refused this `settle_reply`, so the reply is still owed. False: it is not this debt's, or is known."""
    ours = command in (debt.command, reply_command(debt)) and command not in debt.refused
    if not ours or debt.status in ("settled", "dropped"):
        return False
    debt.refused.append(command)
    if debt.status == "settled_sent" and command == (debt.command or reply_command(debt)):
        debt.status, debt.how, debt.proof, debt.command = debt.stood, "", "", ""
    return True


def close(debt: Debt, how: str, proof: str) -> None:
    """`reply.settled` was read, or a notice delivered: what is known of the person beyond the mask is forgotten."""
    debt.status, debt.how, debt.proof, debt.due = "settled", how, proof, NEVER
    debt.sealed = debt.answer = debt.words = ""


def drop(debt: Debt) -> None:
    """A notice that did not arrive, or came too late, or a reply that is waived; nobody is asked to call."""
    debt.status, debt.due = "dropped", NEVER
    debt.sealed = debt.answer = debt.words = ""


def _failed(debt: Debt, now: float, limits: Limits) -> None:
    following = _next_attempt(debt, limits)
    if following is None:
        _hand_over(debt, "unreachable")
        return
    debt.status, debt.due = "owed", now + limits.wait(debt.attempt - 1)
    debt.channel, debt.attempt = following
    debt.waits = 0


def _next_attempt(debt: Debt, limits: Limits) -> tuple[MessageChannel, int] | None:
    """The same channel while it has attempts left, then the next; a channel that policy dropped leads to the first."""
    order = [channel for channel, _ in limits.channels]
    if debt.channel not in order:
        return order[0], 1
    here = order.index(debt.channel)
    if debt.attempt < limits.channels[here][1]:
        return debt.channel, debt.attempt + 1
    return (order[here + 1], 1) if here + 1 < len(order) else None


def _again(debt: Debt, now: float, limits: Limits) -> None:
    """Nothing was sent: the same attempt, under the same id, which the gateway takes once at most."""
    debt.status, debt.due = "owed", now + limits.wait(debt.waits)
    debt.waits += 1


def _still_silent(debt: Debt, now: float, limits: Limits) -> bool:
    debt.asks += 1
    if debt.asks >= limits.asks:
        _hand_over(debt, "unknown")
    else:
        debt.due = now + limits.wait(debt.asks - 1)
    return True


def _hand_over(debt: Debt, status: Status) -> None:
    if debt.kind != "reply":
        drop(debt)
        return
    debt.status, debt.due = status, NEVER

"""Transfers of a case to a partner: what may be asked, which step may follow which, and when a case may go back.

The case stays ours until the receipt; a refused transfer leaves it here as it was (domain.md §8, §9).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case, Transfer, TransferState, is_known
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.joins import conclude
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c
from shared.ids import derive

NEXT: dict[TransferState, frozenset[c.TransferStep]] = {
    "asked": frozenset({"receipted", "refused", "unacknowledged"}),
    "receipted": frozenset({"accepted", "refused", "unacknowledged"}),
    "accepted": frozenset({"progressed", "completed", "unacknowledged"}),
    "refused": frozenset(),
    "completed": frozenset(),
}
"""The partner's steps: each once, but progress and one `unacknowledged` per clock; who accepted cannot refuse."""
NO_ANSWER = "no_answer"
"""Code of policy's transfer.yaml: ended by our supervisor, because the partner did not answer in time."""
_STOPS: dict[c.TransferClock, tuple[TransferState, ...]] = {
    "receipt": ("receipted", "refused"),
    "decision": ("accepted", "refused"),
    "result": ("completed", "refused"),
}


def ask(case: Case, command: c.AskTransfer, context: Context) -> Events:
    """Personal data goes to a city only with consent; where life is in danger 110, 119, 120 and 122 get it without.

    It is that of whoever brought the case; those who joined later stay with us.
    """
    emergency = len(command.target) == 3
    _check(case, command)
    person = case.bringer()
    if is_known(person) and not command.consent and not emergency:
        raise Rejected("no_consent", "the reporter must agree that his number is shared with another city")
    return [
        e.TransferAsked(
            transfer=derive("transfer", case.id, command.target, len(case.transfers)),
            target=command.target,
            kind="emergency" if emergency else "city",
            number=case.number,
            title=case.title,
            text=case.text,
            request_type=case.request_type,
            topic=case.topic,
            area=case.area,
            address=case.address,
            priority=case.priority,
            reason=command.reason,
            asked_action=command.asked_action,
            consent=command.consent,
            checkpoint=command.checkpoint,
            plate=command.plate,
            person=person,
        )
    ]


def _check(case: Case, command: c.AskTransfer) -> None:
    if any(one.target == command.target and not one.over() for one in case.transfers):
        raise Rejected("already_transferred", f"{command.target} is asked already and has not ended it")


def record(case: Case, command: c.RecordTransfer, context: Context) -> Events:
    """The partner's step; after the last transfer the case goes on here, with all answers or to a dispatcher."""
    events = _step(case, command)
    return [*events, *_after(case, command, context)] if command.step in ("refused", "completed") else events


def end(case: Case, command: c.EndTransfer, context: Context) -> Events:
    """By a supervisor, once the partner missed a deadline; what he tells afterwards is out of order."""
    transfer = _known(case, command.transfer)
    if transfer.over():
        raise Rejected("out_of_order", f"the transfer is {transfer.state} already")
    if not transfer.overdue:
        raise Rejected("not_overdue", "the partner still has time; a transfer is ended once he missed a deadline")
    reason = NO_ANSWER if command.outcome == "refused" else ""
    ended = c.RecordTransfer(transfer=transfer.id, step=command.outcome, reason=reason, text=command.text)
    return [_event(transfer, ended), *_after(case, ended, context)]


def _after(case: Case, ended: c.RecordTransfer, context: Context) -> Events:
    """What follows for the case where a transfer is over."""
    result = ended.text if ended.step == "completed" else ""
    return conclude(case, context, partner=ended.transfer, result=result)


def _known(case: Case, transfer_id: str) -> Transfer:
    """Raises Rejected."""
    transfer = case.transfer(transfer_id)
    if transfer is None:
        raise Rejected("no_such_transfer", "the case has no such transfer")
    return transfer


def _step(case: Case, command: c.RecordTransfer) -> Events:
    """Raises Rejected for a step out of order."""
    transfer = _known(case, command.transfer)
    if command.step not in NEXT[transfer.state]:
        raise Rejected("out_of_order", f"the transfer is {transfer.state}; {command.step} cannot follow")
    if command.step == "unacknowledged":
        return [_unacknowledged(transfer, command)]
    return [_event(transfer, command)]


def _event(transfer: Transfer, command: c.RecordTransfer) -> Struct:
    common: dict[str, Any] = {"transfer": transfer.id, "target": transfer.target, "update": command.update}
    match command.step:
        case "receipted":
            return e.TransferReceipted(**common)
        case "accepted":
            return e.TransferAccepted(number=command.number, **common)
        case "progressed":
            return e.TransferProgressed(text=command.text, **common)
        case "refused":
            return e.TransferRefused(reason=command.reason, text=command.text, **common)
        case _:
            return e.TransferCompleted(number=command.number or transfer.number, text=command.text, **common)


def _unacknowledged(transfer: Transfer, command: c.RecordTransfer) -> e.TransferUnacknowledged:
    """Judged by domain time: refused where the partner had answered at or before the deadline."""
    if command.due is None:
        raise Rejected("no_deadline", "unacknowledged needs the deadline that passed")
    if command.clock in transfer.overdue:
        raise Rejected("already_unacknowledged", f"the {command.clock} deadline was told already")
    reached = [transfer.reached[state] for state in _STOPS[command.clock] if state in transfer.reached]
    if any(moment <= command.due for moment in reached):
        raise Rejected("clock_stopped", f"the partner had answered before {command.due.isoformat()}")
    return e.TransferUnacknowledged(
        transfer=transfer.id, target=transfer.target, clock=command.clock, due=command.due
    )  # fmt: skip


def hand_back(case: Case, command: c.HandBack, context: Context) -> Events:
    """A received case that no unit has yet; from then on it was accepted, and we arbitrate (domain.md §9)."""
    if len(case.unpaid()) > 1:
        raise Rejected("others_wait", "other reporters joined the case here and wait for an answer")
    return [e.CaseHandedBack(reason=command.reason, text=command.text), e.CaseClosed(reason="handed_back")]


def _asked(case: Case, event: e.TransferAsked, now: datetime) -> None:
    case.transfers.append(Transfer(id=event.transfer, target=event.target, cycle=case.cycle, reached={"asked": now}))


def _reach(case: Case, event: Any, state: TransferState, now: datetime) -> Transfer:
    transfer = case.transfer(event.transfer)
    if transfer is None:
        raise LookupError(f"{case.id}: event about unknown transfer {event.transfer}")
    transfer.state = state
    transfer.reached.setdefault(state, now)
    return transfer


def _receipted(case: Case, event: e.TransferReceipted, now: datetime) -> None:
    _reach(case, event, "receipted", now)


def _accepted(case: Case, event: e.TransferAccepted, now: datetime) -> None:
    _reach(case, event, "accepted", now).number = event.number


def _progressed(case: Case, event: e.TransferProgressed, now: datetime) -> None:
    _reach(case, event, "accepted", now)


def _refused(case: Case, event: e.TransferRefused, now: datetime) -> None:
    _reach(case, event, "refused", now)
    case.conclude()


def _completed(case: Case, event: e.TransferCompleted, now: datetime) -> None:
    transfer = _reach(case, event, "completed", now)
    transfer.number, transfer.result = event.number, event.text
    case.conclude()


def _overdue(case: Case, event: e.TransferUnacknowledged, now: datetime) -> None:
    transfer = case.transfer(event.transfer)
    if transfer is not None:
        transfer.overdue.append(event.clock)


def _handed_back(case: Case, event: e.CaseHandedBack, now: datetime) -> None:
    for debt in case.unpaid():
        debt.state = "waived"


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.TransferAsked: _asked,
    e.TransferReceipted: _receipted,
    e.TransferAccepted: _accepted,
    e.TransferProgressed: _progressed,
    e.TransferRefused: _refused,
    e.TransferCompleted: _completed,
    e.TransferUnacknowledged: _overdue,
    e.CaseHandedBack: _handed_back,
}

"""What is owed to reporters: opened once per reporter and cycle, payable with the answer, then settled."""

from collections.abc import Collection, Iterable

from msgspec import structs

from services.dispatch.domain.case import Case, Debt, DebtState, is_known
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c
from shared.events.deliveries import CHANNELS
from shared.ids import derive


def obligation_id(case: Case, reporter: c.Reporter, cycle: int, merge: str = "", taken: Collection[str] = ()) -> str:
    """Derived; a contact that has one already, for it left another number or came again, gets a further one.

    `taken`: those that are being made beside it.
    """
    about: tuple[str | int, ...] = (case.id, reporter.contact_id, cycle, *([merge] if merge else []))
    known, made, nth = {debt.id for debt in case.debts}.union(taken), derive("obligation", *about), 1
    while made in known:
        nth += 1
        made = derive("obligation", *about, nth)
    return made


def obligations(case: Case, cycle: int) -> tuple[str, ...]:
    """Of a new cycle, in the order of `reporters`; empty for who left no contact, still waits, or is about to leave."""
    made: list[str] = []
    for debt in case.reporters():
        again = is_known(debt.reporter.person) and debt.state not in ("open", "leaving")
        made.append(obligation_id(case, debt.reporter, cycle, debt.merge, made) if again else "")
    return tuple(made)


def begin_cycle(case: Case, cycle: int, obligations: tuple[str, ...]) -> None:
    """A new cycle, in which everybody is owed an answer again."""
    reporters = case.reporters()
    case.closed = case.reopen_requested = case.supplement = False
    case.cycle, case.answer, case.end = cycle, "", "closed"
    case.parked_at = case.first_parked_at = case.related.link = None
    case.parked = []
    for debt_id, known in zip(obligations, reporters, strict=False):
        if debt_id:
            case.debts.append(structs.replace(known, id=debt_id, cycle=cycle, state="open"))


def turn(debts: Iterable[Debt], before: DebtState, after: DebtState) -> None:
    """Those in one state go into another."""
    for debt in debts:
        if debt.state == before:
            debt.state = after


def owed(case: Case, debt_id: str, reporter: c.Reporter, number: str = "") -> e.ReplyOwed:
    """`number`: the one the reporter knows, where it is another case's."""
    return _owed(case, debt_id, reporter, number, case.answer)


def _owed(case: Case, debt_id: str, reporter: c.Reporter, number: str, answer: str) -> e.ReplyOwed:
    mine = number or case.number
    return e.ReplyOwed(obligation=debt_id, number=mine, reporter=reporter, answer=personal(answer, case, mine))


def personal(answer: str, case: Case, number: str) -> str:
    """`{number}`, `{title}` and `{address}` in an answer to many stand for what each of them knows his case by."""
    details = {"{number}": number, "{title}": case.title, "{address}": case.address}
    for name, mine in details.items():
        answer = answer.replace(name, mine)
    return answer


def pay(case: Case, answer: str, context: Context) -> Events:
    """The last of units and partners has answered: every open reply is payable now."""
    events = payable(case, answer)
    if events or case.unpaid():
        return events
    return [] if _wants_follow_up(case, context) else [e.CaseClosed(reason="nobody_waits")]


def payable(case: Case, answer: str) -> Events:
    """Each open obligation with the answer that is to be told."""
    return [_owed(case, debt.id, debt.reporter, debt.number, answer) for debt in case.debts if debt.state == "open"]


def _wants_follow_up(case: Case, context: Context, gone: Collection[str] = ()) -> bool:
    """Somebody who is still here can be asked, and policy wants it; who was referred elsewhere is not asked."""
    somebody = any(is_known(debt.reporter.person) for debt in case.reporters() if debt.id not in gone)
    return somebody and case.end != "referred" and case.request_type in context.rules.follow_up


def settle_reply(case: Case, command: c.SettleReply, context: Context) -> Events:
    """By notify, with the proof of a message, or by a person."""
    debt = case.debt(command.obligation)
    if debt is None or debt.state != "owed":
        raise Rejected("not_owed", f"this obligation is {debt.state if debt else 'unknown'}")
    if command.how in CHANNELS and context.role != "service":
        raise Rejected("not_possible", f"{command.how} is what notify has sent; a person settles: person, unreachable")
    events: Events = [e.ReplySettled(obligation=debt.id, how=command.how, proof=command.proof)]
    if closes(case, context, paid=debt.id):
        events.append(e.CaseClosed(reason="referred" if case.end == "referred" else "replied"))
    return events


def closes(case: Case, context: Context, *, paid: str = "", gone: Collection[str] = ()) -> bool:
    """Whether nobody is left to answer or to ask once that debt is paid, or these have gone with their reporters."""
    left = [debt for debt in case.unpaid() if debt.id not in (paid, *gone)]
    if case.closed or case.reopen_requested or left:
        return False
    ready = case.finished() or case.end == "referred"
    return ready and not _wants_follow_up(case, context, gone)

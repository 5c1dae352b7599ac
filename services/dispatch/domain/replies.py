"""What is owed to reporters: opened once per reporter and cycle, payable with the answer, then settled."""

from services.dispatch.domain.case import Case, Debt, is_known
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c
from shared.ids import derive


def obligation_id(case: Case, reporter: c.Reporter, cycle: int) -> str:
    return derive("obligation", case.id, reporter.contact_id, cycle)


def owed(case: Case, debt_id: str, reporter: c.Reporter) -> e.ReplyOwed:
    return e.ReplyOwed(obligation=debt_id, number=case.number, reporter=reporter, answer=case.answer)


def pay(case: Case, answer: str, context: Context) -> Events:
    """The last of units and partners has answered: every open reply is payable now."""
    events = payable(case, answer)
    if events or case.unpaid():
        return events
    return [] if _wants_follow_up(case, context) else [e.CaseClosed(reason="nobody_waits")]


def payable(case: Case, answer: str) -> Events:
    """Each open obligation with the answer that is to be told."""
    return [
        e.ReplyOwed(obligation=debt.id, number=case.number, reporter=debt.reporter, answer=answer)
        for debt in case.debts
        if debt.state == "open"
    ]


def _wants_follow_up(case: Case, context: Context) -> bool:
    """Somebody can be asked, and policy wants it; who was referred elsewhere is not asked."""
    somebody = any(is_known(debt.reporter.person) for debt in case.debts)
    return somebody and case.end != "referred" and case.request_type in context.rules.follow_up


def settle_reply(case: Case, command: c.SettleReply, context: Context) -> Events:
    debt = case.debt(command.obligation)
    if debt is None or debt.state != "owed":
        raise Rejected("not_owed", f"this obligation is {debt.state if debt else 'unknown'}")
    events: Events = [e.ReplySettled(obligation=debt.id, how=command.how, proof=command.proof)]
    if _closes(case, debt, context):
        events.append(e.CaseClosed(reason="referred" if case.end == "referred" else "replied"))
    return events


def _closes(case: Case, last: Debt, context: Context) -> bool:
    """The last reply of a case whose units are done, where policy wants no follow-up."""
    if case.closed or case.reopen_requested or any(debt.id != last.id for debt in case.unpaid()):
        return False
    ready = case.finished() or case.end == "referred"
    return ready and not _wants_follow_up(case, context)

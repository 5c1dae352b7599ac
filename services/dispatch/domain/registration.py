"""How a case begins, and who joins it later: register and attach."""

from services.dispatch.domain.case import Case, is_known
from services.dispatch.domain.context import Context, Events, Routing
from services.dispatch.domain.orders import dispatch
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.replies import obligation_id, owed
from shared.events import cases as e
from shared.events import commands as c


def register(case: Case, command: c.Register, context: Context) -> Events:
    if context.first_case:
        raise Rejected("already_registered", f"this contact's matter is case {context.first_case}")
    routing = context.rules.route(command)
    registered = _registration(case, command, context, routing)
    if command.answer:
        answered = e.CaseAnswered(answer=command.answer, knowledge=command.knowledge)
        return [registered, answered, e.CaseClosed(reason="answered_at_desk")]
    if not routing.lead:
        return [registered]
    return [registered, *dispatch(case, registered, context, routing)]


def _registration(case: Case, command: c.Register, context: Context, routing: Routing) -> e.CaseRegistered:
    known = is_known(command.reporter.person)
    return e.CaseRegistered(
        number=context.number,
        matter=command.matter,
        reporter=command.reporter,
        title=command.title,
        text=command.text,
        request_type=command.request_type,
        topic=command.topic,
        area=command.area,
        address=command.address,
        priority=routing.priority,
        obligation=obligation_id(case, command.reporter, 1),
        obligation_state="settled" if command.answer else "open" if known else "waived",
        keeper=context.subject if context.role == "agent" else "",
    )


def attach(case: Case, command: c.Attach, context: Context) -> Events:
    debt_id = _debt_of_attach(case, command.reporter)
    events: Events = [e.ContactAttached(reporter=command.reporter, text=command.text, obligation=debt_id)]
    if debt_id and case.answered():
        events.append(owed(case, debt_id, command.reporter))
    if case.closed:
        events.append(e.CaseReopenRequested(contact_id=command.reporter.contact_id))
    return events


def _debt_of_attach(case: Case, reporter: c.Reporter) -> str:
    """One obligation per reporter and cycle; none where nobody can be told."""
    person = reporter.person
    if not is_known(person):
        return ""
    same = [
        debt for debt in case.debts
        if debt.reporter.person.caller_ref == person.caller_ref
        and (debt.cycle == case.cycle or debt.state == "open")
    ]  # fmt: skip
    return "" if same else obligation_id(case, reporter, case.cycle)

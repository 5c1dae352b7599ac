"""How a case begins, and who joins it later: register and attach."""

from services.dispatch.domain.case import Case, Debt, is_known
from services.dispatch.domain.context import Context, Events, Routing
from services.dispatch.domain.merging import hand_on
from services.dispatch.domain.orders import dispatch
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.replies import obligation_id, owed
from services.dispatch.domain.situation import situation_of
from shared.deadlines import Matter
from shared.events import cases as e
from shared.events import commands as c
from shared.events.topics import lane_of


def register(case: Case, command: c.Register, context: Context) -> Events:
    if context.first_case:
        raise Rejected("already_registered", f"this contact's matter is case {context.first_case}")
    urgent = lane_of(case.id) == "urgent"
    routing = context.rules.route(situation_of(command, context.at, _profile(command, context), urgent=urgent))
    registered = _registration(case, command, context, routing)
    if command.answer:
        answered = e.CaseAnswered(answer=command.answer, knowledge=command.knowledge)
        return [registered, answered, e.CaseClosed(reason="answered_at_desk")]
    if not routing.lead:
        return [registered]
    return [registered, *dispatch(case, registered, context, routing, routing.join_policy)]


def _profile(command: c.Register, context: Context) -> str:
    """The surge profile that routing sees; before it has graded, a matter that nobody judged is an ordinary one."""
    about = Matter(
        priority=command.priority or "P2", request_type=command.request_type, topic=command.topic, area=command.area
    )
    return context.rules.profile(about, context.profiles)


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
        priority_why=routing.priority_why,
        obligation=obligation_id(case, command.reporter, 1),
        obligation_state="settled" if command.answer else "open" if known else "waived",
        split_from=command.split_from,
        received=context.role == "partner",
        keeper=context.subject if context.role == "agent" else "",
    )


def attach(case: Case, command: c.Attach, context: Context) -> Events:
    return _join(case, command.reporter, command.text)


def take_on(case: Case, command: c.TakeOn, context: Context) -> Events:
    """A reporter of a merged case; once it was let go it knows him itself, and nothing is owed him here."""
    if command.merge not in case.related.absorbed:
        raise Rejected("separated", "that case is no longer merged into this one, and has its reporters")
    return _join(case, command.reporter, command.text, command.number, command.merge)


def _join(case: Case, reporter: c.Reporter, text: str, number: str = "", merge: str = "") -> Events:
    into = case.related.merge
    if into is not None and into.done:
        joined = e.ContactAttached(reporter=reporter, text=text, obligation="", number=number, merge=merge)
        debt = Debt(id="", reporter=reporter, cycle=case.cycle, state="moved", merge=merge, number=number)
        return [joined, hand_on(case, into, debt, text)]
    debt_id = _debt_of_attach(case, reporter, merge)
    joined = e.ContactAttached(reporter=reporter, text=text, obligation=debt_id, number=number, merge=merge)
    events: Events = [joined]
    if debt_id and case.answered():
        events.append(owed(case, debt_id, reporter, number))
    if case.closed:
        events.append(e.CaseReopenRequested(contact_id=reporter.contact_id))
    return events


def _debt_of_attach(case: Case, reporter: c.Reporter, merge: str) -> str:
    """One obligation per reporter and cycle, also of each merged case; none where nobody can be told.

    Whoever took his request back and comes again waits again.
    """
    person = reporter.person
    if not is_known(person):
        return ""
    same = [
        debt for debt in case.debts
        if debt.merge == merge and debt.state not in ("split", "waived")
        and (debt.cycle == case.cycle or debt.state == "open")
        and debt.reporter.person.caller_ref == person.caller_ref
    ]  # fmt: skip
    return "" if same else obligation_id(case, reporter, case.cycle, merge)

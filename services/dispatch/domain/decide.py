"""What a command makes of a case: a pure function from state, command and circumstances to events.

A command is never ignored: it becomes events, or one `command.rejected` with the reason.
"""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct, structs

from services.dispatch.domain import transfers as t
from services.dispatch.domain.case import ENDED, Case, Debt, Order, is_known, state_of
from services.dispatch.domain.context import Context, Routing
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.situation import situation_of
from shared.events import cases as e
from shared.events import commands as c
from shared.ids import derive

Events = list[Struct]


class Matter(Protocol):
    """What an order inherits: from the case, or from the registration that is just being decided."""

    @property
    def priority(self) -> c.Priority: ...
    @property
    def request_type(self) -> c.RequestType: ...


def decide(case: Case, command: Struct, context: Context) -> Events:
    """The events that the command causes, at least one. Raises Rejected."""
    if not case.registered and not isinstance(command, c.Register):
        raise Rejected("no_such_case", "this id was refused at registration and is no case")
    return _DECIDE[type(command)](case, command, context)


def rejection(case: Case, command: Struct, context: Context, error: Rejected) -> e.CommandRejected:
    """The event that tells everybody of a rejection; a unit hears of it on its own feed."""
    order = getattr(command, "order", "")
    known = case.order(order)
    verb = c.verb_of(c.COMMANDS.type_of(command))
    unit = context.actor.removeprefix("unit:") if context.actor.startswith("unit:") else ""
    if known is not None and not unit:
        unit = known.unit
    mine = known is not None and known.unit == unit
    return e.CommandRejected(
        verb=verb, reason=error.reason, detail=error.detail, order=order if mine else "", unit=unit
    )


def _register(case: Case, command: c.Register, context: Context) -> Events:
    if context.first_case:
        raise Rejected("already_registered", f"this contact's matter is case {context.first_case}")
    if case.registered:
        raise Rejected("already_registered", f"this is case {case.number}")
    routing = context.rules.route(situation_of(command, context.at))
    registered = _registration(case, command, context, routing)
    if command.answer:
        answered = e.CaseAnswered(answer=command.answer, knowledge=command.knowledge)
        return [registered, answered, e.CaseClosed(reason="answered_at_desk")]
    if not routing.lead:
        return [registered]
    return [registered, *_dispatch(case, registered, context, routing)]


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
        obligation=_debt_id(case, command.reporter, 1),
        obligation_state="settled" if command.answer else "open" if known else "waived",
    )


def _dispatch(case: Case, matter: Matter, context: Context, routing: Routing) -> Events:
    supporting = tuple(dict.fromkeys(unit for unit in routing.supporting if unit != routing.lead))
    units = (routing.lead, *supporting)
    _check_units(units, context)
    head = e.CaseDispatched(
        rule=routing.rule,
        why=routing.why,
        policy_version=context.rules.version,
        units=units,
        join_policy=routing.join_policy,
    )
    lead = _issue(case, routing.lead, "lead", matter, cycle=case.cycle)
    return [head, lead, *(_issue(case, unit, "supporting", matter, cycle=case.cycle) for unit in supporting)]


def _check_units(units: tuple[str, ...], context: Context) -> None:
    unknown = [unit for unit in units if unit not in context.rules.units]
    if unknown:
        raise Rejected("unit_unknown", f"no such unit: {', '.join(unknown)}")


def _issue(
    case: Case, unit: str, role: e.UnitRole, matter: Matter, *, cycle: int, returns: int = 0
) -> e.WorkOrderIssued:
    return e.WorkOrderIssued(
        order=derive("order", case.id, unit, cycle, returns),
        unit=unit,
        role=role,
        cycle=cycle,
        returns=returns,
        priority=matter.priority,
        request_type=matter.request_type,
    )


def _debt_id(case: Case, reporter: c.Reporter, cycle: int) -> str:
    return derive("obligation", case.id, reporter.contact_id, cycle)


def _attach(case: Case, command: c.Attach, context: Context) -> Events:
    debt_id = _debt_of_attach(case, command.reporter)
    events: Events = [e.ContactAttached(reporter=command.reporter, text=command.text, obligation=debt_id)]
    if debt_id and case.answered():
        events.append(_owe(case, debt_id, command.reporter))
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
        if debt.cycle == case.cycle and debt.reporter.person.caller_ref == person.caller_ref
    ]  # fmt: skip
    return "" if same else _debt_id(case, reporter, case.cycle)


def _owe(case: Case, debt_id: str, reporter: c.Reporter) -> e.ReplyOwed:
    return e.ReplyOwed(obligation=debt_id, number=case.number, reporter=reporter, answer=case.answer)


def _assign(case: Case, command: c.Assign, context: Context) -> Events:
    if case.current():
        raise Rejected("already_issued", f"orders are out; the case is {state_of(case)}")
    if state_of(case) not in ("PENDING_DISPATCH", "TRANSFERRED"):
        raise Rejected("not_pending", f"the case is {state_of(case)}, not PENDING_DISPATCH")
    routing = Routing(
        priority=case.priority,
        rule="person",
        why=context.actor,
        lead=command.lead,
        supporting=command.supporting,
        join_policy=command.join_policy,
    )
    return _dispatch(case, case, context, routing)


def _own_order(case: Case, order_id: str, context: Context) -> Order:
    order = case.order(order_id)
    actor = context.actor
    if order is None or (actor.startswith("unit:") and order.unit != actor.removeprefix("unit:")):
        raise Rejected("not_its_order", "this unit has no such order on this case")
    return order


def _sign(case: Case, command: c.Sign, context: Context) -> Events:
    order = _own_order(case, command.order, context)
    stopped = order.stopped.get("sign")
    if order.state != "WAIT_SIGN":
        why = f"the order is {order.state}" + (f" since {stopped.isoformat()}" if stopped else "")
        raise Rejected("already_signed", why)
    return [e.WorkOrderSigned(order=order.id, unit=order.unit, due=command.due)]


def _ask_return(case: Case, command: c.AskReturn, context: Context) -> Events:
    order = _own_order(case, command.order, context)
    _check_return(case, order, context)
    if command.proposed_unit:
        _check_units((command.proposed_unit,), context)
    return [
        e.WorkOrderReturnAsked(
            order=order.id,
            unit=order.unit,
            reason=command.reason,
            basis=command.basis,
            proposed_unit=command.proposed_unit,
        )
    ]


def _check_return(case: Case, order: Order, context: Context) -> None:
    if order.fixed or order.returns >= context.rules.max_returns:
        raise Rejected("no_more_returns", "the unit is in charge; the order cannot be returned again")
    undoes_silence = order.silent_until is not None and context.at < order.silent_until
    if order.state != "WAIT_SIGN" and not (order.state == "HANDLING" and undoes_silence):
        raise Rejected("not_returnable", f"the order is {order.state}; only an unsigned order can be returned")
    urgent = case.priority in ("P0", "P1")
    period = context.rules.return_within_urgent if urgent else context.rules.return_within
    due = context.rules.due(order.issued_at, period)
    if context.at > due:
        raise Rejected("too_late", f"a return had to be asked by {due.isoformat()}")


def _judge_return(case: Case, command: c.JudgeReturn, context: Context) -> Events:
    order = _own_order(case, command.order, context)
    if order.state != "RETURN_ASKED":
        raise Rejected("nothing_to_judge", f"the order is {order.state}; no return is asked")
    if not command.approve:
        return [e.WorkOrderReturnRefused(order=order.id, unit=order.unit, reason=command.reason)]
    returns = order.returns + 1
    if returns >= context.rules.max_returns:
        return [e.CaseArbitrationOpened(order=order.id, returns=returns, unit=order.unit)]
    return [e.WorkOrderReturned(order=order.id, unit=order.unit), _replacement(case, order, command, context)]


def _replacement(case: Case, order: Order, command: c.JudgeReturn, context: Context) -> e.WorkOrderIssued:
    if not command.unit or command.unit == order.unit:
        raise Rejected("no_unit", "name the unit that gets the order instead")
    _check_units((command.unit,), context)
    if any(other.unit == command.unit for other in case.current()):
        raise Rejected("already_issued", f"{command.unit} already has an order on this case")
    return _issue(case, command.unit, order.role, case, cycle=case.cycle, returns=order.returns + 1)


def _answer(case: Case, command: c.Answer, context: Context) -> Events:
    order = _own_order(case, command.order, context)
    if order.state != "HANDLING":
        raise Rejected("not_signed", f"the order is {order.state}; only a signed order can be answered")
    return [
        e.WorkOrderAnswered(
            order=order.id,
            unit=order.unit,
            public_answer=command.public_answer,
            internal=command.internal,
            solved=command.solved,
        )
    ]


def _audit(case: Case, command: c.Audit, context: Context) -> Events:
    order = _own_order(case, command.order, context)
    if order.state != "FED_BACK":
        raise Rejected("nothing_to_audit", f"the order is {order.state}; no answer waits for audit")
    if not command.passed:
        return [e.WorkOrderSentBack(order=order.id, unit=order.unit, reason=command.reason)]
    done: Events = [e.WorkOrderDone(order=order.id, unit=order.unit)]
    others = [other for other in case.current() if other.id != order.id]
    if case.transferred() or any(other.state != "DONE" for other in others):
        return done
    return done + _pay(case, case.answers(), context)


def _pay(case: Case, answer: str, context: Context) -> Events:
    """The last of units and partners has answered: every open reply is payable now."""
    payable = [debt for debt in case.debts if debt.state == "open"]
    owed: Events = [
        e.ReplyOwed(obligation=debt.id, number=case.number, reporter=debt.reporter, answer=answer) for debt in payable
    ]
    if owed or case.unpaid():
        return owed
    return [] if _wants_follow_up(case, context) else [e.CaseClosed(reason="nobody_waits")]


def _wants_follow_up(case: Case, context: Context) -> bool:
    somebody = any(is_known(debt.reporter.person) for debt in case.debts)
    return somebody and case.request_type in context.rules.follow_up


def _settle_reply(case: Case, command: c.SettleReply, context: Context) -> Events:
    debt = case.debt(command.obligation)
    if debt is None or debt.state != "owed":
        raise Rejected("not_owed", f"this obligation is {debt.state if debt else 'unknown'}")
    events: Events = [e.ReplySettled(obligation=debt.id, how=command.how, proof=command.proof)]
    if _closes(case, debt, context):
        events.append(e.CaseClosed(reason="replied"))
    return events


def _closes(case: Case, last: Debt, context: Context) -> bool:
    """The last reply of a case whose units are done, where policy wants no follow-up."""
    if case.closed or case.reopen_requested or any(debt.id != last.id for debt in case.unpaid()):
        return False
    return case.finished() and not _wants_follow_up(case, context)


def _follow_up(case: Case, command: c.FollowUp, context: Context) -> Events:
    if state_of(case) != "PENDING_CALLBACK":
        raise Rejected("replies_open", f"the case is {state_of(case)}, not PENDING_CALLBACK")
    heard = e.CaseFollowedUp(solved=command.solved, satisfaction=command.satisfaction, comment=command.comment)
    if command.solved:
        return [heard, e.CaseClosed(reason="solved")]
    return [heard, *_new_cycle(case, "follow_up_unsolved")]


def _new_cycle(case: Case, reason: str) -> Events:
    """A new cycle: everybody is owed an answer again, and the same units get new orders."""
    cycle = case.cycle + 1
    debts = tuple(_debt_id(case, reporter, cycle) if is_known(reporter.person) else "" for reporter in case.reporters())
    orders = [_issue(case, order.unit, order.role, case, cycle=cycle) for order in case.current()]
    return [e.CaseReopened(cycle=cycle, reason=reason, obligations=debts), *orders]


def _close(case: Case, command: c.Close, context: Context) -> Events:
    if case.closed:
        raise Rejected("already_closed", "the case is CLOSED")
    if case.unpaid():
        raise Rejected("debts_open", f"{len(case.unpaid())} reporters still wait for their reply")
    if any(order.state not in ENDED for order in case.current()):
        raise Rejected("orders_open", f"work orders are open; the case is {state_of(case)}")
    if case.transferred():
        raise Rejected("transfers_open", "a partner still has the case; wait for its answer or its refusal")
    return [e.CaseClosed(reason=command.reason)]


def _reopen(case: Case, command: c.Reopen, context: Context) -> Events:
    if state_of(case) not in ("CLOSED", "REOPEN_REQUESTED"):
        raise Rejected("not_closed", f"the case is {state_of(case)}")
    return _new_cycle(case, command.reason)


def _note(case: Case, command: c.Note, context: Context) -> Events:
    unit = context.actor.removeprefix("unit:")
    if unit != context.actor and all(order.unit != unit for order in case.orders):
        raise Rejected("not_its_case", "this unit has no order on the case")
    return [e.CaseNoted(**structs.asdict(command))]


def _running(case: Case, command: Any, context: Context) -> Order:
    """The order whose clock ran out; rejected if the clock had stopped at or before `due`."""
    order = _own_order(case, command.order, context)
    stopped = order.stopped.get(command.clock)
    if stopped is not None and stopped <= command.due:
        raise Rejected("clock_stopped", f"the {command.clock} clock stopped at {stopped.isoformat()}")
    return order


def _warn(case: Case, command: c.Warn, context: Context) -> Events:
    order = _running(case, command, context)
    if command.clock in order.warned:
        raise Rejected("already_warned", f"the {command.clock} clock has warned")
    return [e.DeadlineWarned(clock=command.clock, order=order.id, unit=order.unit, due=command.due)]


def _breach(case: Case, command: c.Breach, context: Context) -> Events:
    order = _running(case, command, context)
    if command.clock in order.breached:
        raise Rejected("already_breached", f"the {command.clock} clock is breached")
    return [e.DeadlineBreached(clock=command.clock, order=order.id, unit=order.unit, due=command.due)]


def _record_transfer(case: Case, command: c.RecordTransfer, context: Context) -> Events:
    """After its last transfer the case goes on here: with all answers to the reporters, or to a dispatcher."""
    events = t.record(case, command)
    answer = t.answer_after(case, command)
    return [*events, *_pay(case, answer, context)] if answer else events


_DECIDE: dict[type[Struct], Callable[[Case, Any, Context], Events]] = {
    c.Register: _register,
    c.Attach: _attach,
    c.Assign: _assign,
    c.Sign: _sign,
    c.AskReturn: _ask_return,
    c.JudgeReturn: _judge_return,
    c.Answer: _answer,
    c.Audit: _audit,
    c.SettleReply: _settle_reply,
    c.FollowUp: _follow_up,
    c.Close: _close,
    c.Reopen: _reopen,
    c.Note: _note,
    c.Warn: _warn,
    c.Breach: _breach,
    c.AskTransfer: t.ask,
    c.RecordTransfer: _record_transfer,
    c.HandBack: t.hand_back,
}

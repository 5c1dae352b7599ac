"""Any command at any time: a walk draws commands for one case, so that its whole machine is seen."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar, get_args

from msgspec import Struct

from services.dispatch.domain.case import Case, Debt, Order, Transfer
from services.dispatch.domain.context import Context, Rules
from services.dispatch.domain.decide import decide
from services.dispatch.domain.evolve import evolve
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.states import state_of
from shared.events import cases as e
from shared.events import commands as c
from shared.states import ENDED, OVER, CaseState, OrderState
from tests.factories import LEAD, LOWER, LOWEST, RULES, SECOND, START, THIRD, case_of, context, register, reporter

Item = TypeVar("Item")
Choose = Callable[[int], int]
"""How many there are → which one."""
NAMES = ("", "wang", "li")
UNITS = (LEAD, SECOND, THIRD, LOWER, LOWEST)
HOURS = (0, 0, 0, 1, 5, 30, 400)
OTHER = case_of("other")


class Step(Struct, frozen=True, kw_only=True):
    """What one accepted command did to the case, and to the order that it named."""

    verb: str
    before: CaseState
    after: CaseState
    order: tuple[OrderState, OrderState] | None = None


class Walk:
    """One case from its registration on. `choose` is a seed's or Hypothesis' source of choices."""

    def __init__(self, choose: Choose, rules: Rules = RULES) -> None:
        self.case = Case(id=case_of())
        self.history: list[tuple[Struct, datetime]] = []
        self.now = START
        self._choose = choose
        self._rules = rules
        self.contacts = 1

    def of(self, items: Sequence[Item]) -> Item:
        return items[self._choose(len(items))]

    def often(self) -> bool:
        return self._choose(4) > 0

    def step(self, verb: str) -> Step | None:
        """Draw a command with this verb and try it; nothing where it was refused or has nothing to name."""
        self.now += timedelta(hours=self.of(HOURS))
        command = (_MAKERS | _TIES)[verb](self)
        return None if command is None else self.do(command)

    def do(self, command: Struct) -> Step | None:
        """What the command did; nothing where it was refused. Any exception but Rejected is a defect."""
        verb, before = c.verb_of(c.COMMANDS.type_of(command)), state_of(self.case)
        named = self.case.order(getattr(command, "order", ""))
        was = named.state if named else None
        try:
            events = decide(self.case, command, self._context(command, named))
        except Rejected:
            return None
        for event in events:
            self.happen(event)
        order = (was, named.state) if named is not None and was is not None else None
        return Step(verb=verb, before=before, after=state_of(self.case), order=order)

    def happen(self, event: Struct) -> None:
        evolve(self.case, event, self.now)
        self.history.append((event, self.now))

    def _context(self, command: Struct, order: Order | None) -> Context:
        actor = "supervisor:s" if self.often() else "agent:a1"
        if isinstance(command, c.SettleReply) or (isinstance(command, c.Sign) and command.due is not None):
            actor = "service:test"
        if isinstance(command, c.Delegate) and order is not None:
            actor = f"unit:{order.unit}"
        if isinstance(command, c.AnswerSupervision) and (one := self.case.supervision(command.supervision)):
            actor = f"unit:{one.unit or self.of(UNITS)}"
        return context(actor=actor, at=self.now, now=self.now, rules=self._rules)

    def contact(self) -> c.Reporter:
        """Mostly a new one; in one call somebody may leave another number, or call himself again."""
        self.contacts += self.contacts < 2 or self.often()
        return reporter(f"c{self.contacts}", self.of(NAMES))

    def order(self) -> str:
        """Mostly one that is open."""
        live = [order for order in self.case.orders if order.state not in ENDED]
        found = live if live and self.often() else self.case.orders
        return self.of(found).id if found else "none"

    def later(self, days: int) -> datetime:
        return self.now + timedelta(days=self._choose(days + 1))


def _register(walk: Walk) -> Struct:
    return register(
        text=walk.of(("routed", "both", "unclear")),
        reporter=reporter("c1", walk.of(NAMES)),
        request_type=walk.of(("QZ", "JY")),
        priority=walk.of((None, None, "P1")),
        answer="" if walk.often() else "told at once",
    )


def _assign(walk: Walk) -> Struct:
    return c.Assign(
        lead=walk.of((*UNITS, "")),
        supporting=tuple(dict.fromkeys(walk.of(UNITS) for _ in range(walk.of((0, 1, 2))))),
        join_policy=walk.of(("all", "quorum", "lead")),
    )


def _regrade(walk: Walk) -> Struct:
    priorities: tuple[c.Priority | None, ...] = (None, "P1", "P2", "P3")
    types: tuple[c.RequestType | None, ...] = (None, "QZ", "JY")
    return c.Regrade(reason="r", priority=walk.of(priorities), request_type=walk.of(types))


def _extension(walk: Walk) -> Struct | None:
    order = walk.case.order(walk.order())
    if order is None:
        return None
    due = order.due or order.issued_at + timedelta(days=5)
    return c.AskExtension(order=order.id, until=due + timedelta(days=walk.of((1, 2, 3, 4))), reason="r")


def _settle(walk: Walk) -> Struct | None:
    debts: list[Debt] = walk.case.unpaid() or walk.case.debts
    return c.SettleReply(obligation=walk.of(debts).id, how="sms") if debts else None


def _transfer(walk: Walk) -> Struct | None:
    transfers: list[Transfer] = walk.case.transfers
    steps: tuple[c.TransferStep, ...] = get_args(c.TransferStep)
    if not transfers:
        return None
    return c.RecordTransfer(
        transfer=walk.of(transfers).id, step=walk.of(steps), text="theirs", clock=walk.of(("receipt", "result")),
        due=walk.now,
    )  # fmt: skip


def _end(walk: Walk) -> Struct | None:
    """Of one whose partner missed a deadline; where there is none, he misses one now."""
    if not walk.case.transfers:
        return None
    one = walk.of(walk.case.transfers)
    if not one.over() and not one.overdue:
        walk.happen(
            e.TransferUnacknowledged(transfer=one.id, target=one.target, clock="result", due=walk.now)
        )  # fmt: skip
    outcome: Literal["refused", "completed"] = "completed" if walk.often() else "refused"
    return c.EndTransfer(transfer=one.id, outcome=outcome, text="by telephone")


def _clock(walk: Walk) -> dict[str, Any]:
    """Of an order, or the case's own."""
    order, clock = walk.of(((walk.order(), walk.of(("sign", "resolve"))), ("", "reply")))
    return {"order": order, "clock": clock, "due": walk.now - timedelta(hours=walk.of((1, 2_000)))}


def _escalate(walk: Walk) -> Struct:
    return c.Escalate(rung="urge", step="phone", role="unit", channel="phone", **_clock(walk))


def _supervise(walk: Walk) -> Struct:
    return c.Supervise(reason="r", order=walk.order() if walk.often() else "")


def _supervision(walk: Walk, state: str) -> str:
    """One in that state; where there is none, one is opened (and answered) first, as it might have been long ago."""
    known = next((one.id for one in walk.case.supervisions if one.state == state), "")
    if known or not walk.case.registered:
        return known or "none"
    made = f"s{len(walk.case.supervisions)}"
    walk.happen(e.SupervisionOpened(supervision=made, order="", unit=LEAD, reason="r", number="n"))
    if state == "ANSWERED":
        walk.happen(e.SupervisionAnswered(supervision=made, unit=LEAD, text="t"))
    return made


_MAKERS: dict[str, Callable[[Walk], Struct | None]] = {
    "register": _register,
    "attach": lambda w: c.Attach(reporter=w.contact()),
    "note": lambda w: c.Note(text="n"),
    "keep": lambda w: c.Keep(keeper=w.of(("a1", "a2")), note=w.of(("", "n"))),
    "assign": _assign,
    "delegate": lambda w: c.Delegate(order=w.order(), unit=w.of((LOWER, LOWEST))),
    "recall": lambda w: c.Recall(order=w.order(), reason="r"),
    "sign": lambda w: c.Sign(order=w.order(), due=None if w.often() else w.now + timedelta(hours=9)),
    "ask_return": lambda w: c.AskReturn(order=w.order(), reason="not_ours"),
    "judge_return": lambda w: c.JudgeReturn(order=w.order(), approve=w.often(), unit=w.of(UNITS), reason="r"),
    "arbitrate": lambda w: c.Arbitrate(order=w.order(), unit=w.of(UNITS), reason="r"),
    "ask_extension": _extension,
    "judge_extension": lambda w: c.JudgeExtension(order=w.order(), approve=w.often()),
    "report_contact": lambda w: c.ReportContact(order=w.order()),
    "report_progress": lambda w: c.ReportProgress(order=w.order(), text="p"),
    "answer": lambda w: c.Answer(order=w.order(), public_answer="a"),
    "audit": lambda w: c.Audit(order=w.order(), passed=w.often(), reason="r"),
    "ask_supplement": lambda w: c.AskSupplement(text="where"),
    "supplement": lambda w: c.Supplement(text="here"),
    "regrade": _regrade,
    "park": lambda w: c.Park(reason="r", review_at=w.later(200)),
    "resume": lambda w: c.Resume(reason="r"),
    "withdraw": lambda w: c.Withdraw(reason="r"),
    "refer": lambda w: c.Refer(reason="r", route="the court"),
    "settle_reply": _settle,
    "follow_up": lambda w: c.FollowUp(solved=w.often()),
    "close": lambda w: c.Close(reason="r"),
    "archive": lambda w: c.Archive(reason="r"),
    "reopen": lambda w: c.Reopen(reason="r"),
    "warn": lambda w: c.Warn(**_clock(w)),
    "breach": lambda w: c.Breach(**_clock(w)),
    "escalate": _escalate,
    "supervise": _supervise,
    "answer_supervision": lambda w: c.AnswerSupervision(supervision=_supervision(w, "ISSUED"), text="t"),
    "judge_supervision": lambda w: c.JudgeSupervision(
        supervision=_supervision(w, "ANSWERED"), passed=w.often(), text="t"
    ),
    "ask_transfer": lambda w: c.AskTransfer(
        target=w.of(("110000", "120")), reason="r", asked_action="a", consent=w.often()
    ),
    "record_transfer": _transfer,
    "end_transfer": _end,
    "hand_back": lambda w: c.HandBack(reason="not_local"),
}
VERBS = tuple(_MAKERS)


def _absorb(walk: Walk) -> Struct:
    """One or two who wait in another case come over."""
    walk.contacts += 1
    who = walk.of((("wang",), ("li",), ("wang", "li")))
    carried = [c.Carried(reporter=reporter(f"c{walk.contacts}", name), number="S-1") for name in who]
    return c.Absorb(merge=f"m{walk.contacts}", source=OTHER, number="S-1", reporters=tuple(carried))


def _take_on(walk: Walk) -> Struct | None:
    merges = list(walk.case.related.absorbed)
    return c.TakeOn(merge=walk.of(merges), number="S-1", reporter=walk.contact()) if merges else None


def _release(walk: Walk) -> Struct | None:
    merges = list(walk.case.related.absorbed)
    return c.Release(merge=walk.of(merges), source=OTHER) if merges else None


def _split(walk: Walk) -> Struct | None:
    debts = walk.case.debts
    contact = walk.of(debts).reporter.contact_id if debts else ""
    return c.Split(contact_id=contact, title="t", text="t", reason="r") if debts else None


def _record_split(walk: Walk) -> Struct | None:
    new = list(walk.case.related.leaving)
    return c.RecordSplit(case=walk.of(new), taken=walk.often()) if new else None


_TIES: dict[str, Callable[[Walk], Struct | None]] = {
    "absorb": _absorb,
    "take_on": _take_on,
    "release": _release,
    "split": _split,
    "record_split": _record_split,
}
COMERS = tuple(_TIES)
"""By which people come from another case, or leave for one."""


def seeded(seed: int) -> Choose:
    source = random.Random(seed)
    return lambda count: source.randrange(count)


def finish(walk: Walk) -> int:
    """Bring the case to its end by sensible commands alone; returns how many it took. A dead end raises."""
    for taken in range(100):
        if state_of(walk.case) in OVER:
            return taken
        command = sensible(walk.case)
        assert walk.do(command) is not None, f"{state_of(walk.case)}: {command} is refused"
    raise AssertionError(f"{state_of(walk.case)}: no end in sight")


def sensible(case: Case) -> Struct:
    """What somebody who wants the case ended does next."""
    match state_of(case):
        case "PENDING_DISPATCH":
            return c.Assign(lead=THIRD)
        case "PENDING_SUPPLEMENT":
            return c.Supplement(text="here")
        case "PARKED":
            return c.Resume(reason="r")
        case "TRANSFERRED":
            return _end_transfer(case)
        case "PENDING_CALLBACK":
            return c.FollowUp(solved=True)
        case "PENDING_REPLY":
            return _pay(case)
        case "REOPEN_REQUESTED":
            return _heard(case)
    return _work(case)


def _end_transfer(case: Case) -> Struct:
    one = next(transfer for transfer in case.transfers if not transfer.over())
    return c.RecordTransfer(transfer=one.id, step="completed" if one.state == "accepted" else "refused", text="done")


def _pay(case: Case) -> Struct:
    if all(debt.state != "owed" for debt in case.debts):
        return c.RecordSplit(case=next(iter(case.related.leaving)), taken=True)
    return c.SettleReply(obligation=next(debt.id for debt in case.debts if debt.state == "owed"), how="person")


def _heard(case: Case) -> Struct:
    if any(debt.state == "owed" for debt in case.debts):
        return _pay(case)
    return c.Reopen(reason="r") if case.unpaid() else c.Close(reason="r")


def _work(case: Case) -> Struct:
    """The next thing to be done with an order that waits for no other."""
    order = next(one for one in case.orders if one.state not in ENDED and not case.children(one))
    match order.state:
        case "WAIT_SIGN":
            return c.Sign(order=order.id)
        case "RETURN_ASKED":
            return c.JudgeReturn(order=order.id, approve=False)
        case "FED_BACK":
            return c.Audit(order=order.id, passed=True)
    return c.Answer(order=order.id, public_answer="a")

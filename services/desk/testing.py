"""A little city for tests: services that answer as the real ones do, and whose events the desk's own reader reads."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from services.desk.clients import AWAY, Ask, Reply
from services.desk.domain.lag import Lag
from services.desk.domain.view import SheetView
from services.desk.handlers import Handlers
from services.desk.memory import MemoryStore
from services.desk.policy import City
from services.desk.store import Store, read_sheet
from shared import ids
from shared.auth import verify
from shared.clock import Clock
from shared.events import cases as e
from shared.events import contacts as k
from shared.events.commands import Reporter
from shared.events.envelope import Envelope, raw
from shared.events.topics import Topics
from shared.privacy import mask_number
from shared.records import record_of
from shared.testing import MemoryLog, MemoryPublisher

TOPICS = Topics("130100")
NUMBER = "+8613812341234"
SPECIAL = {
    "id": "0b5c1c2e-0000-5000-8000-000000000001", "number": 1, "title": "关于“公用事业”类诉求短时集中的专报",
    "summary": "1月13日08:00至10:00共受理相关诉求21件，主要在长安区，尚未办结21件。", "reason": "topic_volume",
    "made_at": "2021-01-13T10:00:00+08:00", "made_by": "service:reports", "signed_by": "",
    "query": "/selections?since=2021-01-13T08%3A00%3A00%2B08%3A00&until=2021-01-13T10%3A00%3A00%2B08%3A00&topic=05",
    "remarks": {"title": "", "cause": "", "policy": "", "measures": "", "suggestions": []},
}  # fmt: skip


COUNTS = {
    "cases": 21, "contacts": 24, "open": 20, "urgent": 3, "breached": 1,
    "tables": {"area": [["130102", 15], ["", 6]], "request_type": [["QZ", 21]], "unit": [], "hour": [["13日08时", 21]]},
}  # fmt: skip


class FakeLags:
    """Says what it is told."""

    def __init__(self) -> None:
        self.lag: Lag | None = None

    def latest(self) -> Lag | None:
        return self.lag


class LittleCity:
    """`away` names services that do not answer; `asked` keeps what was asked, in order."""

    def __init__(self, city: City, clock: Clock, secret: str, store: Store | None = None) -> None:
        self.store = store or MemoryStore()
        self.clock = clock
        self.away: set[str] = set()
        self.asked: list[Ask] = []
        self.refusals: dict[tuple[str, str], Reply] = {}
        """(method, path) → what is answered instead."""
        self.bulletins: list[dict[str, Any]] = []
        self.articles: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.proposals: list[dict[str, Any]] = []
        self.duplicates: list[dict[str, Any]] = []
        self.kept: list[str] = []
        """Cases that the one who asks keeps."""
        self.missed: list[dict[str, Any]] = []
        """intake's lost calls."""
        self.debts: list[dict[str, Any]] = []
        """notify's items."""
        self.issues: list[str] = []
        self.profiles: dict[str, dict[str, Any]] = {
            "epidemic": {"id": "epidemic", "name": "疫情应急", "english": "Epidemic surge", "on": False, "switch": None}
        }
        self.surge: dict[str, Any] | None = None
        self.unit = next(iter(city.units))
        self._secret = secret
        self._sequences: dict[str, int] = {}
        self._numbers = 0
        self._merged: dict[str, str] = {}
        self._log = MemoryLog(partitions=1)
        self.handlers = Handlers(SheetView(city.dues), self.store, MemoryPublisher(), TOPICS.dead_letters)

    async def send(self, ask: Ask) -> Reply:
        """What the service answers; where it changes a case, the desk has read the events by then."""
        self.asked.append(ask)
        if ask.service in self.away:
            return Reply(AWAY)
        refusal = self.refusals.get((ask.method, ask.path))
        if refusal is not None:
            return refusal
        who = verify(self._secret, f"Bearer {ask.token}").actor
        match (ask.service, ask.path.strip("/").split("/")):
            case "intake", ["contacts", contact, "cases"]:
                return await self._register(contact, ask.body, who)
            case "dispatch", ["cases", case, "commands", verb]:
                return await self._command(case, verb, ask.body, who)
            case "dispatch", ["cases"]:
                return Reply(200, {"items": [{"id": case} for case in self.kept], "next": None})
            case "notify", ["obligations", *path]:
                return self._replies(path, ask)
            case "dispatch", ["cases", _, "duplicates"]:
                return Reply(200, {"items": self.duplicates})
            case "dispatch", [*_, "suggestions", "topic"]:
                return Reply(200, {"model": "m1", "sure": self.proposals[:1] != [], "proposals": self.proposals})
            case "dispatch", ["cases", _, "members"]:
                return Reply(200, {"items": [], "next": None})
            case "intake", ["numbers", "reveal"]:
                return Reply(200, {"number": NUMBER})
            case "intake", ["calls", "missed", *path]:
                return self._missed(path)
            case "intake", ["calls", "outbound"] if "contact_id" in ask.body:
                return self._called_back(ask.body, who)
            case "intake", _:
                return Reply(202, {"command_id": "c"})
            case "knowledge", path:
                return self._knowledge(path, ask)
            case "sla", ["notices"]:
                return Reply(200, {"items": self.notices})
            case "reports", ["reports", "daily"]:
                return Reply(200, {"items": [{"date": day, "number": 1, "final": True} for day in self.issues]})
            case "reports", ["reports", "daily", day] if ask.method == "POST":
                self.issues.append(day)
                return Reply(200, {"date": day, "number": 1, "final": True})
            case "reports", path:
                return _report(path)
        return Reply(404, {"reason": "no_such_route", "detail": ask.path})

    async def _register(self, contact: str, body: dict[str, Any], who: str) -> Reply:
        case = ids.case_id("urgent" if body.get("urgent") else "normal", contact, body["matter"])
        number = body.get("caller") or body.get("sealed_caller", "").removeprefix("k1.")
        person = k.SealedPerson(caller_ref=number, masked=mask_number(number), sealed="k1.x") if number else None
        reporter = Reporter(contact_id=contact, person=person or k.SealedPerson())
        await self.register(case, reporter, body, who)
        return Reply(202, {"case_id": case, "receipt": ids.receipt_code(contact), "command_id": "c", "lane": "normal"})

    async def register(self, case: str, reporter: Reporter, body: dict[str, Any], who: str = "agent:1") -> str:
        """A case with one lead order, unless it is answered at the desk or its topic is 99; returns its number."""
        self._numbers += 1
        number = f"SJZ-20210113-{self._numbers:06d}"
        names = ("title", "text", "request_type", "topic", "area", "address")
        plain = {name: body.get(name, "") for name in names} | {"request_type": body.get("request_type", "QZ")}
        await self.tell(
            case,
            e.CaseRegistered(
                number=number,
                matter=body.get("matter", 1),
                reporter=reporter,
                priority="P1" if body.get("urgent") else "P2",
                obligation=ids.derive("obligation", case, reporter.contact_id),
                obligation_state="settled" if body.get("answer") else "open",
                **plain,
            ),
            who,
        )
        if body.get("answer"):
            await self.tell(case, e.CaseAnswered(answer=body["answer"]), who)
            await self.tell(case, e.CaseClosed(reason="answered_at_desk"), who)
        elif body.get("topic") != "99":
            await self.issue(case, self.unit)
        return number

    async def issue(self, case: str, unit: str, role: Any = "lead") -> str:
        """The id of the new order."""
        order = ids.derive("order", case, unit)
        await self.tell(case, e.CaseDispatched(rule="r1", why="topic", policy_version="test", units=(unit,)))
        issued = e.WorkOrderIssued(
            order=order, unit=unit, role=role, cycle=1, returns=0, priority="P2", request_type="QZ"
        )
        await self.tell(case, issued)
        return order

    async def tell(self, case: str, data: Struct, actor: str = "service:dispatch") -> None:
        """The case's next event, read by the desk."""
        sequence = self._sequences[case] = self._sequences.get(case, 0) + 1
        envelope = Envelope(
            id=ids.event_id(case, sequence),
            type=e.CASES.type_of(data),
            source="/dispatch",
            subject=case,
            time=self.clock.now(),
            sequence=sequence,
            actor=actor,
            data=raw(data),
        )
        self._log.append(record_of(TOPICS.cases("normal"), envelope), 0)
        await self.handlers.cases(self._log.all(TOPICS.cases("normal"))[-1:])

    async def fact(self, contact: str, data: Struct) -> None:
        """Something about a contact, read by the desk."""
        envelope = Envelope(
            id=ids.derive("contact-event", contact, str(data)),
            type=k.CONTACTS.type_of(data),
            source="/intake",
            subject=contact,
            time=self.clock.now(),
            data=raw(data),
        )
        self._log.append(record_of(TOPICS.contacts, envelope), 0)
        await self.handlers.contacts(self._log.all(TOPICS.contacts)[-1:])

    async def alike(self, case: str, score: float = 0.8, same_caller: bool = False) -> None:
        """The case is suggested as a duplicate of whichever is open."""
        (sheet,) = [read_sheet(one) for one in (await self.store.cases.load([case])).values()]
        likeness = {"score": score, "text": score, "place": 1.0, "same_caller": same_caller}
        self.duplicates.append({"case": case, "number": sheet.number, "title": sheet.title, "likeness": likeness})

    async def call(self, name: str, caller: str, agent: str = "", wait_s: float = 6.0) -> str:
        """A call that asked for a person; answered where an agent is given. Returns the contact's id."""
        contact = ids.contact_id("test", "call", name)
        person = k.SealedPerson(caller_ref=caller, masked=mask_number(caller), sealed=f"k1.{caller}")
        receipt = ids.receipt_code(contact)
        await self.fact(contact, k.Offered(number=1, channel="call", person=person, receipt=receipt))
        await self.fact(contact, k.KeyPressed(number=2, menu="main", key="3", action="person"))
        if agent:
            await self.fact(contact, k.Answered(number=3, agent=agent, wait_s=wait_s))
        return contact

    async def _command(self, case: str, verb: str, body: dict[str, Any], who: str) -> Reply:
        events = _EVENTS.get(verb)
        if events is None:
            return Reply(404, {"reason": "no_such_command", "detail": verb})
        unit = who.removeprefix("unit:") if who.startswith("unit:") else self.unit
        for event in events(body, unit):
            await self.tell(case, event, who)
        for other, event in self._ties(case, verb, body):
            await self.tell(other, event)
        return Reply(200, {"command": "c", "event": {}})

    def _ties(self, case: str, verb: str, body: dict[str, Any]) -> list[tuple[str, Struct]]:
        """A merge at once, as the two cases end up; the other one refuses nothing."""
        merge = ids.derive("merge", case, 1)
        if verb == "merge_into":
            target = self._merged[case] = body["target"]
            absorbed = e.CaseAbsorbed(merge=merge, source=case, number="", reporters=(), obligations=())
            return [(target, absorbed), (case, e.CaseMerged(merge=merge, target=target))]
        if verb == "undo_merge" and case in self._merged:
            return [(self._merged.pop(case), e.CaseReleased(merge=merge, source=case))]
        return []

    def _missed(self, path: list[str]) -> Reply:
        """Those that are open, or the one asked for."""
        if not path:
            return Reply(200, {"items": [one for one in self.missed if one["state"] == "open"], "next": None})
        found = [one for one in self.missed if one["contact_id"] == path[0]]
        return Reply(200, found[0]) if found else Reply(404, {"reason": "no_such_call", "detail": path[0]})

    def _called_back(self, body: dict[str, Any], who: str) -> Reply:
        """One try on the lost call; reached, it is not listed any more."""
        failed = body["result"] in ("busy", "no_answer")
        tried = {"at": self.clock.now().isoformat(), "by": who, "result": body["result"], "text": body.get("text", "")}
        for one in self.missed:
            if one["contact_id"] == body["contact_id"]:
                one["tries"].append(tried)
                one["state"] = one["state"] if failed else "reached"
        return Reply(202, {"contact_id": "c"})

    def _replies(self, path: list[str], ask: Ask) -> Reply:
        """Of a case, or those in the state asked for; a settlement is taken."""
        if ask.method == "POST":
            return Reply(202, {"command": "c"})
        wanted = path[0] if path else ask.query["state"]
        return Reply(200, {"items": [one for one in self.debts if wanted in (one["case"], one["state"])], "next": None})

    def _knowledge(self, path: list[str], ask: Ask) -> Reply:
        match path:
            case ["search"]:
                return Reply(200, {"items": [one for one in self.articles if ask.query["q"] in one["question"]]})
            case ["bulletins"]:
                return Reply(200, {"items": self.bulletins})
            case ["bulletins", bulletin, "acknowledgements"]:
                for one in self.bulletins:
                    one["acknowledged"] = one["acknowledged"] or one["id"] == bulletin
                return Reply(200, {"id": bulletin})
            case ["surge"]:
                self.surge = ask.body or self.surge
                return Reply(200, {"switch": self.surge, "history": []})
            case ["profiles"]:
                return Reply(200, {"items": list(self.profiles.values())})
            case ["profiles", profile] if profile in self.profiles:
                by = verify(self._secret, f"Bearer {ask.token}").actor
                self.profiles[profile] |= {"on": ask.body["on"], "switch": {**ask.body, "by": by}}
                return Reply(200, self.profiles[profile]["switch"])
        return Reply(404, {"reason": "no_such_route", "detail": ask.path})


def _report(path: list[str]) -> Reply:
    match path:
        case ["figures"]:
            figures = [{"name": "accepted", "value": 128}, {"name": "connect_rate", "value": 96.2, "unit": "percent"}]
            return Reply(200, {"figures": figures, "tables": {}})
        case ["hot-topics"]:
            return Reply(
                200,
                {"items": [{"label": "供暖温度不达标", "count": 21, "change": 40.0, "example": "三个小区集中反映"}]},
            )
        case ["reports", "special"]:
            return Reply(200, {"items": [SPECIAL]})
        case ["selections"]:
            return Reply(200, COUNTS)
        case ["reports", "special", name] if name.endswith(".html"):
            return Reply(200, f'<a href="{SPECIAL["query"]}">{SPECIAL["query"]}</a>'.encode(), "text/html")
        case ["reports", "special", _]:
            return Reply(200, SPECIAL)
        case ["reports", "daily", name]:
            kind = "application/pdf" if name.endswith(".pdf") else "text/html"
            return Reply(200, f"<h1>日报 {name}</h1>".encode(), kind)
    return Reply(404, {"reason": "no_such_route", "detail": "/".join(path)})


def _answered(body: dict[str, Any], unit: str) -> list[Struct]:
    names = ("order", "public_answer", "internal", "solved")
    return [e.WorkOrderAnswered(unit=unit, **{name: body[name] for name in names})]


def _returns(body: dict[str, Any], unit: str) -> list[Struct]:
    return [e.WorkOrderReturnAsked(unit=unit, **body)]


def _asked(body: dict[str, Any], unit: str) -> list[Struct]:
    return [e.MergeAsked(merge="m1", kind="merge", number="", reporters=(), **body)]


def _supervised(body: dict[str, Any], unit: str) -> list[Struct]:
    named = {"order": body["order"], "reason": body["reason"]}
    return [e.SupervisionOpened(supervision="s1", number="SJZ-D1", unit=unit, **named)]


def _judged(body: dict[str, Any], unit: str) -> list[Struct]:
    kind = e.SupervisionClosed if body["passed"] else e.SupervisionSentBack
    return [kind(supervision=body["supervision"], unit=unit, text=body["text"])]


_EVENTS: dict[str, Callable[[dict[str, Any], str], list[Struct]]] = {
    "sign": lambda body, unit: [e.WorkOrderSigned(order=body["order"], unit=unit)],
    "answer": _answered,
    "ask_return": _returns,
    "supervise": _supervised,
    "answer_supervision": lambda body, unit: [e.SupervisionAnswered(unit=unit, **body)],
    "judge_supervision": _judged,
    "merge_into": _asked,
    "undo_merge": lambda body, unit: [e.CaseSeparated(merge="m1", target="", cycle=2, obligations=())],
    "link": lambda body, unit: [e.CaseLinked(link=1, **body)],
    "detach": lambda body, unit: [e.CaseDetached(event_case="", link=1, **body)],
    "declare_event": lambda body, unit: [e.EventDeclared(**body)],
    "audit": lambda body, unit: [e.WorkOrderDone(order=body["order"], unit="")],
    "follow_up": lambda body, unit: [e.CaseFollowedUp(**body), e.CaseClosed(reason="solved")],
}

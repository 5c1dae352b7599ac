"""intake's door from HTTP: check rights, decode, hand on."""

import re
import time
from collections.abc import Collection

import structlog
from fastapi import APIRouter, Request, Response
from msgspec.json import Decoder

from services.intake.agents import Agents, Unread
from services.intake.bodies import AgentStateBody, AttachBody, Calls, CaseBody, OutboundBody, RevealBody, WebBody
from services.intake.door import Door, Sender
from services.intake.guidance import Guidance
from services.intake.spool import Spool
from services.intake.store import Contacts
from shared import names
from shared.events.topics import is_case_id
from shared.plain import KEY, Busy, Plain, PlainRouter, answer, body_of, own_key
from shared.service import Problem, caller
from shared.settings import Settings

log = structlog.get_logger()
CHANNELS = frozenset({"service"})
DESK = frozenset({"agent", "supervisor", "service"})
CALLERS_OUT = frozenset({"agent", "supervisor"})
OPERATORS = frozenset({"operator", "supervisor", "service"})
READERS = DESK | {"auditor", "dispatcher", "operator"}
EVERYBODY = READERS | {"unit"}
AGENTS = frozenset({"agent"})
REVEALERS = frozenset({"agent", "dispatcher", "supervisor", "unit"})
FLOOR = frozenset({"supervisor", "operator"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_calls, _case, _attach, _web = Decoder(Calls), Decoder(CaseBody), Decoder(AttachBody), Decoder(WebBody)
_state = Decoder(AgentStateBody)
_outbound, _reveal = Decoder(OutboundBody), Decoder(RevealBody)


class IntakeApi:
    """The routes of one intake process."""

    def __init__(
        self,
        settings: Settings,
        door: Door,
        *,
        contacts: Contacts,
        guidance: Guidance,
        agents: Agents,
        spools: Collection[Spool],
    ) -> None:
        self._settings = settings
        self._door = door
        self._contacts = contacts
        self._guidance = guidance
        self._agents = agents
        self._spools = spools

    def router(self) -> APIRouter:
        router = PlainRouter("intake")
        router.take("/calls/events", timed(self.call_events), Calls)
        router.take("/calls/outbound", timed(self.call_out), OutboundBody, headers=(KEY,))
        router.take("/contacts/{contact_id}/cases", timed(self.register_case), CaseBody)
        router.take("/contacts/{contact_id}/attachments", timed(self.attach_contact), AttachBody)
        router.take("/web/contacts", timed(self.web_contact), WebBody, headers=(KEY,))
        router.ask("/numbers/reveal", self.reveal, RevealBody)
        router.read("/menu", self.menu)
        router.change("/agents/me/state", self.agent_state, AgentStateBody)
        router.read("/agents/me/state", self.own_state)
        router.read("/agents/unread", self.unread)
        router.read("/agents", self.all_agents)
        router.read("/spool", self.spool)
        router.read("/contacts/{contact_id}", self.contact)
        return router

    def busy(self) -> Busy:
        """What a telephone system sends for every step of every call, and agents for every case."""
        return {
            ("POST", "/calls/events"): timed(self.call_events),
            ("POST", "/contacts/{contact_id}/cases"): timed(self.register_case),
            ("POST", "/contacts/{contact_id}/attachments"): timed(self.attach_contact),
        }

    async def call_events(self, request: Request) -> Response:
        """Facts about calls, one or an array: offered, key, answered, ended. A repeated number is the same fact."""
        sender = self._sender(request, CHANNELS)
        body = await body_of(request, _calls)
        return answer(await self._door.calls(sender, body if isinstance(body, list) else [body]))

    async def register_case(self, request: Request) -> Response:
        """A contact's nth matter becomes a case; the same request again is the same case."""
        sender, contact = self._sender(request, DESK), _contact_id(request)
        return answer(await self._door.register(sender, contact, await body_of(request, _case)))

    async def attach_contact(self, request: Request) -> Response:
        """Another contact about a case that is known."""
        sender, contact = self._sender(request, DESK), _contact_id(request)
        body = await body_of(request, _attach)
        _check_case_id(body.case_id)
        return answer(await self._door.attach(sender, contact, body))

    async def web_contact(self, request: Request) -> Response:
        """A message over the web becomes a contact and a case; under the same key it is the same one."""
        sender, key = self._sender(request, DESK), own_key(request)
        return answer(await self._door.web(sender, key, await body_of(request, _web)))

    async def call_out(self, request: Request) -> Response:
        """A call made about a case becomes a contact and a note on the case; under the same key it is the same one."""
        sender, key = self._sender(request, CALLERS_OUT), own_key(request)
        body = await body_of(request, _outbound)
        _check_case_id(body.case_id)
        return answer(await self._door.outbound(sender, key, body))

    async def reveal(self, request: Request) -> Response:
        """The number behind a seal, for one look; who asked for which case and why stands in the log."""
        sender = self._sender(request, REVEALERS)
        body = await body_of(request, _reveal)
        number = self._door.opened(body.sealed)
        log.warning("a number was revealed", by=sender.identity.actor, case=body.case_id, why=body.why)
        names.REVEALED.labels(sender.identity.role.split(":")[0]).inc()
        return answer({"number": number}, 200)

    async def menu(self, request: Request) -> Response:
        """The spoken menu with its texts of now, and whether it plays (`surge`)."""
        self._sender(request, EVERYBODY)
        return answer(self._guidance.voice.shown(self._guidance.surge()), 200)

    async def agent_state(self, request: Request) -> Response:
        """What the sender does from now on; 409 with `bulletins` that he must acknowledge before being ready."""
        sender = self._sender(request, AGENTS)
        body = await body_of(request, _state)
        try:
            return answer(await self._agents.move(sender.identity.subject, body.state), 200)
        except Unread as unread:
            detail = "acknowledge these bulletins first"
            return answer({"reason": "unacknowledged_bulletins", "detail": detail, "bulletins": unread.bulletins}, 409)

    async def own_state(self, request: Request) -> Response:
        """What the sender does, since when, and why where he did not choose it."""
        return answer(await self._agents.known(self._sender(request, AGENTS).identity.subject), 200)

    async def unread(self, request: Request) -> Response:
        """Bulletins of level I in force, and the agents at work who have not confirmed them."""
        self._sender(request, FLOOR)
        return answer({"items": await self._agents.unread()}, 200)

    async def all_agents(self, request: Request) -> Response:
        """What every agent does, and since when."""
        self._sender(request, FLOOR)
        return answer({"items": await self._agents.list()}, 200)

    async def spool(self, request: Request) -> Response:
        """Requests that wait for the broker, and those that it refuses for good, per lane."""
        self._sender(request, OPERATORS)
        return answer({s.lane: {"entries": s.entries, "refused": s.refused} for s in self._spools}, 200)

    async def contact(self, request: Request) -> Response:
        """What is known of a contact; its caller is masked."""
        self._sender(request, READERS)
        contact = _contact_id(request)
        found = await self._contacts.get(contact)
        if found is None:
            raise Problem(404, "no_such_contact", f"there is no contact {contact}")
        return answer(found, 200)

    def _sender(self, request: Request, roles: frozenset[str]) -> Sender:
        identity = caller(request, self._settings)
        if identity.role.split(":")[0] not in roles:
            raise Problem(403, "forbidden", f"{identity.role} may not do this; it takes {', '.join(sorted(roles))}")
        return Sender(identity, request.headers.get("traceparent", ""))


def timed(endpoint: Plain) -> Plain:
    """The same endpoint, its time observed."""

    async def accept(request: Request) -> Response:
        started = time.perf_counter()
        response = await endpoint(request)
        names.ACCEPT_SECONDS.observe(time.perf_counter() - started)
        return response

    accept.__name__, accept.__doc__ = endpoint.__name__, endpoint.__doc__
    return accept


def _check_case_id(case: str) -> None:
    if not is_case_id(case) or not _UUID.fullmatch(case[2:]):
        raise Problem(422, "invalid", "a case's id is N- or U- and a UUID - at `$.case_id`")


def _contact_id(request: Request) -> str:
    contact = str(request.path_params["contact_id"])
    if not _UUID.fullmatch(contact):
        raise Problem(422, "invalid", "a contact's id is the UUID that this service gave to the contact")
    return contact

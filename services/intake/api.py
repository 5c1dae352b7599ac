"""intake's door from HTTP: check rights, decode, hand on."""

import structlog
from fastapi import APIRouter, Request, Response
from msgspec.json import Decoder

from services.intake.agents import Agents, Unread
from services.intake.asking import CALLERS_OUT, check_case_id, check_contact_id, sender_of, timed
from services.intake.bodies import AgentStateBody, AttachBody, Calls, CaseBody, RevealBody, WebBody
from services.intake.door import Door, Sender
from services.intake.guidance import Guidance
from services.intake.store import Contacts
from shared import names
from shared.plain import KEY, Busy, PlainRouter, answer, body_of, own_key
from shared.service import Problem
from shared.settings import Settings

log = structlog.get_logger()
CHANNELS = frozenset({"service"})
DESK = frozenset({"agent", "supervisor", "service"})
READERS = DESK | {"auditor", "dispatcher", "operator"}
EVERYBODY = READERS | {"unit"}
AGENTS = frozenset({"agent"})
REVEALERS = frozenset({"agent", "dispatcher", "supervisor", "unit"})
FLOOR = frozenset({"supervisor", "operator"})
_calls, _case, _attach, _web = Decoder(Calls), Decoder(CaseBody), Decoder(AttachBody), Decoder(WebBody)
_state, _reveal = Decoder(AgentStateBody), Decoder(RevealBody)


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
    ) -> None:
        self._settings = settings
        self._door = door
        self._contacts = contacts
        self._guidance = guidance
        self._agents = agents

    def router(self) -> APIRouter:
        router = PlainRouter("intake")
        router.take("/calls/events", timed(self.call_events), Calls)
        router.take("/contacts/{contact_id}/cases", timed(self.register_case), CaseBody)
        router.take("/contacts/{contact_id}/attachments", timed(self.attach_contact), AttachBody)
        router.take("/web/contacts", timed(self.web_contact), WebBody, headers=(KEY,))
        router.ask("/numbers/reveal", self.reveal, RevealBody)
        router.read("/menu", self.menu)
        router.change("/agents/me/state", self.agent_state, AgentStateBody)
        router.read("/agents/me/state", self.own_state)
        router.read("/agents/unread", self.unread)
        router.read("/agents", self.all_agents)
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
        check_case_id(body.case_id)
        return answer(await self._door.attach(sender, contact, body))

    async def web_contact(self, request: Request) -> Response:
        """A message over the web becomes a contact and a case; under the same key it is the same one."""
        sender, key = self._sender(request, DESK), own_key(request)
        return answer(await self._door.web(sender, key, await body_of(request, _web)))

    async def reveal(self, request: Request) -> Response:
        """The number behind a seal, for one look; who asked, for which case or lost call and why, stands in the log."""
        sender = self._sender(request, REVEALERS)
        body = await body_of(request, _reveal)
        if not body.case_id:
            self._sender(request, CALLERS_OUT)
        number = self._door.opened(body.sealed)
        about = {"case": body.case_id} if body.case_id else {"contact": body.contact_id}
        log.warning("a number was revealed", by=sender.identity.actor, why=body.why, **about)
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

    async def contact(self, request: Request) -> Response:
        """What is known of a contact; its caller is masked."""
        self._sender(request, READERS)
        contact = _contact_id(request)
        found = await self._contacts.get(contact)
        if found is None:
            raise Problem(404, "no_such_contact", f"there is no contact {contact}")
        return answer(found, 200)

    def _sender(self, request: Request, roles: frozenset[str]) -> Sender:
        return sender_of(request, self._settings, roles)


def _contact_id(request: Request) -> str:
    return check_contact_id(str(request.path_params["contact_id"]))

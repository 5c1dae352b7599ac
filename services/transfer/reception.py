"""What partners say at our door: requests, updates, cancellations, questions.

A receipt is given only when our log has the register command; a repeat gets the same receipt (design.md §3, the door).
"""

from typing import Any

from msgspec import structs

from services.transfer.acknowledge import acknowledged
from services.transfer.book import Book
from services.transfer.domain.messages import Cancel, Standing, TransferRequest, TransferUpdate, fitting
from services.transfer.domain.state import Received, Sent, Transfers
from services.transfer.handback import HandBacks
from services.transfer.outbox import Outbox
from services.transfer.store import Store, read
from shared import ids
from shared.clock import Clock
from shared.documents import Document
from shared.events.commands import URGENT, HandBack, Register, Reporter
from shared.events.contacts import SealedPerson
from shared.events.topics import LANES, Lane
from shared.privacy import caller_ref, mask_number, redact, seal
from shared.producer import Publisher
from shared.records import Record
from shared.service import Problem

Answer = dict[str, Any]


class Reception:
    """One method per kind of message; the sender is authenticated already."""

    def __init__(
        self, city: str, store: Store, publisher: Publisher, clock: Clock, outbox: Outbox,
        *, backs: HandBacks, seal_key: str, ref_key: str,
    ) -> None:  # fmt: skip
        self._city = city
        self._store = store
        self._book = Book(store.cases)
        self._publisher = publisher
        self._clock = clock
        self._outbox = outbox
        self._backs = backs
        self._seal_key = seal_key
        self._ref_key = ref_key

    async def take(self, partner: str, body: TransferRequest, trace: str) -> Answer:
        """A receipt; Problem 409 with a reason code where we refuse, 503 while the log does not answer."""
        self._check(partner, body)
        known = await self._received(partner, body.transfer)
        digest = self._digest(body)
        if known is None:
            known = await self._open(partner, body, digest)
        case, received = known
        if received.digest != digest:
            raise Problem(409, "other_content", "this transfer id is known with another content")
        if not received.receipted:
            await acknowledged(self._publisher, [self._register(partner, case, body, digest, trace)])
            await self._book.change(case, _receipted)
        receipt = ids.receipt_code(ids.contact_id(partner, "transfer", body.transfer))
        return {"transfer": body.transfer, "status": "receipted", "receipt": receipt}

    async def update(self, partner: str, transfer: str, body: TransferUpdate) -> Answer:
        """What became of a transfer of ours, handed to our log."""
        case, sent = await self._sent(partner, transfer)
        await acknowledged(self._publisher, self._outbox.heard(case, sent, body))
        return {"transfer": transfer, "status": "noted", "update": body.update}

    async def cancel(self, partner: str, transfer: str, body: Cancel) -> Answer:
        """The origin wants it back: our case decides, and from its acceptance on says no."""
        found = await self._received(partner, transfer)
        if found is None:
            raise _unknown(transfer)
        data = HandBack(reason="withdrawn", text=redact(body.reason))
        await self._backs.ask(*found, data, f"partner:{partner}")
        return {"transfer": transfer, "status": "asked"}

    async def standing(self, partner: str, transfer: str) -> Standing:
        """How far a transfer between him and us is; 404 while our log has nothing of it."""
        received = await self._received(partner, transfer)
        if received is not None and received[1].receipted:
            return Standing(transfer=transfer, status=received[1].step, number=received[1].number)
        if received is not None:
            raise _unknown(transfer)
        _, sent = await self._sent(partner, transfer)
        return Standing(transfer=transfer, status=sent.step, update=sent.update, number=sent.request.number)

    def _check(self, partner: str, body: TransferRequest) -> None:
        if body.origin != partner:
            raise Problem(403, "not_the_sender", f"signed by {partner}, but the origin is {body.origin}")
        if body.target != self._city:
            raise Problem(409, "invalid", f"this is {self._city}, not {body.target}")
        if self._city in body.path:
            raise Problem(409, "loop", f"it has been here before: {' → '.join(body.path)}")

    async def _received(self, partner: str, transfer: str) -> tuple[str, Received] | None:
        """Under either lane: the id alone does not tell which one it was born in."""
        cases = [_case(partner, transfer, lane) for lane in LANES]
        rows = await self._store.cases.load(cases, omit=("parked",))
        found = [(case, received) for case, row in rows.items() if (received := read(row).received) is not None]
        return found[0] if found else None

    async def _sent(self, partner: str, transfer: str) -> tuple[str, Sent]:
        for row in await self._store.where("sent", transfer):
            sent = read(row).sent[transfer]
            if sent.request.target == partner:
                return str(row["_id"]), sent
        raise _unknown(transfer)

    async def _open(self, partner: str, body: TransferRequest, digest: str) -> tuple[str, Received]:
        await self._check_twin(partner, body)
        lane: Lane = "urgent" if body.priority in URGENT else "normal"
        case = _case(partner, body.transfer, lane)
        received = Received(
            transfer=body.transfer,
            origin=partner,
            origin_case=body.origin_case,
            path=body.path,
            digest=digest,
            title=redact(body.title),
            asked_action=redact(body.asked_action),
            at=self._clock.now(),
        )
        await self._book.open(case, Transfers(received=received))
        found = await self._received(partner, body.transfer)
        return found or (case, received)

    async def _check_twin(self, partner: str, body: TransferRequest) -> None:
        """Duplicates are matched on origin and origin's case number (domain.md §9)."""
        rows: list[Document] = await self._store.where("origin_case", f"{partner}/{body.origin_case}")
        if any((one := read(row).received) and one.receipted and one.transfer != body.transfer for row in rows):
            raise Problem(409, "already_received", f"case {body.origin_case} is at work here already")

    def _register(self, partner: str, case: str, body: TransferRequest, digest: str, trace: str) -> Record:
        contact = ids.contact_id(partner, "transfer", body.transfer)
        data = Register(
            matter=1,
            reporter=Reporter(contact_id=contact, person=self._person(body.phone)),
            title=redact(body.title),
            text=_text(body),
            request_type=body.request_type,
            topic=body.topic,
            area=body.area,
            address=redact(body.address),
            priority=body.priority,
        )
        command = ids.client_command_id(f"partner:{partner}", body.transfer)
        return self._outbox.command(case, data, command, f"partner:{partner}", trace=trace, content=digest)

    def _person(self, phone: str) -> SealedPerson:
        if not phone:
            return SealedPerson()
        ref = caller_ref(self._ref_key, phone)
        return SealedPerson(caller_ref=ref, masked=mask_number(phone), sealed=seal(self._seal_key, phone))

    def _digest(self, body: TransferRequest) -> str:
        """The number as its blind reference: a bare digest of a number can be guessed."""
        ref = caller_ref(self._ref_key, body.phone) if body.phone else ""
        return ids.digest([structs.replace(body, phone=""), ref])


def _receipted(state: Transfers) -> bool:
    if state.received is None or state.received.receipted:
        return False
    state.received.receipted = True
    return True


def _case(partner: str, transfer: str, lane: Lane) -> str:
    return ids.case_id(lane, ids.contact_id(partner, "transfer", transfer), 1)


def _text(body: TransferRequest) -> str:
    """The matter after what is asked of us, for whoever handles it here; cut where it would be too long."""
    third = [f"{name}：{value}" for name, value in (("卡口", body.checkpoint), ("车牌", body.plate)) if value]
    head = [f"【{body.origin}转来 {body.origin_case}】{body.reason}", f"请求事项：{body.asked_action}", *third]
    return fitting(redact("\n".join([*head, body.text])))


def _unknown(transfer: str) -> Problem:
    return Problem(404, "no_such_transfer", f"there is no transfer {transfer[:80]}")

"""What people see and decide of transfers: lists, masked; a refusal of a received one, a recall of a sent one.

An empty reporter stands for an alias: of whoever reported misconduct, and of whoever left no number.
"""

from typing import Any

import msgspec
from msgspec import Struct

from services.transfer.domain.messages import Cancel
from services.transfer.domain.state import Received, Sent
from services.transfer.handback import HandBacks
from services.transfer.partners import REQUEST_S, Partners
from services.transfer.policy import TransferPolicy
from services.transfer.store import Store, read
from shared.auth import Identity
from shared.documents import Document
from shared.events.commands import HandBack, Line
from shared.privacy import is_secret, redact
from shared.service import Problem


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a received transfer is not for us: a reason code of policy, and words."""

    reason: Line
    text: str = ""


class People:
    """Serves agents and supervisors."""

    def __init__(self, store: Store, backs: HandBacks, partners: Partners, policy: TransferPolicy) -> None:
        self._store = store
        self._backs = backs
        self._partners = partners
        self._policy = policy

    async def page(self, direction: str, state: str, after: str, limit: int) -> dict[str, Any]:
        """Transfers of one direction, and state where one is given; the next page starts `after` the last case."""
        rows = await self._store.page(f"{direction}/{state}", after, limit)
        items = [item for row in rows for item in self._items(row, direction) if not state or _is(item, state)]
        return {"items": items, "next": rows[-1]["_id"] if len(rows) == limit else None}

    async def refuse(self, transfer: str, body: Refusal, key: str, who: Identity) -> dict[str, Any]:
        """Ask our own case to go back; Problem 409 where it says no, as it does once a unit has it."""
        codes = [code for code, reason in self._policy.reasons.items() if reason.by_person]
        if body.reason not in codes:
            raise Problem(422, "invalid", f"reason is one of {', '.join(codes)}")
        case, received = await self._received(transfer)
        data = HandBack(reason=body.reason, text=redact(body.text))
        command = await self._backs.ask(case, received, data, who.actor, key)
        return {"command": command, "outcome": f"/cases/{case}/commands/{command}"}

    async def recall(self, transfer: str, body: Cancel) -> dict[str, Any]:
        """Ask the partner to give it back; whether he does comes as a step of the case."""
        rows = await self._store.where("sent", transfer)
        if not rows:
            raise Problem(404, "no_such_transfer", f"we sent no transfer {transfer[:80]}")
        target = read(rows[0]).sent[transfer].request.target
        path = f"/transfers/{transfer}/cancel"
        outcome = await self._partners.send(target, path, msgspec.json.encode(body), REQUEST_S)
        if outcome.kind == "refused":
            raise Problem(409, outcome.reason, outcome.detail)
        if outcome.kind != "taken":
            raise Problem(503, "partner_away", "the partner did not answer; repeat the request", {"Retry-After": "5"})
        return {"transfer": transfer, "status": "asked"}

    async def _received(self, transfer: str) -> tuple[str, Received]:
        rows = await self._store.where("received", transfer)
        found = [(str(row["_id"]), one) for row in rows if (one := read(row).received) is not None]
        if len(found) != 1:
            raise Problem(404, "no_such_transfer", f"we received no transfer {transfer[:80]}")
        return found[0]

    def _items(self, row: Document, direction: str) -> list[dict[str, Any]]:
        state, case = read(row), str(row["_id"])
        if direction == "sent":
            return [self._sent(case, sent) for sent in state.sent.values()]
        return [self._got(case, state.received)] if state.received is not None else []

    def _sent(self, case: str, sent: Sent) -> dict[str, Any]:
        asked = sent.request
        return {
            "case": case, "transfer": asked.transfer, "direction": "sent", "partner": asked.target,
            "kind": asked.kind, "state": sent.step, "number": asked.number, "partner_number": sent.number,
            "title": asked.title, "asked_action": asked.asked_action,
            "reporter": "" if is_secret(asked.request_type) else asked.person.masked,
            "at": sent.at.isoformat(), "overdue": sent.overdue,
            "advice": self._policy.advice[sent.overdue[-1]] if sent.overdue else "", "reason": sent.reason,
            "reason_name": self._name(sent.reason), "text": sent.text,
            "delivery": {"state": sent.out.status, "attempts": sent.out.attempt},
            "due": {clock: due.isoformat() for clock, due in sent.deadlines.items()},
        }  # fmt: skip

    def _got(self, case: str, received: Received) -> dict[str, Any]:
        last = received.updates[-1] if received.updates else None
        return {
            "case": case, "transfer": received.transfer, "direction": "received", "partner": received.origin,
            "kind": "city", "state": received.step, "number": received.number,
            "partner_number": received.origin_case, "title": received.title, "asked_action": received.asked_action,
            "at": received.at.isoformat(), "reason": last.reason if last else "",
            "reason_name": self._name(last.reason) if last else "", "text": last.text if last else "",
            "delivery": {"state": last.out.status, "attempts": last.out.attempt} if last else None,
        }  # fmt: skip

    def _name(self, code: str) -> str:
        reason = self._policy.reasons.get(code)
        return reason.name if reason is not None else code


def _is(item: dict[str, Any], state: str) -> bool:
    return bool(item["overdue"]) if state == "unacknowledged" else item["state"] == state

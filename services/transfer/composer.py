"""From a case's transfers to the request that goes to the partner: the same bytes for every attempt."""

from typing import NamedTuple

import msgspec

from services.transfer.domain.messages import TransferRequest, TransferUpdate, fitting
from services.transfer.domain.state import Received, Sent, Transfers, Update
from shared.elements import told
from shared.events.cases import TransferAsked
from shared.privacy import is_secret, redact, redact_answer, unseal


class Parcel(NamedTuple):
    """One signed request: to whom, about which transfer, where to, and what. `update` 0: the request itself."""

    to: str
    transfer: str
    update: int
    path: str
    body: bytes


class Composer:
    """Writes in the name of one city."""

    def __init__(self, city: str, seal_key: str) -> None:
        self._city = city
        self._seal_key = seal_key

    def parcel(self, state: Transfers, key: str) -> Parcel:
        """The request under a key of `state.outgoing()`; raises Sealed where the number cannot be read."""
        if key in state.sent:
            return self._request(state.sent[key], state.received)
        assert state.received is not None
        return _update(state.received, state.received.updates[int(key) - 1])

    def _request(self, sent: Sent, received: Received | None) -> Parcel:
        asked = sent.request
        shared = {
            name: getattr(asked, name)
            for name in (
                "transfer", "target", "request_type", "topic", "priority", "area", "reason", "asked_action",
                "consent", "checkpoint", "plate",
            )
        }  # fmt: skip
        message = TransferRequest(
            origin=self._city,
            path=(*(received.path if received is not None else ()), self._city),
            origin_case=asked.number,
            asked_at=sent.at,
            title=redact(asked.title),
            text=fitting(redact(_text(asked))),
            address=asked.address[:500],
            phone=self._phone(sent, received),
            **shared,
        )
        return Parcel(asked.target, asked.transfer, 0, "/transfers", msgspec.json.encode(message))

    def _phone(self, sent: Sent, received: Received | None) -> str:
        """Empty where the partner may not know it, or nobody left one."""
        sealed = sent.request.person.sealed
        return unseal(self._seal_key, sealed) if sealed and _may_know(sent.request, received) else ""


def _text(asked: TransferAsked) -> str:
    """Of a report of misconduct without who reported it; a partner takes no empty text."""
    return (told(asked.text) or asked.title) if is_secret(asked.request_type) else asked.text


def _may_know(asked: TransferAsked, received: Received | None) -> bool:
    """Whether the partner learns the reporter's number (domain.md §9, §11).

    Who reports misconduct stays unknown whatever he agreed to, but where life is in danger. A number that another city
    confided to us goes to no further city.
    """
    emergency = asked.kind == "emergency"
    if is_secret(asked.request_type):
        return emergency and asked.priority == "P0"
    return emergency or (asked.consent and received is None)


def _update(received: Received, update: Update) -> Parcel:
    message = TransferUpdate(
        update=update.number,
        step=update.step,
        number=received.number,
        reason=update.reason,
        text=fitting(redact_answer(update.text)),
    )
    path = f"/transfers/{received.transfer}/updates"
    return Parcel(received.origin, received.transfer, update.number, path, msgspec.json.encode(message))

"""Which obligation a message of the gateway pays: by the id that notify gives it, or by the proof it published."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from hotline.surge.facts import Absorbed, Birth, CaseEvent, Effect, Joined, Noticed, Reopened, Separated
from shared.events.deliveries import CHANNELS
from shared.ids import derive

ATTEMPTS = 6
"""On one channel; more than any policy allows."""


class Message(Struct, frozen=True):
    """A message that the gateway accepted: the sender's id, the gateway's own reference, unix seconds."""

    id: str
    reference: str
    at: float


def obligations(events: Iterable[CaseEvent]) -> set[str]:
    """Every obligation that a case's events name, and every notice, which is told once as well."""
    found: set[str] = set()
    for event in events:
        match event.detail:
            case Birth(obligation=one) | Joined(obligation=one) | Noticed(notice=one):
                found.add(one)
            case Reopened(obligations=several) | Separated(obligations=several) | Absorbed(obligations=several):
                found.update(several)
    return found - {""}


def attribute(messages: Iterable[Message], known: Iterable[str], proofs: Mapping[str, str]) -> list[Effect]:
    """`proofs`: obligation by the gateway's reference. A message that fits neither way has no obligation."""
    by_id = {
        derive(one, channel, attempt): one
        for one in known
        for channel in CHANNELS
        for attempt in range(1, ATTEMPTS + 1)
    }
    return [
        Effect(message.id, by_id.get(message.id) or proofs.get(message.reference, ""), message.at)
        for message in messages
    ]

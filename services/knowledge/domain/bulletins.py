"""A bulletin's life: draft, pending, published; then recalled, superseded, or simply expired (domain.md §14)."""

from collections.abc import Callable, Collection
from datetime import datetime

from msgspec import structs

from services.knowledge.domain.denied import Denied, Missing
from shared.events.knowledge import Acknowledgement, Bulletin, BulletinState

Decision = Callable[[Bulletin | None], Bulletin]


def drafted(known: Bulletin | None, draft: Bulletin) -> Bulletin:
    """A new draft; the same one again is a repeat. Raises Denied."""
    if known is None:
        return draft
    as_drafted = structs.replace(known, version=1, state="draft", approver="", effective_from=draft.effective_from)
    if as_drafted != draft:
        raise Denied("bulletin_exists", "this Idempotency-Key belongs to another bulletin")
    return known


def submitted(known: Bulletin | None) -> Bulletin:
    """To whom approves."""
    return _next(known, "pending", allowed=("draft",))


def published(known: Bulletin | None, approver: str, now: datetime) -> Bulletin:
    """In force from its date on, never before it was approved. Level I takes two persons. Raises Denied, Missing."""
    made = _next(known, "published", allowed=("draft", "pending"))
    if made is known:
        return made
    if made.level == "I" and _person(approver) == _person(made.author):
        raise Denied("two_person_rule", "a bulletin of level I is approved by somebody else than its author")
    if made.expires_at <= now:
        raise Denied("expired", f"it expired at {made.expires_at.isoformat()}")
    return structs.replace(made, approver=approver, effective_from=max(made.effective_from, now))


def recalled(known: Bulletin | None) -> Bulletin:
    """No longer in force; also a draft that nobody wants."""
    return _next(known, "recalled", allowed=("draft", "pending", "published"))


def superseded(known: Bulletin | None) -> Bulletin:
    """Another bulletin in force takes its place."""
    return _next(known, "superseded", allowed=("published",))


def acknowledged(bulletin: Bulletin | None, agent: str, names: Collection[str], now: datetime) -> Acknowledgement:
    """An agent confirms a bulletin in force that concerns him. Raises Denied, Missing."""
    if bulletin is None:
        raise Missing
    if not bulletin.in_force(now):
        raise Denied("not_in_force", f"the bulletin is {bulletin.state}, or its time is not now")
    if not bulletin.concerns(names):
        raise Denied("not_concerned", "the bulletin is for others")
    return Acknowledgement(bulletin=bulletin.id, version=bulletin.version, agent=agent, at=now)


def _person(actor: str) -> str:
    """`editor:e1` → `e1`: another role is not another person."""
    return actor.partition(":")[2]


def _next(known: Bulletin | None, state: BulletinState, allowed: tuple[BulletinState, ...]) -> Bulletin:
    if known is None:
        raise Missing
    if known.state == state:
        return known
    if known.state not in allowed:
        raise Denied("wrong_state", f"the bulletin is {known.state}; this takes {' or '.join(allowed)}")
    return structs.replace(known, version=known.version + 1, state=state)

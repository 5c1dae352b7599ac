"""Which lost calls somebody still has to call back, kept as the facts of contacts come in.

A contact's facts are written first, then one looks for what they change: a lost call for later contacts of its caller,
a later contact for lost calls of his. So whichever of the two comes last sees the other, and what is read again changes
nothing.
"""

from collections.abc import Collection, Iterable

from services.intake.domain.missed import CallBacks, missed_of
from services.intake.missed_store import Came, MissedStore


class MissedCalls:
    """Follows the contacts of a batch once they are written."""

    def __init__(self, store: MissedStore, policy: CallBacks) -> None:
        self._store = store
        self._policy = policy

    async def follow(self, contacts: Collection[str]) -> None:
        """Raises StoreAway."""
        calls = await self._store.unanswered(contacts)
        judged = {call["_id"]: missed_of(call, self._policy) for call in calls}
        lost = {contact: missed for contact, missed in judged.items() if missed is not None}
        await self._store.put(lost)
        not_lost = {call["_id"] for call in calls if "missed" in call} - lost.keys()
        came = [Came(contact, missed.ref, missed.at, served=False) for contact, missed in lost.items()]
        earlier = await self._earlier([*came, *await self._served(contacts, lost)])
        await self._store.make_up(not_lost | earlier | await self._later(came))

    async def _served(self, contacts: Collection[str], lost: Collection[str]) -> list[Came]:
        """Nearly every contact is served: who they are is asked only while somebody is still to be called back."""
        if not await self._store.any_open():
            return []
        return [one for one in await self._store.served(contacts) if one.contact not in lost]

    async def _earlier(self, came: Collection[Came]) -> set[str]:
        """Open lost calls whose callers are among those who came."""
        waiting = await self._store.open_of({one.ref for one in came})
        return {lost.contact for lost in waiting if any(one.makes_up_for(lost) for one in came)}

    async def _later(self, lost: Iterable[Came]) -> set[str]:
        """Of these lost calls, those whose callers came again."""
        return {one.contact for one in lost if await self._store.came_after(one)}

"""Who ties cases together: the dispatcher of the event case, and the one who merges what several people reported."""

from hotline.surge.door import Door
from hotline.surge.journal import Journal
from hotline.surge.rounds import Actor, Item, World


class EventDesk(Actor):
    """Makes the first case about the one cause an event case, links all others to it, and lets some of them go."""

    def __init__(self, world: World, door: Door, journal: Journal) -> None:
        super().__init__(world, door, journal)
        self._to_detach: dict[str, None] = {}

    @property
    def intends(self) -> int:
        return len(self.world.wall.to_link) + len(self._to_detach)

    async def round(self) -> None:
        if not await self._declared(self.world.wall.event_case):
            return
        await self.all(self._detach, list(self._to_detach))
        await self.all(self._link, list(self.world.wall.to_link))

    async def _declared(self, case: str) -> bool:
        """Whether others can be linked to the case."""
        if case and not self.tries("declare_event", case):
            await self.command(case, "declare_event", case, {"reason": "同一原因引发多起来电。"})
        return bool(case) and self.tries("declare_event", case) > 0

    async def _link(self, case: str) -> None:
        """What dispatch refuses goes its own way: its units have answered, or another case goes on with it."""
        event = self.world.wall.event_case
        outcome = await self.command(case, "link", case, {"event_case": event, "reason": "与事件工单同因。"})
        if outcome == "later":
            return
        del self.world.wall.to_link[case]
        if outcome == "done" and self.draw("detached", case) < self.world.mix.event_case.detached:
            self._to_detach[case] = None

    async def _detach(self, case: str) -> None:
        if await self.command(case, "detach", case, {"reason": "经核实为另一事项。"}) != "later":
            del self._to_detach[case]


class Merger(Actor):
    """Asks for each case at work which other one looks like the same matter; merges some, and undoes some of those."""

    def __init__(self, world: World, door: Door, journal: Journal) -> None:
        super().__init__(world, door, journal, parallel=16)
        self._looked: set[str] = set()
        self._tied: set[str] = set()
        self._to_merge: dict[str, str] = {}
        self._to_undo: dict[str, None] = {}

    @property
    def intends(self) -> int:
        return len(self._to_merge) + len(self._to_undo)

    async def round(self) -> None:
        for state in ("PENDING_DISPATCH", "DISPATCHED", "HANDLING"):
            await self.each(self._look, state=state)
        await self.all(self._undo, list(self._to_undo))
        await self.all(self._merge, list(self._to_merge))

    async def _look(self, item: Item) -> None:
        """Each case once; one that is merged, or merged into, is not looked at again."""
        case = str(item["id"])
        if any(case in known for known in (self._looked, self._tied, self.world.wall.about)):
            return
        self._looked.add(case)
        target = await self._twin(case)
        if not target or {case, target} & self._tied or self.draw("merged", case) >= self.world.mix.merges.merged:
            return
        self._tied |= {case, target}
        self._to_merge[case] = target

    async def _twin(self, case: str) -> str:
        """The open case most like this one, if it is about the same matter."""
        answer = await self.door.get(f"/cases/{case}/duplicates")
        found = answer.body["items"] if answer.status == 200 else []
        alike = [str(one["case"]) for one in found if one["likeness"]["text"] >= self.world.mix.merges.alike]
        return next((one for one in alike if one not in self.world.wall.about), "")

    async def _merge(self, case: str) -> None:
        body = {"target": self._to_merge[case], "reason": "同一事项重复反映。"}
        outcome = await self.command(case, "merge_into", case, body)
        if outcome == "later":
            return
        del self._to_merge[case]
        if outcome == "done" and self.draw("undone", case) < self.world.mix.merges.undone:
            self._to_undo[case] = None

    async def _undo(self, case: str) -> None:
        """Once the other case has taken it over; where it did not, there is nothing to undo."""
        state = (await self.door.get(f"/cases/{case}")).body.get("state")
        if state == "MERGING":
            return
        body = {"reason": "经核实并非同一事项。"}
        if state != "MERGED" or await self.command(case, "undo_merge", case, body) != "later":
            del self._to_undo[case]

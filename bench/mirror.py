"""The bare loop set to a measured run of the platform: its stages, its messages, its time."""

import asyncio

import orjson
from msgspec import structs

from bench.bare import Out, Stage, message
from bench.spine import Measured
from bench.stand import Stand
from services.notify.domain.view import DebtsView
from services.sla.domain.view import ClocksView
from shared.records import Record


class Bare:
    """The bare loop set to a measured run: as many messages, bytes, decodes, writes, and batches of the same size."""

    def __init__(self, stand: Stand, run: str, like: Measured) -> None:
        self._stand = stand
        self._like = like
        self.names = {role: f"bare.{run}.{role}" for role in like.topics}
        self._paid = like.topics["deliveries"].records

    async def run(self) -> float:
        """Seconds from the first batch read to the last one committed."""
        await self._stand.make_topics({name: 1 if role == "feed" else 8 for role, name in self.names.items()})
        await self._fill()
        processes = [await self._stand.bare(stage.name, [stage]) for stage in self.stages()]
        try:
            times = [time for process in processes for time in await process.times()]
        finally:
            await asyncio.gather(*(process.stop() for process in processes))
        return max(time.last for time in times) - min(time.first for time in times)

    async def _fill(self) -> None:
        """All commands but those that notify's stage will send."""
        count = self._like.topics["commands"].records - self._paid
        await self._stand.publisher.publish(blank(self.names["commands"], count, self._like.cases, self._size))

    @property
    def _size(self) -> int:
        return self._like.topics["commands"].size

    def stages(self) -> list[Stage]:
        topics, stores = self._like.topics, self._like.stores
        commands, events = topics["commands"].records, topics["cases"].records
        pushed = (topics["cases"].bytes + topics["feed"].bytes) // max(1, stores["dispatch"].writes)
        dispatch = Stage(
            name="dispatch", topic=self.names["commands"], total=commands,
            batch=self._like.batch("dispatch"), decodes=1.0,
            writes=stores["dispatch"].writes / commands, state_bytes=stores["dispatch"].state_bytes, push_bytes=pushed,
            out=[self._out("cases", events / commands), self._out("feed", topics["feed"].records / commands)],
        )  # fmt: skip
        pays = self._paid / events
        return [
            dispatch,
            self._reader("sla", events, stores["sla"].writes / events, ClocksView.interests),
            structs.replace(
                self._reader("notify", events, stores["notify"].writes / events - 2 * pays, DebtsView.interests),
                pays=pays,
                paid=[self._out("deliveries", 1.0), Out(topic=self.names["commands"], share=1.0, size=self._size)],
            ),
        ]

    def _reader(self, name: str, events: int, writes: float, interests: frozenset[str]) -> Stage:
        kinds = self._like.topics["cases"].kinds
        return Stage(
            name=name, topic=self.names["cases"], total=events, batch=self._like.batch(name),
            decodes=sum(kinds[kind] for kind in interests) / events, writes=writes,
            state_bytes=self._like.stores[name].state_bytes, push_bytes=0,
        )  # fmt: skip

    def _out(self, role: str, share: float) -> Out:
        return Out(topic=self.names[role], share=share, size=self._like.topics[role].size)


def blank(topic: str, count: int, cases: int, size: int) -> list[Record]:
    """Messages of the bare loop, in waves over so many keys."""
    value = orjson.dumps(message(size))
    return [Record(topic, f"N-{n % cases:036d}".encode(), value) for n in range(count)]

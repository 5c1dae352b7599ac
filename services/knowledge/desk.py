"""Writing: load, decide, save under guard, publish. What is answered stands in the log; the sweep brings the rest."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import structlog

from services.knowledge.domain import bulletins
from services.knowledge.domain.denied import Missing
from services.knowledge.library import Library
from services.knowledge.store import Store
from shared.away import AWAY, BrokerAway
from shared.clock import Clock
from shared.documents import Document, Write
from shared.events.envelope import Envelope, raw
from shared.events.knowledge import KNOWLEDGE, Acknowledgement, Article, Bulletin, Entry, ProfileSwitch, Surge
from shared.ids import derive
from shared.producer import Publisher
from shared.records import Record, record_of
from shared.telemetry import traceparent

log = structlog.get_logger()
SOURCE = "/knowledge"
ANSWER_S = 5.0
"""The longest that a request waits for the log."""
SWEEP_S = 15.0
SWEEP_BATCH = 200
E_ = TypeVar("E_", Article, Bulletin, Acknowledgement, Surge, ProfileSwitch)


class Desk:
    """The only writer of the topic; `library` follows what the log says."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        library: Library,
        clock: Clock,
        *,
        topic: str,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._library = library
        self._shelf = library.shelf
        self._clock = clock
        self._topic = topic
        self._answer_s = answer_s

    async def put(self, key: str, model: type[E_], decide: Callable[[E_ | None], E_], by: str, trace: str = "") -> E_:
        """The entry that `decide` makes of the newest one, once it is written and in the log; a repeat is itself.

        Raises what `decide` raises, Missing under another kind's key, StoreAway, and BrokerAway where
        the log stays silent: then the sweep publishes.
        """
        while True:
            document = (await self._store.entries.load([key], omit=("history",))).get(key)
            made = decide(known := _entry(document, model))
            if made is known or await self._save(document, made, by):
                break
        if self._shelf.logged.get(key) != made.version:
            await self._publish(self._record(made, by, trace))
            self._library.keep(made)
        return made

    async def _publish(self, record: Record) -> None:
        try:
            async with asyncio.timeout(self._answer_s):
                await self._publisher.publish([record])
        except TimeoutError as error:
            raise BrokerAway("written, but not in the log yet") from error

    async def _save(self, document: Document | None, made: Entry, by: str) -> bool:
        body = msgspec.to_builtins(made)
        past = {"version": made.version, "at": self._clock.now().isoformat(), "by": by, "entry": body}
        fields: Document = {"kind": KNOWLEDGE.type_of(made), "version": made.version, "entry": body, "actor": by}
        rev = int(document["rev"]) if document else 0
        saved = await self._store.entries.save([Write(made.key, rev, fields, {"history": [past]})])
        return made.key in saved.written

    def _record(self, made: Entry, by: str, trace: str) -> Record:
        envelope = Envelope(
            id=derive("knowledge", made.key, made.version),
            type=KNOWLEDGE.type_of(made),
            source=SOURCE,
            subject=made.key,
            time=self._clock.now(),
            actor=by,
            traceparent=traceparent(trace),
            data=raw(made),
        )
        return record_of(self._topic, envelope)

    async def sweep(self) -> int:
        """Bring to the log what was written and is not its last word there; returns how many.

        A crash between write and publish leaves such entries, and so does a slow replica that published an older
        version after a newer one.
        """
        stored = await self._store.versions()
        behind = [key for key, version in stored.items() if self._shelf.logged.get(key) != version]
        for at in range(0, len(behind), SWEEP_BATCH):
            found = await self._store.entries.load(behind[at : at + SWEEP_BATCH], omit=("history",))
            await self._publisher.publish([self._again(document) for document in found.values()])
        await self._supersede()
        return len(behind)

    def _again(self, document: Document) -> Record:
        made: Any = msgspec.convert(document["entry"], KNOWLEDGE.models[document["kind"]])
        return self._record(made, document["actor"], "")

    async def _supersede(self) -> None:
        """A bulletin in force ends those that it supersedes."""
        now = self._clock.now()
        for bulletin in [one for one in self._shelf.bulletins.values() if one.supersedes and one.in_force(now)]:
            old = self._shelf.bulletins.get(bulletin.supersedes)
            if old is not None and old.state == "published":
                await self.put(old.id, Bulletin, bulletins.superseded, bulletin.approver)

    async def watch(self, caught_up: Callable[[], bool]) -> None:
        """Sweep until cancelled, as soon as the log has been read whole."""
        while True:
            try:
                if caught_up() and (count := await self.sweep()):
                    log.warning("published again", entries=count)
            except AWAY as error:
                log.warning("the sweep waits", error=repr(error))
            except Exception:
                log.exception("the sweep failed")
            await self._clock.sleep(SWEEP_S if caught_up() else 0.2)


def _entry(document: Document | None, model: type[E_]) -> E_ | None:
    if document is None:
        return None
    if document["kind"] != KNOWLEDGE.types[model]:
        raise Missing
    return msgspec.convert(document["entry"], model)

"""Existing cases in bulk: `python -m bench.seed COUNT` writes them into the databases of the city in the environment.

A few hundred cases are lived through the services' own code (bench/life.py) and then made again under other ids,
numbers, callers and times (bench/stamp.py). Nothing goes over the bus: these cases were published long ago.
"""

import asyncio
import hashlib
import multiprocessing
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, cycle, islice
from typing import Any, NamedTuple

from bson.raw_bson import RawBSONDocument
from msgspec import Struct
from pymongo import MongoClient

from bench.ground import PARTITIONS, Ground, person_of, read_ground
from bench.histories import HISTORIES, History, Texts
from bench.life import Life
from bench.stamp import UUID_KEPT, Own, Stamp
from hotline.surge.calls import PREFIXES
from hotline.surge.messages import Message, default_data, read_messages
from services.desk.store import MongoStore as DeskStore
from services.dispatch.domain.situation import situation_of
from services.dispatch.store import MongoStore as DispatchStore
from services.notify.store import MongoStore as NotifyStore
from services.reports.store import MongoStore as ReportsStore
from services.sla.store import MongoStore as SlaStore
from shared.clock import CHINA, make_clock
from shared.events.commands import Register, Reporter
from shared.events.contacts import SealedPerson
from shared.mongo import connect
from shared.settings import Settings

NOON = datetime(2021, 1, 13, 12, tzinfo=CHINA)
"""When a seed's matters are routed, whatever day they lie on."""

CHUNK = 1000
PROCESSES = 2
STAMPS = 240
"""Lived cases in all; at least four of each history."""
LOOKED_AT, LONGEST = 4000, 500
"""Messages of which the texts are taken, and characters of one: a sheet that an agent fills in is short."""
PAST_DAYS, RECENT_DAYS, NEWEST_DAY = 360, 30, 5
"""Closed cases began in so many days, open ones in the newest of them; after the newest day all is past."""
CALLS_EACH = 3
"""Cases of a caller, in the mean."""
SLACK = timedelta(hours=1)


class Dated(Struct, frozen=True):
    """A stamp and how much later its moments may be without leaving their days."""

    stamp: Stamp
    slack: timedelta


class Written(NamedTuple):
    cases: int
    bytes: int


class Maker:
    """Makes the nth existing case: everything about it depends on its number alone."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._ground = read_ground(settings)
        self._ref_key = settings.ref_key.get_secret_value()
        self._now = now
        self._steps = list(accumulate(history.share for history in HISTORIES))
        self._dated = asyncio.run(self._live())
        self._last = -1, self._ground.person

    async def _live(self) -> list[list[Dated]]:
        """Lived cases by history. Messages are dealt out in turn, so that texts and units differ."""
        messages = read_messages(default_data())[:LOOKED_AT]
        texts = _texts(self._ground, [message for message in messages if len(message.text) <= LONGEST])
        turns = {kind: cycle(found) for kind, found in texts.items()}
        return [
            [
                await self._lived(history, message, n)
                for n, message in enumerate(islice(turns[history.texts], max(4, round(STAMPS * history.share))))
            ]
            for history in HISTORIES
        ]

    async def _lived(self, history: History, message: Message, n: int) -> Dated:
        opened = self._now.replace(hour=8, minute=0, second=7, microsecond=123_457) + timedelta(minutes=37 * n % 560)
        life = Life(self._ground, history, message, f"{history.name}/{n}", opened)
        documents = await life.live()
        for document in documents.values():
            document |= {"was": document["rev"] - 1, "by": "seed"}
        number = documents["dispatch"]["number"]
        stamp = Stamp(documents, number, self._ground.person, PARTITIONS[life.lane])
        return Dated(stamp, min([SLACK, *(_until_midnight(moment) for moment in life.moments)]))

    def make(self, index: int) -> dict[str, bytes]:
        """The documents of a case by service."""
        drawn = hashlib.blake2b(f"seed/{index}".encode(), digest_size=40).digest()
        which = min(bisect_right(self._steps, int.from_bytes(drawn[:4]) / 2**32), len(HISTORIES) - 1)
        dated = self._dated[which][int.from_bytes(drawn[4:8]) % len(self._dated[which])]
        later = dated.slack * (int.from_bytes(drawn[8:12]) / 2**32)
        days, number = self._number(index, HISTORIES[which].open)
        shift = timedelta(seconds=int(later.total_seconds())) - timedelta(days=days)
        person = self._person(index // CALLS_EACH)
        return dated.stamp.make(Own(int.from_bytes(drawn[16:32]) & UUID_KEPT, number, shift, person))

    def _number(self, index: int, is_open: bool) -> tuple[int, str]:
        """How many days ago, and a number of that day which no other case has."""
        span, start = (RECENT_DAYS, 500_000) if is_open else (PAST_DAYS, 1)
        days = NEWEST_DAY + index % span
        day = self._now - timedelta(days=days)
        return days, f"{self._ground.prefix}-{day:%Y%m%d}-{start + index // span:06d}"

    def _person(self, nth: int) -> SealedPerson:
        """The nth caller; his cases follow one another, so only the last one is remembered."""
        if nth != self._last[0]:
            prefix, rest = divmod(nth * 479_001_599 % (len(PREFIXES) * 10**8), 10**8)
            number = f"+86{PREFIXES[prefix]}{rest:08d}"
            self._last = nth, person_of(number, self._ground.seal_key, self._ref_key)
        return self._last[1]


def _texts(ground: Ground, messages: Sequence[Message]) -> dict[Texts, list[Message]]:
    found: dict[Texts, list[Message]] = {"routed": [], "unrouted": [], "urgent": []}
    for message in messages:
        matter = Register(
            matter=1, reporter=Reporter(contact_id=""), title=message.headline, text=message.text
        )  # fmt: skip
        routing = ground.rules.route(situation_of(matter, NOON))
        if routing.priority == "P1" and routing.lead:
            found["urgent"].append(message)
        elif routing.priority == "P2":
            found["routed" if routing.lead else "unrouted"].append(message)
    return found


def _until_midnight(moment: datetime) -> timedelta:
    local = moment.astimezone(CHINA)
    return local.replace(hour=23, minute=59, second=59, microsecond=0) - local


class Writer:
    """Inserts chunks of cases; one in each process."""

    def __init__(self, settings: Settings, maker: Maker) -> None:
        self._settings = settings
        self._maker = maker
        self._collections: dict[str, Any] = {}

    def write(self, numbers: range) -> Written:
        """All documents of these cases, one unordered bulk for each service."""
        rows: dict[str, list[RawBSONDocument]] = {}
        for number in numbers:
            for service, document in self._maker.make(number).items():
                rows.setdefault(service, []).append(RawBSONDocument(document))
        for service, documents in rows.items():
            self._collection(service).insert_many(documents, ordered=False)
        return Written(len(numbers), sum(len(row.raw) for documents in rows.values() for row in documents))

    def _collection(self, service: str) -> Any:
        if service not in self._collections:
            self._collections[service] = connect(self._settings, service, MongoClient).cases
        return self._collections[service]


async def prepare(settings: Settings) -> int:
    """Make every service's indexes; returns how many cases there are."""
    databases = {name: connect(settings, name) for name in ("dispatch", "sla", "notify", "reports", "desk")}
    await DispatchStore(databases["dispatch"]).prepare()
    await SlaStore(databases["sla"]).prepare()
    await NotifyStore(databases["notify"]).prepare()
    await ReportsStore(databases["reports"], 0).prepare()
    await DeskStore(databases["desk"]).prepare()
    known = int(await databases["dispatch"].cases.estimated_document_count())
    for database in databases.values():
        database.client.close()
    return known


def seed(settings: Settings, count: int) -> Iterator[Written]:
    """Write `count` cases more; yields what each chunk wrote."""
    maker = Maker(settings, make_clock(settings).now().astimezone(CHINA))
    first = asyncio.run(prepare(settings))
    chunks = [range(at, min(at + CHUNK, first + count)) for at in range(first, first + count, CHUNK)]
    context = multiprocessing.get_context("fork")
    with context.Pool(PROCESSES, _begin, (settings, maker)) as pool:
        yield from pool.imap_unordered(_write, chunks)


_writer: list[Writer] = []
"""The one of this process."""


def _begin(settings: Settings, maker: Maker) -> None:
    _writer.append(Writer(settings, maker))


def _write(numbers: range) -> Written:
    return _writer[0].write(numbers)


def report(settings: Settings, count: int) -> Iterator[str]:
    """Seed, with a line of progress for every tenth part and a last one."""
    began, cases, size = time.monotonic(), 0, 0
    for chunk in seed(settings, count):
        cases, size = cases + chunk.cases, size + chunk.bytes
        if cases == count or (cases * 10 // count) > ((cases - chunk.cases) * 10 // count):
            seconds = time.monotonic() - began
            yield f"{cases:,} cases, {size / 1e9:.2f} GB of documents, {seconds:.0f} s, {cases / seconds:,.0f}/s"


def main() -> None:
    for line in report(Settings(), int(sys.argv[1])):
        sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()

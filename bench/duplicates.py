"""Row s: how fast duplicates are suggested among many open cases.

A mongod of its own holds the cases; the index is filled from it as by the service. Beside it, from the same run, the
bare figure: one find by id. Texts are real messages where ../shared/data is, each case with some words changed;
half of the questions are another wording of a case that is there, which also tells how many of those are found.
"""

import json
import lzma
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bench.rows import Row, latency
from hotline.embedded.mongo import EmbeddedMongo
from hotline.ports import free_port
from hotline.supervisor import Supervisor
from services.dispatch.domain.case import Case, Debt
from services.dispatch.domain.likeness import DuplicatesPolicy, Matter, sketch_of
from services.dispatch.duplicates import Duplicates, matter_of
from services.dispatch.store import MongoStore, write_of
from shared.clock import CHINA
from shared.events.commands import Reporter
from shared.events.contacts import SealedPerson
from shared.mongo import connect
from shared.policy import load
from shared.settings import Settings

DATA = Path(__file__).parents[2] / "shared" / "data" / "messages_labelled.jsonl.xz"
POLICY = Path(__file__).parents[1] / "policy" / "130100"
SENTENCES = ("小区停水", "路灯不亮", "物业收费", "公交绕行", "夜间施工扰民", "暖气不热", "垃圾没有清运", "井盖缺失")
START = datetime(2021, 1, 13, 4, 0, tzinfo=CHINA)
CHUNK = 1_000
OPEN, ASKED = 100_000, 2_000


class Found(NamedTuple):
    """Seconds of every question and of every bare find, and the share of known duplicates that were suggested."""

    asked: list[float]
    bare: list[float]
    recall: float
    filled_s: float


def texts() -> list[str]:
    """Messages of citizens, or a few sentences put together."""
    if DATA.exists():
        with lzma.open(DATA, "rt", encoding="utf-8") as lines:
            return [json.loads(line)["text"][:600] for line in lines]
    return ["，".join(random.Random(n).sample(SENTENCES, 4)) for n in range(2_000)]


def reworded(text: str, draw: random.Random, share: float = 0.06) -> str:
    """The text with some of its characters changed."""
    return "".join(draw.choice("的一是在不了有和人这") if draw.random() < share else char for char in text)


def cases(count: int, draw: random.Random) -> Iterator[Case]:
    """Open cases: many from few sources, as in a city with one cause and a thousand calls."""
    sources = texts()
    for n in range(count):
        person = SealedPerson(caller_ref=f"ref-{draw.randrange(count)}", masked="138****0000", sealed="k1.x")
        debt = Debt(id=f"d{n}", reporter=Reporter(contact_id=f"c{n}", person=person), cycle=1, state="open")
        yield Case(
            id=f"N-{n:08d}", sequence=1, registered=True, number=f"SJZ-20210113-{n:06d}", title="诉求",
            text=reworded(sources[n % len(sources)], draw, 0.3), area=f"1301{n % 22:02d}",
            address=f"中山路{draw.randrange(5_000)}号", time=START + timedelta(minutes=n % 10_000), debts=[debt],
        )  # fmt: skip


async def seed(store: MongoStore, count: int, draw: random.Random) -> list[Case]:
    made = list(cases(count, draw))
    for n in range(0, count, CHUNK):
        await store.cases.save([write_of(case, 0, "", []) for case in made[n : n + CHUNK]])
    return made


async def measure(settings: Settings, count: int, asked: int) -> Found:
    draw = random.Random(12345)
    database = connect(settings, "dispatch")
    store = MongoStore(database)
    await store.prepare()
    known = await seed(store, count, draw)
    kept = Duplicates(store, load(POLICY, "duplicates", DuplicatesPolicy))
    began = time.perf_counter()
    await kept.refresh()
    filled_s = time.perf_counter() - began
    ours, bare, hits = [], [], 0
    for n in range(asked):
        case = draw.choice(known)
        began = time.perf_counter()
        found = await kept.of(_question(case, draw, again=n % 2 == 0))
        ours.append(time.perf_counter() - began)
        hits += n % 2 == 0 and case.id in {one.case for one in found}
        began = time.perf_counter()
        await database.cases.find_one({"_id": draw.choice(known).id}, {"state": 1})
        bare.append(time.perf_counter() - began)
    database.client.close()
    return Found(ours, bare, hits / ((asked + 1) // 2), filled_s)


def _question(case: Case, draw: random.Random, again: bool) -> Matter:
    """A new call: about the case in other words from another telephone, or about something that nobody reported."""
    text = reworded(case.text, draw, 0.1) if again else reworded(case.text, draw, 0.7)
    address = case.address if again else "another road"
    about = matter_of(case)
    return Matter(sketch=sketch_of("", text), area=about.area, address=address, at=about.at + timedelta(hours=2))


async def run(count: int, asked: int) -> Found:
    folder = Path(tempfile.mkdtemp(prefix="duplicates-"))
    mongo = EmbeddedMongo(folder, free_port())
    supervisor = Supervisor(folder)
    try:
        await supervisor.start(mongo.prepare())
        return await measure(Settings(city="990100", mongo=mongo.address), count, asked)
    finally:
        await supervisor.stop_all()
        shutil.rmtree(folder, ignore_errors=True)


async def row(count: int = OPEN, asked: int = ASKED) -> Row:
    found = await run(count, asked)
    return latency(
        f"duplicates suggested among {count:,} open cases, p99", found.asked, found.bare, least=50, aim=50,
        counted=f"{asked} questions in turn, half of them a case that is there in other words; bare: a find by id",
        more={"known duplicates suggested": found.recall, "filled after s": found.filled_s},
    )  # fmt: skip

"""Seeded cases: what stands in every service's document is what that service reads, and no two cases share anything."""

import base64
from collections import Counter
from datetime import datetime
from functools import cache

import bson
import msgspec
import pytest
from bson.codec_options import CodecOptions

from bench.ground import FAR, read_ground
from bench.histories import HISTORIES, History
from bench.life import Life
from bench.seed import Maker
from hotline.surge.messages import Message
from services.desk.store import read_sheet
from services.dispatch.domain.states import state_of
from services.dispatch.store import read_case, read_log
from services.notify.store import read_debts
from services.reports.domain.marks import case_days
from services.reports.rows import fact_of
from services.sla.domain.clocks import Clocks
from shared.clock import CHINA
from shared.documents import Document
from shared.events.envelope import decode
from shared.privacy import mask_number, unseal
from shared.producer import partition_of
from shared.settings import Settings

KEY = base64.b64encode(bytes(32)).decode()
SETTINGS = Settings.model_validate({"seal_key": KEY, "ref_key": KEY})
NOW = datetime(2021, 3, 10, 15, 0, tzinfo=CHINA)
AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True)
MADE = 1500


@cache
def maker() -> Maker:
    return Maker(SETTINGS, NOW)


@cache
def made() -> list[dict[str, Document]]:
    return [
        {service: bson.decode(document, AWARE) for service, document in maker().make(index).items()}
        for index in range(MADE)
    ]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
async def test_every_history_ends_in_its_state(history: History) -> None:
    text = "孩子在路口等车，天天堵车。" if history.texts == "routed" else "想问一件别的事。"
    message = Message(title="反映", text="独居老人家里停水。" if history.texts == "urgent" else text)
    ground = read_ground(SETTINGS)
    documents = await Life(ground, history, message, "one", datetime(2021, 3, 1, 9, 0, 0, 1, CHINA)).live()
    assert read_sheet(documents["desk"]).state == history.state == documents["dispatch"]["state"]
    if history.name == "cannot be told":
        assert [debt.status for debt in read_debts(documents["notify"]).by_id.values()] == ["unreachable"]


def test_all_services_tell_of_the_same_case() -> None:
    for documents in made():
        dispatch, case = documents["dispatch"], read_case(documents["dispatch"])
        assert {document["_id"] for document in documents.values()} == {case.id}
        sheet, events = read_sheet(documents["desk"]), [decode(entry.value) for entry in read_log(dispatch)]
        assert state_of(case) == dispatch["state"] == sheet.state
        assert case.number == dispatch["number"] == sheet.number
        assert {event.subject for event in events} == {case.id}
        assert case.sequence == events[-1].sequence == sheet.timeline[-1].sequence == documents["reports"]["sequence"]
        assert {order.id for order in case.orders} == {order.id for order in sheet.orders}
        assert case.time == max(event.time for event in events) < NOW


def test_indexed_fields_moved_with_the_case() -> None:
    for documents in made():
        sheet, fact = read_sheet(documents["desk"]), fact_of(documents["reports"])
        assert documents["reports"]["days"] == case_days(fact)
        assert fact.registered_at is not None
        assert abs((documents["desk"]["registered_at"] - fact.registered_at).total_seconds()) < 0.001
        for service in documents.keys() - {"dispatch"}:
            count = 4 if sheet.id.startswith("U") else 8
            assert documents[service]["partition"] == partition_of(sheet.id.encode(), count)


def test_no_timer_fires_for_years() -> None:
    clocks = [documents["sla"] for documents in made() if "sla" in documents]
    running = [row for row in clocks if row["next"] is not None]
    assert running
    for row in running:
        assert row["next"] > NOW + FAR * 0.7


def test_clocks_can_be_read() -> None:
    rows = [documents["sla"]["state"] for documents in made() if "sla" in documents]
    assert all(bson.encode({"state": row}) for row in rows)
    read = [msgspec.convert(row, Clocks) for row in rows]
    assert {len(clocks.orders) for clocks in read} >= {1, 2}


def test_nothing_is_shared() -> None:
    for name in ("_id", "number", "contact"):
        values = Counter(documents["dispatch"][name] for documents in made())
        assert values.most_common(1)[0][1] == 1, name
    ids = Counter(decode(entry.value).id for d in made() for entry in read_log(d["dispatch"]) if "cases" in entry.topic)
    assert ids.most_common(1)[0][1] == 1


def test_callers_are_sealed_for_those_who_may_read_them() -> None:
    debts = [debt for d in made() if "notify" in d for debt in read_debts(d["notify"]).by_id.values() if debt.sealed]
    assert debts
    assert all(mask_number(unseal(KEY, debt.sealed)) == debt.masked for debt in debts)


def test_the_mix_is_that_of_the_histories() -> None:
    closed = sum(documents["dispatch"]["state"] == "CLOSED" for documents in made()) / MADE
    assert abs(closed - sum(history.share for history in HISTORIES if not history.open)) < 0.03
    assert abs(sum(history.share for history in HISTORIES) - 1) < 1e-9


async def test_a_seeded_case_goes_on() -> None:
    """A command to it is decided like any other's, and every reader folds what comes of it without a gap."""
    ground = read_ground(SETTINGS)
    documents = next(one for one in made() if one["dispatch"]["state"] == "HANDLING")
    case = read_case(documents["dispatch"])
    life = Life(ground, HISTORIES[0], Message(text="x"), "other", NOW)
    life.adopt(documents)
    await life.go(("answer", "audit"))
    after = life.documents()
    assert after["dispatch"]["state"] == "PENDING_CALLBACK" == read_sheet(after["desk"]).state
    events = [decode(entry.value) for entry in read_log(after["dispatch"]) if "cases" in entry.topic]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert len(events) > case.sequence
    assert not fact_of(after["reports"]).gaps
    assert [debt.status for debt in read_debts(after["notify"]).by_id.values()] == ["settled"]

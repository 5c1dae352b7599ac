"""The door to the routing: explanations, past cases, and proposals with and without a model."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.dispatch.classifier import model_file
from services.dispatch.classifier.messages import read_labelled
from services.dispatch.classifier.training import train
from services.dispatch.domain.dry_run import Past
from services.dispatch.domain.grading import JUDGED
from services.dispatch.domain.proposals import Topics, propose
from services.dispatch.domain.situation import Situation
from services.dispatch.past import past_of
from services.dispatch.policy import load_router, load_topics
from services.dispatch.proposer import Proposer
from services.dispatch.routing_api import routing_router
from shared.auth import issue
from shared.events.cases import CASES, CaseRegistered
from shared.events.envelope import Envelope, encode, raw
from shared.service import install_errors
from shared.settings import Settings
from shared.testing import FakeClock
from tests.factories import START, case_of, reporter
from tests.unit.dispatch.classifier.sample import write

POLICY = Path("policy/130100")
SECRET = "s" * 32


def registered(**more: Any) -> CaseRegistered:
    given = {
        "number": "SJZ-1", "matter": 1, "reporter": reporter("c1"), "title": "停水", "text": "小区停水两天",
        "request_type": "TS", "topic": "05", "area": "130102", "address": "", "priority": "P1", "obligation": "",
        "obligation_state": "waived", **more,
    }  # fmt: skip
    return CaseRegistered(**given)


class Cases:
    """One past case."""

    def __init__(self) -> None:
        self.past = past_of(document(registered()))

    async def page(self, after: str, limit: int) -> list[Past]:
        return [self.past] if self.past and not after else []

    async def one(self, case: str) -> Past | None:
        return self.past if case == "SJZ-1" else None


def document(event: CaseRegistered) -> dict[str, Any]:
    made = Envelope(
        id="e1", type=CASES.type_of(event), source="/dispatch", subject=case_of(), time=START, data=raw(event)
    )  # fmt: skip
    return {"_id": case_of(), "log": [{"s": 1, "t": "cases", "v": encode(made)}]}


class Door:
    def __init__(self, model: Path) -> None:
        settings = Settings(jwt_secret=SecretStr(SECRET))
        router = load_router(POLICY)
        self.app = FastAPI()
        install_errors(self.app)
        proposer = Proposer(model, load_topics(POLICY), router)
        self.app.include_router(routing_router(settings, FakeClock(), router, Cases(), proposer))

    async def ask(self, method: str, path: str, body: Any = None, role: str = "dispatcher") -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        headers = {"Authorization": f"Bearer {issue(SECRET, 'd1', role, 1)}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://dispatch", headers=headers) as client:
            return await client.request(method, path, json=body)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "model.npz")


async def test_a_message_is_explained(door: Door) -> None:
    body = {"text": "夜里施工噪音", "topic": "13", "at": "2021-01-13T23:00:00+08:00"}
    answer = (await door.ask("POST", "/routing/explain", body)).json()
    assert answer["routing"]["rule"] == "noise-at-night"
    assert answer["tried"][-1] == {"rule": "noise-at-night", "fits": True, "why": "word 噪音, topic 13, time of day"}
    assert all(not one["fits"] and one["why"] for one in answer["tried"][:-1])


async def test_a_case_is_explained_as_it_was_registered(door: Door) -> None:
    answer = (await door.ask("GET", "/cases/SJZ-1/routing")).json()
    assert answer["routing"]["rule"] == "utilities-topic"
    assert (answer["routing"]["priority"], answer["routing"]["priority_why"]) == ("P1", "word 停水")
    assert (await door.ask("GET", "/cases/SJZ-2/routing")).status_code == 404


async def test_past_cases_come_in_pages_for_those_who_may(door: Door) -> None:
    page = (await door.ask("GET", "/routing/past", role="operator")).json()
    assert [one["number"] for one in page["items"]] == ["SJZ-1"]
    assert (await door.ask("GET", f"/routing/past?after={page['next']}", role="operator")).json()["items"] == []
    assert (await door.ask("GET", "/routing/past", role="agent")).status_code == 403


def test_a_past_priority_counts_as_given_only_where_a_person_gave_it() -> None:
    by_word, by_person = (past_of(document(registered(priority_why=why))) for why in ("word 停水", JUDGED))
    assert by_word is not None
    assert by_word.situation.priority is None
    assert by_person is not None
    assert by_person.situation.priority == "P1"
    assert past_of({"_id": "c", "log": []}) is None


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "x", "request_type": "??"}, {"text": "x", "at": "today"}, []]
)
@pytest.mark.parametrize("path", ["/routing/explain", "/suggestions/topic"])
async def test_bad_questions_are_refused(door: Door, path: str, body: Any) -> None:
    assert (await door.ask("POST", path, body)).status_code == 422


async def test_a_unit_may_not_read_the_routing(door: Door) -> None:
    answer = await door.ask("POST", "/suggestions/topic", {"text": "x"}, role="unit:130100-02-001")
    assert answer.status_code == 403


async def test_topics_are_proposed_once_a_model_is_there(door: Door, tmp_path: Path) -> None:
    body = {"text": "化工厂排放废气，臭味污染空气", "area": "130102"}
    without = await door.ask("POST", "/suggestions/topic", body)
    assert (without.status_code, without.json()["reason"]) == (404, "no_model")

    model = train(read_labelled(write(tmp_path / "sample.jsonl")))
    model_file.save(model, tmp_path / "model.npz")
    answer = (await door.ask("POST", "/suggestions/topic", body)).json()
    assert answer["model"] == model_file.read(tmp_path / "model.npz").version
    first = answer["proposals"][0]
    assert (first["topic"], first["name"], first["lead"]) == ("13", "生态环境", "130100-02-010")
    assert len(answer["proposals"]) == 3
    waiting = (await door.ask("GET", "/cases/SJZ-1/suggestions/topic")).json()
    assert len(waiting["proposals"]) == 3

    (tmp_path / "model.npz").write_bytes(b"half a model")
    assert (await door.ask("POST", "/suggestions/topic", body)).json()["model"] == answer["model"]


def topics(**given: Any) -> Topics:
    names = [{"code": code, "name": code, "english": code} for code in ("13", "05")]
    return Topics.model_validate(
        {
            "version": "1",
            "topics": names,
            "sure": 0.8,
            "proposals": 2,
            "labels": {"a": "13", "b": "13", "c": "05"},
            **given,
        }
    )


def test_labels_threshold_and_number_of_proposals_are_data() -> None:
    asked = Situation(title="", text="x", at=START)
    guesses = [("a", 0.5), ("c", 0.3), ("b", 0.2)]

    def proposed(**given: Any) -> Any:
        return propose(guesses, topics(**given), load_router(POLICY), asked)

    assert [(one.topic, one.confidence) for one in proposed().proposals] == [("13", 0.7), ("05", 0.3)]
    assert not proposed().sure
    assert proposed(sure=0.6).sure
    assert len(proposed(proposals=1).proposals) == 1
    assert [one.topic for one in proposed(labels={"c": "05"}).proposals] == ["05"]
    assert proposed(labels={}).proposals == ()
    with pytest.raises(ValueError, match="labels name unknown topics: 77"):
        topics(labels={"a": "77"})

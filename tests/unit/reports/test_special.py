"""Special reports: frozen figures of a selection, drafted by policy or by hand, completed and signed by the office."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import docx
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.reports.domain.special import SUMMARY, Selection, count, summary_of, title_of
from services.reports.press import Press
from services.reports.specials import MemorySpecials, SpecialDesk
from services.reports.specials_api import specials_router
from shared.events import cases as e
from shared.events.commands import Reporter
from shared.service import install_errors
from shared.settings import Settings
from tests.factories import START, person
from tests.unit.reports.test_api import SECRET, token
from tests.unit.reports.world import FILE, WORDS, Reporting, case_of, event, registered

WINDOW = {"since": (START - timedelta(hours=1)).isoformat(), "until": (START + timedelta(hours=2)).isoformat()}
BODY = {**WINDOW, "topic": "05", "title": "关于供暖温度不达标集中反映的专报"}


def heating(n: int, **more: Any) -> list[Any]:
    """A case about heating, whose text holds a number."""
    name = f"h{n}"
    text = f"家中只有十度，请回电13812341234，第{n}户"
    made = registered(
        name, title=f"暖气不热{n % 4}", text=text, topic="05", area="130102" if n % 3 else "130104", **more
    )
    return [event(case_of(name), 1, made, START + timedelta(minutes=n))]


class Writing:
    """A reports service that knows twenty-one cases of one topic, one of which is urgent and came back."""

    def __init__(self) -> None:
        self.reporting = Reporting()
        self.specials = MemorySpecials()
        office = self.reporting.office
        self.desk = SpecialDesk(lambda: self.reporting.store, self.specials, office, self.reporting.clock)
        app, settings = FastAPI(), Settings(jwt_secret=SecretStr(SECRET))
        install_errors(app)
        app.include_router(specials_router(settings, self.desk, office, Press(FILE, WORDS, None)))
        transport = httpx.ASGITransport(app=app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://reports", headers=token("officer"))

    async def begin(self) -> "Writing":
        for n in range(20):
            await self.reporting.read(*heating(n))
        again = e.ContactAttached(
            reporter=Reporter(contact_id="again", person=person("wang")), text="", obligation=""
        )  # fmt: skip
        late = heating(20, priority="P0")
        await self.reporting.read(*late, event(case_of("h20"), 2, again, START + timedelta(minutes=30)))
        self.reporting.clock.forward(hours=1)
        return self

    async def made(self, **more: Any) -> dict[str, Any]:
        answer = await self.client.post(
            "/reports/special", json={**BODY, **more}, headers={**token("officer"), "Idempotency-Key": "k"}
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@pytest.fixture
async def writing() -> AsyncIterator[Writing]:
    made = await Writing().begin()
    yield made
    await made.client.aclose()


async def test_by_hand_the_figures_are_frozen_and_can_be_counted_again(writing: Writing) -> None:
    made = await writing.made()
    assert await writing.made() == made, "the same key is the same report"
    whole = (await writing.client.get(f"/reports/special/{made['id']}")).json()
    assert (whole["counts"]["cases"], whole["counts"]["contacts"], whole["counts"]["urgent"]) == (21, 22, 1)
    assert whole["differs"] == []
    again = (await writing.client.get(whole["query"])).json()
    assert again == whole["counts"], "the link of the figures leads to the same figures"
    closed = event(case_of("h1"), 2, e.CaseClosed(reason="done"), START + timedelta(minutes=50))
    await writing.reporting.read(closed)
    later = (await writing.client.get(f"/reports/special/{made['id']}")).json()
    assert (later["counts"], later["differs"]) == (whole["counts"], ["open"])


async def test_policy_drafts_once_a_day_and_says_how_it_usually_is(writing: Writing) -> None:
    first = await writing.desk.look()
    assert [(one.reason, one.code) for one in first] == [("topic_volume", "05")]
    assert await writing.desk.look() == []
    assert title_of(first[0], WORDS) == "关于“公用事业”类诉求短时集中的专报"
    assert "平时同时段均值0.00件" in summary_of(first[0], WORDS)
    assert first[0].counts.cases == 21
    listed = (await writing.client.get("/reports/special")).json()["items"]
    assert [one["made_by"] for one in listed] == ["service:reports"]


async def test_summary_is_short_and_cases_are_typical_and_masked(writing: Writing) -> None:
    made = await writing.made()
    assert len(made["summary"]) <= SUMMARY
    assert "21件" in made["summary"]
    examples = (await writing.client.get(f"/reports/special/{made['id']}")).json()["examples"]
    assert 3 <= len(examples) <= 5
    assert examples[0]["number"] == "SJZ-20210113-h20", "the gravest first"
    assert len({one["title"] for one in examples}) == len(examples)
    assert all("138****1234" in one["text"] for one in examples)
    page = (await writing.client.get(f"/reports/special/{made['id']}.html")).text
    assert "13812341234" not in page


async def test_the_office_completes_it_and_signs_it_for_good(writing: Writing) -> None:
    path = f"/reports/special/{(await writing.made())['id']}"
    unit = next(iter(WORDS.units))
    remarks = {
        "cause": "换热站停机", "policy": "供热条例", "measures": "已派抢修",
        "suggestions": [{"text": "补偿停供天数", "unit": unit, "due": "2021-01-20"}],
    }  # fmt: skip
    assert "（待填写）" in (await writing.client.get(f"{path}.html")).text
    assert (await writing.client.put(path, json=remarks)).status_code == 200
    (listed,) = (await writing.client.get("/reports/special")).json()["items"]
    assert listed["remarks"] == {**remarks, "title": BODY["title"]}, "so that whoever goes on writing has it before him"
    page = (await writing.client.get(f"{path}.html")).text
    assert "（待填写）" not in page
    assert BODY["title"] in page
    for said in ("换热站停机", "补偿停供天数", WORDS.units[unit], "2021-01-20"):
        assert said in page
    nobody = {"suggestions": [{"text": "x", "unit": "130100-09-999", "due": "2021-01-20"}]}
    assert (await writing.client.put(path, json=nobody)).status_code == 422
    assert (await writing.client.post(f"{path}/sign")).json()["signed_by"] == "officer:somebody"
    assert (await writing.client.post(f"{path}/sign")).status_code == 200
    assert (await writing.client.put(path, json=remarks)).json()["reason"] == "signed"


async def test_it_is_printed_and_opens_in_word_and_sheets(writing: Writing) -> None:
    path = f"/reports/special/{(await writing.made())['id']}"
    pdf = await writing.client.get(f"{path}.pdf")
    assert pdf.content.startswith(b"%PDF") if pdf.status_code == 200 else pdf.json()["reason"] == "no_chinese_font"
    document = docx.Document(io.BytesIO((await writing.client.get(f"{path}.docx")).content))
    assert BODY["title"] in [paragraph.text for paragraph in document.paragraphs]
    assert (await writing.client.get(f"{path}.xlsx")).content.startswith(b"PK")


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"title": "短"}, 422, "invalid"),
        ({"until": WINDOW["since"]}, 422, "invalid"),
        ({"since": "2020-01-01T00:00:00+08:00"}, 422, "invalid"),
        ({"since": "2021-01-13T00:00:00"}, 422, "invalid"),
        ({"priority": "P9"}, 422, "invalid"),
    ],
)
async def test_bad_requests_have_a_reason(writing: Writing, change: Any, status: int, reason: str) -> None:
    headers = {**token("officer"), "Idempotency-Key": "k"}
    answer = await writing.client.post("/reports/special", json={**BODY, **change}, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


async def test_rights_and_what_is_not_there(writing: Writing) -> None:
    client, keyed = writing.client, {"Idempotency-Key": "k"}
    for role in ("agent", "operator"):
        refused = await client.post("/reports/special", json=BODY, headers={**token(role), **keyed})
        assert refused.status_code == 403
    path = f"/reports/special/{(await writing.made())['id']}"
    assert (await client.post(f"{path}/sign", headers=token("supervisor"))).status_code == 403
    assert (await client.get(path, headers=token("agent"))).status_code == 403
    for missing in ("/reports/special/none", "/reports/special/none.html", "/reports/special/none.pdf"):
        assert (await client.get(missing)).json()["reason"] == "no_such_report"


def test_a_selection_of_nothing_counts_nothing() -> None:
    nothing = count({}, Selection(since=WINDOW["since"], until=WINDOW["until"]))
    assert (nothing.cases, nothing.tables["hour"]) == (0, [])

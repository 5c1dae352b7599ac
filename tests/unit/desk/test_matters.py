"""Several matters in one call: none is lost, none comes back as another, and an answer says what it was told from."""

import re

import pytest

from services.desk.domain.forms import case_body
from tests.unit.desk.test_actions import FORM
from tests.unit.desk.world import CALLER, World

OTHER = {**FORM, "title": "路灯不亮", "cause": "灯泡坏了"}


def asked(world: World) -> list[tuple[int, str]]:
    return [(ask.body["matter"], ask.body["title"]) for ask in world.city.asked if ask.path.endswith("/cases")]


async def test_a_saved_matter_gives_way_to_an_empty_form_for_the_next() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    async with world.browser("agent") as browser:
        made = (await browser.post(f"/agent/calls/{contact}/cases", data=FORM)).text
    assert "Pickup code" in made
    assert FORM["title"] in made.split("<section")[0]
    assert f'id="case-{contact}" aria-labelledby="form-title" hx-swap-oob="true"' in made
    assert 'name="matter" value="2"' in made
    assert re.search(r'id="title"[^>]* value=""[^>]* autofocus', made)
    assert f"/agent/calls/{contact}/finish" in made


@pytest.mark.parametrize(
    ("lang", "refusal", "way_out"),
    [("en", "Not saved: matter 1 of this call", "Save as matter 2"), ("zh-CN", "未保存", "作为第 2 件登记")],
)
async def test_another_content_under_a_saved_matter_is_not_done(lang: str, refusal: str, way_out: str) -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    path = f"/agent/calls/{contact}/cases"
    async with world.browser("agent", lang=lang) as browser:
        await browser.post(path, data=FORM)
        refused = await browser.post(path, data=OTHER)
        renumbered = await browser.post(path, data={**FORM, "caller": "13812340000"})
    for answer in (refused, renumbered):
        assert refusal in answer.text
        assert way_out in answer.text
        assert "✓" not in answer.text
        assert "hx-trigger" not in answer.headers
    assert asked(world) == [(1, FORM["title"])]
    assert "13812341234" not in str(world.store.kept)


async def test_the_same_content_again_is_the_same_answer_and_takes_nothing_from_the_next_draft() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    path = f"/agent/calls/{contact}"
    async with world.browser("agent") as browser:
        await browser.post(f"{path}/cases", data=FORM)
        await browser.post(f"{path}/draft", data={**OTHER, "matter": "2"})
        again = (await browser.post(f"{path}/cases", data=FORM)).text
    first, second = [ask.body for ask in world.city.asked if ask.path.endswith("/cases")]
    assert first == second
    assert "Pickup code" in again
    assert 'name="matter" value="2"' in again
    assert OTHER["title"] in again


@pytest.mark.parametrize(("said", "answer"), [("yes", ""), ("answer", "已告知")])
async def test_what_was_refused_can_be_saved_as_the_next_matter(said: str, answer: str) -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    path = f"/agent/calls/{contact}/cases"
    async with world.browser("agent") as browser:
        await browser.post(path, data=FORM)
        await browser.post(path, data={**OTHER, "as_next": said, "answer": answer})
    assert asked(world) == [(1, FORM["title"]), (2, OTHER["title"])]
    assert world.city.asked[-1].body.get("answer", "") == answer


@pytest.mark.parametrize(("lang", "words"), [("en", "Press “Answer and close”"), ("zh-CN", "请按“答复并办结”")])
@pytest.mark.parametrize("as_next", [{}, {"as_next": "yes"}])
async def test_an_answer_that_is_written_is_not_lost_by_dispatching(
    lang: str, words: str, as_next: dict[str, str]
) -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    form, path = {**FORM, "answer": "请到社区卫生服务中心"}, f"/agent/calls/{contact}"
    async with world.browser("agent", lang=lang) as browser:
        await browser.post(f"{path}/draft", data=form)
        refused = await browser.post(f"{path}/cases", data=form | as_next)
        page = (await browser.get("/agent")).text
    assert words in refused.text
    assert "hx-trigger" not in refused.headers
    assert asked(world) == []
    assert form["answer"] in page
    assert FORM["course"] in page


async def test_a_refusal_keeps_the_form_and_its_draft() -> None:
    world = World()
    world.city.away = {"intake"}
    contact = await world.city.call("1", CALLER, "017")
    path = f"/agent/calls/{contact}"
    async with world.browser("agent") as browser:
        await browser.post(f"{path}/draft", data=FORM)
        assert "case-form" not in (await browser.post(f"{path}/cases", data=FORM)).text
        world.city.away = set()
        assert FORM["title"] in (await browser.get("/agent")).text
        assert "Pickup code" in (await browser.post(f"{path}/cases", data=FORM)).text


@pytest.mark.parametrize("late", [FORM, {**FORM, "matter": ""}, {**FORM, "matter": "x"}])
async def test_a_draft_that_comes_after_its_matter_is_saved_is_not_the_next_one(late: dict[str, str]) -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    path = f"/agent/calls/{contact}"
    async with world.browser("agent") as browser:
        await browser.post(f"{path}/cases", data={**FORM, "topic": "99"})
        answer = await browser.post(f"{path}/draft", data={**late, "topic": "99"})
        form = (await browser.get("/agent/work")).text.split("case-form", 1)[1]
    assert answer.status_code == 204
    assert FORM["cause"] not in str(world.store.kept["drafts"])
    assert FORM["cause"] not in form
    assert 'value="99" selected' not in form


async def test_a_draft_belongs_to_its_matter_even_where_it_is_written_last() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    path = f"/agent/calls/{contact}"
    async with world.browser("agent") as browser:
        await browser.post(f"{path}/draft", data=FORM)
        before = dict(world.store.kept["drafts"][f"017/{contact}"])
        await browser.post(f"{path}/cases", data=FORM)
        late = {name: before[name] for name in ("fields", "drafted")}
        await world.store.put("drafts", f"017/{contact}", late)
        assert FORM["cause"] not in (await browser.get("/agent/work")).text.split("case-form", 1)[1]


async def test_the_urgent_mark_is_kept_in_the_draft() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    checked = 'name="urgent" value="yes" checked'
    async with world.browser("agent") as browser:
        await browser.post(f"/agent/calls/{contact}/draft", data={**FORM, "urgent": "yes"})
        urgent = (await browser.get("/agent")).text
        await browser.post(f"/agent/calls/{contact}/draft", data=FORM)
        calm = (await browser.get("/agent")).text
    assert (checked in urgent, checked in calm) == (True, False)


async def test_an_answer_from_an_article_says_which_version() -> None:
    world = World()
    world.city.articles = [{"id": "k1", "version": 3, "question": "q", "answer": "已告知", "unit": ""}]
    contact = await world.city.call("1", CALLER, "017")
    told = {**FORM, "answer": "已告知", "article": "k1", "version": "3"}
    path = f"/agent/calls/{contact}"
    async with world.browser("agent") as browser:
        hit = (await browser.get("/agent/knowledge?q=q")).text
        await browser.post(f"{path}/draft", data=told)
        page = (await browser.get("/agent")).text
        await browser.post(f"{path}/cases", data={**told, "on_the_spot": "yes"})
    assert 'data-article="k1" data-version="3"' in hit
    assert 'name="article" value="k1"' in page
    assert 'name="version" value="3"' in page
    assert world.city.asked[-1].body["knowledge"] == {"article": "k1", "version": 3}


@pytest.mark.parametrize(
    "form",
    [{"answer": ""}, {"on_the_spot": "yes", "article": ""}, {"on_the_spot": "yes", "article": "k1", "version": "x"}],
)
def test_nothing_is_told_from_an_article_without_an_answer_from_one(form: dict[str, str]) -> None:
    answered = {**FORM, "answer": "已告知", "article": "k1", "version": "3", **form}
    assert "knowledge" not in case_body(answered, "", "")

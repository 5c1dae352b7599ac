"""Articles over the door: written once, changed under guard, found while in force, nothing lost in a crash."""

from typing import Any

import pytest

from services.knowledge.domain.words import grams, words
from shared.events.knowledge import Article
from tests.unit.knowledge.world import ARTICLE, Crash, World


@pytest.fixture
def world() -> World:
    return World()


async def search(world: World, text: str, **more: Any) -> list[str]:
    answer = await world.call("GET", f"/search?q={text}" + "".join(f"&{k}={v}" for k, v in more.items()), who="agent:a")
    assert answer.status_code == 200
    return [item["id"] for item in answer.json()["items"]]


async def test_an_article_is_in_the_log_before_the_answer_and_found_at_once(world: World) -> None:
    made = (await world.call("POST", "/articles", ARTICLE)).json()
    assert (made["version"], made["reviewer"]) == (1, "editor:e1")
    assert [entry.key for entry in world.logged()] == [made["id"]]
    found = (await world.call("GET", "/search?q=什么时候能解封", who="unit:130100-02-001")).json()["items"][0]
    assert found["score"] > 0
    assert (found["id"], found["version"], found["answer"]) == (made["id"], 1, ARTICLE["answer"])


async def test_the_same_article_again_is_the_same(world: World) -> None:
    answers = []
    for _ in range(2):
        answers.append((await world.call("POST", "/articles", ARTICLE)).json())
        world.clock.forward(hours=1)
    assert answers[0] == answers[1]
    other = await world.call("POST", "/articles", {**ARTICLE, "answer": "别的"})
    assert (other.status_code, other.json()["reason"]) == (409, "article_exists")
    assert len(world.logged()) == 1


async def test_a_change_is_guarded_by_its_version_and_may_be_repeated(world: World) -> None:
    article = (await world.call("POST", "/articles", ARTICLE)).json()["id"]
    change = {**ARTICLE, "answer": "明天解封", "version": 1}
    answers = [await world.call("PUT", f"/articles/{article}", change) for _ in range(2)]
    assert [answer.json()["version"] for answer in answers] == [2, 2]
    stale = await world.call("PUT", f"/articles/{article}", {**change, "answer": "后天"})
    assert (stale.status_code, stale.json()["reason"]) == (409, "stale_version")
    shown = (await world.call("GET", f"/articles/{article}", who="agent:a")).json()
    assert [(one["version"], one["entry"]["answer"]) for one in shown["history"]] == [
        (1, ARTICLE["answer"]),
        (2, "明天解封"),
    ]
    assert (shown["version"], shown["in_force"]) == (2, True)


async def test_only_what_is_in_force_is_found(world: World) -> None:
    article = (await world.call("POST", "/articles", ARTICLE)).json()["id"]
    early = {
        **ARTICLE,
        "version": 1,
        "valid_from": "2021-01-14T00:00:00+08:00",
        "valid_to": "2021-01-16T00:00:00+08:00",
    }
    await world.call("PUT", f"/articles/{article}", early)
    await world.call("POST", "/articles", {**ARTICLE, "question": "解封通知", "topic": "t"})
    assert article not in await search(world, "解封")
    world.clock.forward(days=2)
    assert article in await search(world, "解封")
    assert article not in await search(world, "解封", topic="t")
    world.clock.forward(days=2)
    assert article not in await search(world, "解封", limit=1)


async def test_a_withdrawn_article_is_gone_and_a_change_brings_it_back(world: World) -> None:
    article = (await world.call("POST", "/articles", ARTICLE)).json()["id"]
    for _ in range(2):
        assert (await world.call("DELETE", f"/articles/{article}")).json()["version"] == 2
    assert await search(world, "解封") == []
    await world.call("PUT", f"/articles/{article}", {**ARTICLE, "version": 2})
    assert await search(world, "解封") == [article]


async def test_what_a_crash_left_unpublished_the_sweep_brings(world: World) -> None:
    world.publisher.crashes = True
    with pytest.raises(Crash):
        await world.call("POST", "/articles", ARTICLE)
    assert world.logged() == []
    world.start()
    assert await world.desk.sweep() == 1
    world.follow()
    assert [entry.version for entry in world.logged()] == [1]
    assert await world.desk.sweep() == 0
    assert len(await search(world, "解封")) == 1


async def test_a_repeat_after_a_crash_is_answered_only_from_the_log(world: World) -> None:
    world.publisher.crashes = True
    with pytest.raises(Crash):
        await world.call("POST", "/articles", ARTICLE)
    world.publisher.crashes = False
    assert (await world.call("POST", "/articles", ARTICLE)).status_code == 201
    assert len(world.logged()) == 1


async def test_a_log_that_does_not_answer_is_told_and_the_sweep_brings_it(world: World) -> None:
    world.publisher.silent = True
    answer = await world.call("POST", "/articles", ARTICLE)
    assert (answer.status_code, answer.json()["reason"]) == (503, "not_now")
    world.publisher.silent = False
    assert await world.desk.sweep() == 1
    world.follow()
    assert len(await search(world, "解封")) == 1


async def test_an_older_version_that_came_late_does_not_stay_the_last_word(world: World) -> None:
    article = (await world.call("POST", "/articles", ARTICLE)).json()["id"]
    late = world.publisher.published[0]
    await world.call("PUT", f"/articles/{article}", {**ARTICLE, "answer": "明天", "version": 1})
    world.log.produce(late)
    world.follow()
    assert world.library.shelf.articles[article].version == 2
    assert await world.desk.sweep() == 1
    last = world.logged()[-1]
    assert isinstance(last, Article)
    assert (last.version, last.answer) == (2, "明天")


async def test_a_report_is_open_until_a_newer_version(world: World) -> None:
    article = (await world.call("POST", "/articles", ARTICLE)).json()["id"]
    report = {"version": 1, "text": "已经解封了，请打13812341234"}
    for _ in range(2):
        assert (await world.call("POST", f"/articles/{article}/wrong", report, who="agent:a")).status_code == 201
    listed = (await world.call("GET", "/reports")).json()["items"]
    assert [(one["article"], one["open"], one["agent"]) for one in listed] == [(article, True, "a")]
    assert "13812341234" not in str(listed)
    await world.call("PUT", f"/articles/{article}", {**ARTICLE, "version": 1})
    assert not (await world.call("GET", "/reports")).json()["items"][0]["open"]


@pytest.mark.parametrize(
    ("method", "path", "body", "who", "status"),
    [
        ("POST", "/articles", ARTICLE, "agent:a", 403),
        ("POST", "/articles", {**ARTICLE, "ivr": "nowhere"}, "editor:e", 422),
        ("POST", "/articles", {**ARTICLE, "qestion": "x"}, "editor:e", 422),
        ("POST", "/articles", {**ARTICLE, "question": " "}, "editor:e", 422),
        ("POST", "/articles", {**ARTICLE, "valid_to": "2021-01-20T00:00:00"}, "editor:e", 422),
        (
            "POST",
            "/articles",
            {**ARTICLE, "valid_from": "2021-01-20T00:00:00Z", "valid_to": "2021-01-19T00:00:00Z"},
            "editor:e",
            422,
        ),
        ("PUT", "/articles/none", {**ARTICLE, "version": 1}, "editor:e", 404),
        ("DELETE", "/articles/none", None, "editor:e", 404),
        ("GET", "/articles/none", None, "agent:a", 404),
        ("POST", "/articles/none/wrong", {"version": 1, "text": "x"}, "agent:a", 404),
        ("POST", "/articles/none/wrong", {"version": 1, "text": "x"}, "editor:e", 403),
        ("GET", "/search?q=", None, "agent:a", 422),
        ("GET", "/search?q=x&limit=0", None, "agent:a", 422),
        ("GET", "/reports", None, "agent:a", 403),
    ],
)
async def test_bad_requests_get_a_reason(
    world: World, method: str, path: str, body: Any, who: str, status: int
) -> None:
    answer = await world.call(method, path, body, who=who)
    assert answer.status_code == status
    assert set(answer.json()) == {"reason", "detail"}
    assert world.logged() == []


async def test_a_key_of_another_kind_is_no_article(world: World) -> None:
    bulletin = await world.bulletin()
    article = (await world.call("POST", "/articles", ARTICLE)).json()["id"]
    answers = [
        await world.call("PUT", f"/articles/{bulletin}", {**ARTICLE, "version": 1}),
        await world.call("DELETE", f"/articles/{bulletin}"),
        await world.call("GET", f"/articles/{bulletin}"),
        await world.call("POST", f"/bulletins/{article}/publish"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert await search(world, "解封") == [article]


async def test_without_a_token_nobody_searches(world: World) -> None:
    assert (await world.client.get("/search?q=x")).status_code == 401


async def test_no_words_find_nothing(world: World) -> None:
    await world.call("POST", "/articles", ARTICLE)
    assert await search(world, "？！") == []


def test_text_is_cut_into_words_and_pairs() -> None:
    assert {"石家庄", "家庄", "核酸"} <= set(words("石家庄核酸检测"))
    assert grams("健康码 ABC12，红") == ["健", "康", "码", "健康", "康码", "abc12", "红"]

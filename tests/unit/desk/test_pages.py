"""Every page is rendered for those who may see it, in both languages, and loads nothing from outside."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.unit.desk.world import UNIT, World, token

PAGES = [
    ("agent", "/agent"),
    ("supervisor", "/missed"),
    (f"unit:{UNIT}", "/inbox"),
    ("supervisor", "/supervisor"),
    ("dispatcher", "/supervisor"),
    ("supervisor", "/board"),
    ("officer", "/office"),
    ("officer", "/selections"),
    ("operator", "/audit"),
    ("", "/citizen"),
    ("", "/sign-in"),
]
FRAGMENTS = [
    ("agent", "/agent/strip"),
    ("agent", "/agent/caller"),
    ("agent", "/agent/knowledge?q=核酸"),
    ("agent", "/agent/similar?title=小区暖气不热"),
    ("agent", "/missed/list"),
    ("agent", "/agent/bulletins"),
    (f"unit:{UNIT}", "/inbox/list?tab=overdue"),
    ("supervisor", "/supervisor/lists"),
    ("supervisor", "/supervisor/queue"),
    ("supervisor", "/supervisor/surge"),
    ("supervisor", "/board/figures"),
    ("supervisor", "/board/profiles"),
    ("agent", "/agent/proposals?course=三天不热"),
    ("auditor", "/supervisor/notices"),
    (f"unit:{UNIT}", "/inbox/notices"),
]
_OUTSIDE = re.compile(r"""(?:src|href|action|hx-get|hx-post)\s*=\s*["'](?:[a-z]+:)?//""", re.IGNORECASE)
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=|\sstyle\s*=|javascript:|hx-on", re.IGNORECASE)


async def busy() -> World:
    """A world in which every list has a row."""
    world = World()
    await world.case("a")
    await world.case("b", topic="99")
    await world.case("c", answer="已当场答复")
    await world.city.call("1", "+8613812341234", "017")
    await world.city.call("2", "+8613812340000")
    world.city.bulletins = [{"id": "b1", "level": "I", "title": "封控调整", "text": "即日起", "acknowledged": False}]
    world.city.articles = [{"id": "k1", "version": 2, "question": "核酸在哪里做", "answer": "就近", "unit": UNIT}]
    return world


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize(("role", "path"), PAGES + FRAGMENTS)
async def test_pages_are_whole_and_load_nothing_from_outside(role: str, path: str, lang: str) -> None:
    world = await busy()
    async with world.browser(role, lang=lang) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    assert not _OUTSIDE.search(answer.text)
    assert not _INLINE.search(answer.text)
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(("role", "path"), [pair for pair in PAGES if pair[0]])
async def test_a_stranger_is_sent_to_sign_in(role: str, path: str) -> None:
    world = World()
    async with world.browser() as browser:
        answer = await browser.get(path)
        of_page = {"HX-Request": "true", "HX-Current-URL": f"http://desk{path}?tab=today"}
        fragment = await browser.get(path, headers=of_page)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")
    assert (fragment.status_code, fragment.headers["hx-redirect"]) == (401, f"/sign-in?next={path}%3Ftab%3Dtoday")


@pytest.mark.parametrize(("role", "path"), [pair for pair in PAGES if pair[0]])
async def test_other_roles_have_no_access(role: str, path: str) -> None:
    world = World()
    other = "editor"
    async with world.browser(other) as browser:
        assert (await browser.get(path)).status_code == 403


async def test_language_by_address_cookie_and_browser() -> None:
    world = World()
    async with world.browser(lang="") as browser:
        assert '<html lang="zh-CN"' in (await browser.get("/citizen")).text
        english = await browser.get("/citizen", headers={"Accept-Language": "en-GB,en"})
        assert '<html lang="en"' in english.text
        assert "Where my case stands" in (await browser.get("/citizen?lang=en")).text
        assert "Where my case stands" in (await browser.get("/citizen")).text


async def test_sign_in_sets_a_strict_cookie_and_leads_home() -> None:
    world = World()
    async with world.browser() as browser:
        refused = await browser.post("/sign-in", data={"token": "nonsense"})
        taken = await browser.post("/sign-in", data={"token": f"  {token('agent')}\n"})
        home = await browser.get("/")
        left = await browser.post("/sign-out")
    assert refused.status_code == 401
    assert "not valid" in refused.text
    cookie = taken.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert home.headers["location"] == "/agent"
    assert 'desk_token=""' in left.headers["set-cookie"]


async def test_signing_in_leads_back_to_the_page_that_was_asked_for() -> None:
    world = World()
    case = await world.case()
    number = world.store.table.rows[case]["number"]
    async with world.browser() as browser:
        asked = await browser.get("/cases", params={"number": number})
        form = await browser.get(asked.headers["location"])
        (action,) = re.findall(r'<form action="(/sign-in[^"]*)"', form.text)
        refused = await browser.post(html.unescape(action), data={"token": "nonsense"})
        assert action in refused.text
        entered = await browser.post(html.unescape(action), data={"token": token("supervisor")})
        assert number in (await browser.get(entered.headers["location"])).text


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil", "/\\evil", "\\/evil", "http://evil", "https:evil", "javascript:alert(1)", "evil", "/\t/evil", "/\n/evil",
     " //evil", "/ /evil", "", "@evil", "/\x00/evil"],
)  # fmt: skip
async def test_signing_in_leads_nowhere_else(elsewhere: str) -> None:
    async with World().browser() as browser:
        entered = await browser.post("/sign-in", params={"next": elsewhere}, data={"token": token("agent")})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("role", "path"),
    [("supervisor", "/cases?number=SJZ-20210113-000001"), ("officer", "/office?date=2021-01-10"),
     (f"unit:{UNIT}", "/inbox?tab=overdue"), ("supervisor", "/board"), ("", "/sign-in?next=/office"), ("", "/citizen")],
)  # fmt: skip
async def test_the_other_language_is_that_of_the_same_page(role: str, path: str) -> None:
    world = await busy()
    async with world.browser(role) as browser:
        shown = await browser.get(path)
        links = [html.unescape(one) for one in re.findall(r'<a href="([^"]*)" lang="zh-CN"', shown.text)]
        for link in links:
            other = await browser.get(link)
            assert (other.status_code, '<html lang="zh-CN"' in other.text) == (200, True)
            assert set(parse_qsl(urlsplit(path).query)) < set(parse_qsl(urlsplit(link).query))
            back = re.findall(r'<a href="([^"]*)" lang="en"', other.text)
            assert [html.unescape(one).count("lang=") for one in back] == [1]
    assert len(links) == (0 if path == "/board" else 1)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://desk"}, 303),
        ({"Origin": "http://evil"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://desk", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://desk", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": ""}, 403),
    ],
)
async def test_only_pages_of_this_desk_may_send(headers: dict[str, str], status: int) -> None:
    world = World()
    async with world.browser("agent") as browser:
        assert (await browser.post("/sign-out", headers=headers)).status_code == status


async def test_errors_are_words() -> None:
    world = World()
    async with world.browser("supervisor") as browser:
        page = await browser.get("/cases/SJZ-1")
        fragment = await browser.get("/cases/SJZ-1", headers={"HX-Request": "true"})
        program = await browser.get("/cases/SJZ-1", headers={"Accept": "application/json"})
        nowhere = await browser.get("/nowhere")
    assert (page.status_code, fragment.status_code, nowhere.status_code) == (404, 404, 404)
    assert "There is no such case" in page.text
    assert "<html" not in fragment.text
    assert program.json()["reason"] == "no_such_case"


def _open_forms(text: str) -> list[str]:
    return re.findall(r'<label for="([^"]+)"', text)


async def test_every_label_has_its_field() -> None:
    world = await busy()
    for role, path in PAGES:
        async with world.browser(role) as browser:
            text = (await browser.get(path)).text
        fields = re.findall(r'\bid="([^"]+)"', text)
        assert set(_open_forms(text)) <= set(fields), path
        assert len(fields) == len(set(fields)), (path, [one for one in fields if fields.count(one) > 1])

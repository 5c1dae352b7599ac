"""Whatever a browser sends, no page of the desk fails: odd paths, queries and forms get an answer below 500."""

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from tests.unit.desk.test_pages import busy
from tests.unit.desk.world import UNIT, World, code_of

ROLES = (
    "",
    "agent",
    "dispatcher",
    "auditor",
    "supervisor",
    "officer",
    "operator",
    "editor",
    f"unit:{UNIT}",
    "unit:",
    "?",
)
FIELDS = (
    "number", "code", "state", "tab", "after", "q", "title", "cause", "course", "date", "case", "order", "lead", "why",
    "until", "on", "supporting", "decision", "reason", "basis", "satisfaction", "solved", "comment", "case_id", "text",
    "caller", "purpose", "callee", "result", "promise", "promise_due", "key", "matter", "urgent", "request_type",
    "topic", "area", "address", "since", "suggestion-0", "unit", "due", "shown", "lang", "token", "target", "consent",
    "asked_action", "public_answer", "internal", "salutation", "when", "answer", "on_the_spot", "next", "article",
    "version", "as_next", "unit-0",
)  # fmt: skip
ODD = (
    "", " ", "0", "-1", "999999999999999999999", "1e309", "NaN", "null", "{}", "[]", "yes", "no", "true", "2021-01-13",
    "2021-13-45", "2021-01-13T10:00", "9999-12-31T23:59", "0001-01-01T00:00", "../../etc/passwd", "%00", "\x00",
    "\ufffd", "𠮷野家", "<script>alert(1)</script>", "{{7*7}}", "'; --", "x" * 5000, "a/b/c", "N-1",
    "SJZ-20210113-000001",
    "\u202e", "🦜" * 50, "$where", "a.b.$c", "\r\nX: y", "*", "🈳", "١٢٣",
)  # fmt: skip
ROUNDS = 12


def routes() -> list[APIRoute]:
    """Every page and form; the stream of live updates never ends and is no page."""
    routers = (getattr(one, "original_router", None) for one in World().app.routes)
    found = [route for router in routers if router is not None for route in router.routes]
    return [route for route in found if isinstance(route, APIRoute) and route.path != "/live"]


def some(draw: random.Random, known: list[str]) -> dict[str, str]:
    names = draw.sample(FIELDS, draw.randint(0, 12))
    return {name: draw.choice((*ODD, *known)) for name in names}


def path_of(route: APIRoute, draw: random.Random, known: list[str]) -> str:
    path = route.path
    for name in route.param_convertors:
        path = path.replace(
            f"{{{name}}}", quote(draw.choice([*[one for one in ODD if one.strip()], *known * 4]), safe="")
        )
    return path


def requests_of(route: APIRoute, roles: list[str], known: list[str]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Role, method, path and what is sent: mostly by who gets in."""
    draw = random.Random(route.path)
    for method in sorted(route.methods or ()):
        for _ in range(ROUNDS):
            sent = {"params": some(draw, known)} if method == "GET" else {"data": some(draw, known)}
            yield draw.choice([*roles, *roles, draw.choice(ROLES)]), method, path_of(route, draw, known), sent


async def admitted(world: World, route: APIRoute, known: list[str]) -> list[str]:
    """The roles that this page does not send away."""
    path, found = path_of(route, random.Random(0), known[:1]), []
    for role in ROLES:
        async with world.browser(role) as browser:
            answer = await browser.request(min(route.methods or ("GET",)), path)
            if answer.status_code not in (303, 403):
                found.append(role)
    return found


@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{min(route.methods)} {route.path}")
async def test_no_page_fails_on_odd_input(route: APIRoute) -> None:
    world = await busy()
    case = await world.case("known")
    verbs = ["sign", "answer", "ask_return", "audit", "assign", "follow_up", "note", "close", "reopen", "ask_transfer"]
    known = [case, "epidemic", code_of("known"), "000017", *verbs, "2021-01-13.html"]
    roles = await admitted(world, route, known)
    for role, method, path, sent in requests_of(route, roles or [""], known):
        async with world.browser(role) as browser:
            answer = await browser.request(method, path, **sent)
        assert answer.status_code < 500, (role, method, path, sent, answer.text[:300])


def test_every_page_is_among_them() -> None:
    paths = {route.path for route in routes()}
    assert {"/agent", "/inbox/sign", "/cases/{case}/reveal", "/citizen/urging", "/office/special", "/board"} <= paths


async def test_a_form_that_is_no_form_is_refused() -> None:
    world = await busy()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    bodies: list[tuple[bytes, dict[str, str]]] = [
        (b"\xff\xfe", headers),
        (b"--x\r\nbroken", headers),
        (b"a=%zz&b=\xff", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"&".join(b"a=1" for _ in range(5000)), {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"{}", {"Content-Type": "application/json"}),
    ]
    async with world.browser("agent") as browser:
        for content, more in bodies:
            answer = await browser.post("/agent/state", content=content, headers=more)
            assert answer.status_code < 500, (content[:40], answer.text[:200])

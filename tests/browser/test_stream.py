"""A stream of live updates that is refused is opened again, and a session that is over hammers nobody."""

from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi.sse import ServerSentEvent
from playwright.sync_api import Page, expect
from starlette.responses import PlainTextResponse, RedirectResponse

from services.desk.session import App, Receive, Scope, Send
from shared.auth import Identity
from tests.browser.conftest import People, Running, settled
from tests.unit.desk.world import CALLER

BUSY, AWAY = PlainTextResponse("busy", 503), RedirectResponse("/sign-in?next=/live", 303)
ALONE = "delete window.SharedWorker"


class Gate:
    """Around the desk: answers a try of /live with what is next in `answers`, instead of the stream."""

    def __init__(self, app: App, answers: list[PlainTextResponse | RedirectResponse], tries: list[str]) -> None:
        self._app = app
        self._answers = answers
        self._tries = tries

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http" and scope["path"] == "/live":
            self._tries.append(scope["path"])
            answer = self._answers.pop(0) if self._answers else None
        await (answer or self._app)(scope, receive, send)


class Gated(Running):
    """A running desk; `answers` come before its stream, `tries` are those of its stream, `cuts` counts its ends."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[PlainTextResponse | RedirectResponse] = []
        self.tries: list[str] = []
        self.cuts = 0
        self._endless = self.world.hub.events
        self.world.hub.events = self._events  # type: ignore[method-assign]
        self.world.app.add_middleware(Gate, answers=self.answers, tries=self.tries)

    async def _events(self, who: Identity) -> AsyncIterator[ServerSentEvent]:
        begun = self.cuts
        async for one in self._endless(who):
            if self.cuts > begun:
                return
            yield one


@pytest.fixture
def desk() -> Iterator[Gated]:
    running = Gated()
    running.start()
    yield running
    running.stop()


def opened(desk: Gated, people: People, alone: bool) -> Page:
    page = people.page("agent")
    if alone:
        page.add_init_script(ALONE)
    page.goto(f"{desk.url}/agent")
    return page


@pytest.mark.parametrize("alone", [False, True])
def test_after_one_answer_that_is_no_stream_the_page_is_live_again(desk: Gated, people: People, alone: bool) -> None:
    desk.answers.append(BUSY)
    page = opened(desk, people, alone)
    settled(page)
    desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    expect(page.locator("#caller")).to_contain_text("138****1234")
    assert len(desk.tries) == 2
    people.errors[:] = [error for error in people.errors if "503" not in error]


def test_a_stream_that_ends_while_the_server_is_replaced_is_opened_again(desk: Gated, people: People) -> None:
    page = opened(desk, people, alone=False)
    settled(page)
    desk.answers += [BUSY, BUSY]
    desk.cuts += 1
    while desk.answers:
        page.wait_for_timeout(100)
    desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    expect(page.locator("#caller")).to_contain_text("138****1234")


def test_where_a_session_is_over_the_pauses_grow(desk: Gated, people: People) -> None:
    desk.answers += [AWAY] * 100
    page = opened(desk, people, alone=False)
    page.wait_for_timeout(6000)
    assert 2 <= len(desk.tries) <= 4

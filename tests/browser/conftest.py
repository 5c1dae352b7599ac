"""A running desk over a little city, and a real browser; skipped with a word where there is no Chromium.

`--screenshots FOLDER` keeps a picture of each page.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from hotline.ports import free_port
from services.desk.assets import present
from shared.clock import ScaledClock
from tests.factories import START
from tests.unit.desk.world import World, token

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
BUSY = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
SETTLED = f"body:is([data-live], :not([data-subject])):not(:has({BUSY}))"
"""The page listens, where somebody is signed in, and nothing that it fetched is still on its way into it."""
WAIT_MS = 30_000
Result = TypeVar("Result")

# Machines are shared: how long a page takes says nothing.
expect.set_options(timeout=WAIT_MS)


def settled(page: Page) -> None:
    page.locator(SETTLED).wait_for(state="attached")


def visit(page: Page, url: str) -> None:
    page.goto(url)
    settled(page)


def still(page: Page) -> None:
    """From now on nothing is fetched and swapped in."""
    page.evaluate("document.body.addEventListener('htmx:beforeRequest', (event) => event.preventDefault())")
    settled(page)


def follow(link: Locator) -> None:
    """To where it leads; no swap takes it away between the button's going down and up."""
    still(link.page)
    with link.page.expect_navigation():
        link.click()
    settled(link.page)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", default="", help="folder for pictures of the pages")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    why = ""
    if not CHROMIUM.exists():
        why = f"no Chromium at {CHROMIUM}: apt-get install chromium"
    elif not present():
        why = "the browser's libraries are not fetched: make setup"
    for item in items:
        if why and "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason=why))


class Running:
    """A desk that serves on loopback, in a thread of its own."""

    def __init__(self) -> None:
        self.world = World(ScaledClock(START, time.time(), 1.0))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            self.world.app, port=self.port, log_level="error", timeout_graceful_shutdown=1, ws="none"
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        live = self._loop.create_task(self.world.hub.run())
        self._loop.run_until_complete(self._server.serve())
        live.cancel()
        self._loop.run_until_complete(asyncio.gather(live, return_exceptions=True))

    def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.05)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    def do(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Something that happens in the city."""

        async def done() -> Result:
            return await work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(60)


@pytest.fixture
def desk() -> Iterator[Running]:
    running = Running()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class People:
    """Browsers of several persons; `outside` collects requests that left the desk, `errors` what a console said."""

    def __init__(self, chromium: Browser, desk: Running, folder: str) -> None:
        self._chromium = chromium
        self._desk = desk
        self._folder = Path(folder) if folder else None
        self._contexts: list[BrowserContext] = []
        self.outside: list[str] = []
        self.errors: list[str] = []

    def page(self, role: str = "", subject: str = "017", lang: str = "zh-CN", phone: bool = False) -> Page:
        """A fresh browser, signed in where a role is given."""
        context = self._chromium.new_context(viewport=PHONE if phone else DESKTOP, locale=lang)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        self._contexts.append(context)
        cookies: list[Any] = [{"name": "desk_lang", "value": lang, "url": self._desk.url}]
        if role:
            cookies.append({"name": "desk_token", "value": token(role, subject), "url": self._desk.url})
        context.add_cookies(cookies)
        return self._tab(context)

    def beside(self, page: Page) -> Page:
        """Another tab of the same browser."""
        return self._tab(page.context)

    def _tab(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("request", lambda request: self._watch(request.url))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        """Taking a picture hides the caret by a style, which the page's policy refuses: that is meant."""
        picture = self._folder is not None and "inline style" in message.text
        if message.type == "error" and not picture:
            self.errors.append(message.text)

    def _watch(self, url: str) -> None:
        if not url.startswith((self._desk.url, "data:")):
            self.outside.append(url)

    def picture(self, page: Page, name: str) -> None:
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            settled(page)
            page.evaluate("document.fonts.ready.then(() => true)")
            page.screenshot(path=self._folder / f"{name}.png", animations="disabled")

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def people(chromium: Browser, desk: Running, request: pytest.FixtureRequest) -> Iterator[People]:
    made = People(chromium, desk, request.config.getoption("--screenshots", ""))
    yield made
    made.close()
    assert made.outside == []
    assert made.errors == []

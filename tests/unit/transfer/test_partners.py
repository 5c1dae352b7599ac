"""What a partner's HTTP answer is worth: only his own word is definite."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from hotline.ports import free_port
from services.transfer.domain.outgoing import Outcome
from services.transfer.partners import HttpPartners
from services.transfer.signing import Signer
from shared.testing import FakeClock

Answering = Callable[[int, str], Awaitable[HttpPartners]]
SIGNER = Signer("130100", base64.b64encode(b"a" * 32).decode(), FakeClock())


@pytest.fixture
async def answering() -> AsyncIterator[Answering]:
    """Makes partners of which one gives a fixed answer to everything."""
    runners: list[web.AppRunner] = []
    made: list[HttpPartners] = []

    async def make(status: int, text: str) -> HttpPartners:
        async def handle(request: web.Request) -> web.Response:
            assert request.headers["Signature"]
            return web.Response(status=status, text=text)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        runners.append(runner)
        made.append(HttpPartners({"130200": f"http://127.0.0.1:{port}/"}, SIGNER))
        return made[-1]

    yield make
    for partners in made:
        await partners.close()
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (202, '{"status": "receipted"}', "taken"),
        (200, "<html>a proxy's page</html>", "silent"),
        (409, '{"reason": "loop", "detail": "d"}', "refused"),
        (422, '{"reason": "invalid", "detail": "d"}', "refused"),
        (409, "conflict", "silent"),
        (401, '{"reason": "old_signature", "detail": "d"}', "not_taken"),
        (403, '{"reason": "unknown_partner", "detail": "d"}', "not_taken"),
        (404, "not found", "silent"),
        (503, '{"reason": "not_now", "detail": "d"}', "silent"),
        (500, "", "silent"),
    ],
)
async def test_an_answer_to_a_request(answering: Answering, status: int, text: str, kind: str) -> None:
    partners = await answering(status, text)
    assert (await partners.send("130200", "/transfers", b"{}", 3)).kind == kind


@pytest.mark.parametrize(
    ("status", "text", "update", "kind"),
    [
        (200, '{"transfer": "t", "status": "receipted"}', 0, "taken"),
        (200, '{"transfer": "t", "status": "accepted", "update": 2}', 2, "taken"),
        (200, '{"transfer": "t", "status": "accepted", "update": 1}', 2, "not_taken"),
        (404, '{"reason": "no_such_transfer", "detail": "d"}', 0, "not_taken"),
        (404, "not found", 0, "silent"),
        (200, "welcome", 0, "silent"),
        (502, "", 0, "silent"),
    ],
)
async def test_an_answer_to_a_question(answering: Answering, status: int, text: str, update: int, kind: str) -> None:
    partners = await answering(status, text)
    assert (await partners.ask("130200", "t", update)).kind == kind


async def test_nobody_there_means_that_nothing_was_sent() -> None:
    partners = HttpPartners({"130200": f"http://127.0.0.1:{free_port()}"}, SIGNER)
    assert (await partners.send("130200", "/transfers", b"{}", 3)).kind == "away"
    assert await partners.send("130600", "/transfers", b"{}", 3) == Outcome(
        "refused", "unknown_partner", "no connection to 130600"
    )
    await partners.close()

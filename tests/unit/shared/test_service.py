"""Whom a service takes for its visitor: the sender, or whom a trusted proxy in front of it names."""

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request

from shared.service import options
from shared.settings import Settings

NAMED = {"X-Forwarded-For": "203.0.113.7, 198.51.100.4", "X-Forwarded-Proto": "https"}


async def seen(sender: str, settings: Settings) -> str:
    """As uvicorn hands the request over."""
    app = FastAPI()

    @app.get("/")
    def who(request: Request) -> str:
        return f"{request.url.scheme} {request.client.host if request.client else ''}"

    config = uvicorn.Config(app, **{**options(settings), "log_config": None})
    config.load()
    transport = httpx.ASGITransport(app=config.loaded_app, client=(sender, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        answer: str = (await client.get("/", headers=NAMED)).json()
    return answer


@pytest.mark.parametrize(
    ("sender", "trusted", "visitor"),
    [
        ("10.244.1.9", "127.0.0.1, 10.244.0.0/16", "https 198.51.100.4"),
        ("10.245.1.9", "127.0.0.1, 10.244.0.0/16", "http 10.245.1.9"),
        ("127.0.0.1", "", "http 127.0.0.1"),
    ],
)
async def test_only_a_trusted_proxy_names_the_visitor(sender: str, trusted: str, visitor: str) -> None:
    assert await seen(sender, Settings(trusted_proxies=trusted)) == visitor


async def test_by_default_nobody_from_outside_is_believed() -> None:
    assert await seen("10.244.1.9", Settings()) == "http 10.244.1.9"

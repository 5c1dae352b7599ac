"""What an operator's routes say, and what of it an alert hears."""

import httpx
from fastapi import FastAPI
from prometheus_client import REGISTRY

from shared.health import health_router


def not_ready() -> float:
    return REGISTRY.get_sample_value("hotline_not_ready_total") or 0.0


async def test_every_look_that_finds_broker_or_database_away_is_counted() -> None:
    answers = [True, False, False, True]

    async def ready() -> bool:
        return answers.pop(0)

    app, before = FastAPI(), not_ready()
    app.include_router(health_router(ready))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service") as client:
        looks = [(await client.get("/health/ready")).status_code for _ in range(4)]
        text = (await client.get("/metrics")).text
    assert looks == [200, 503, 503, 200]
    assert not_ready() - before == 2
    assert f"hotline_not_ready_total {not_ready()}" in text

"""A bare door: `python -m bench.bare_door TOPIC SIZE` takes a POST, sends one message of SIZE bytes, answers 202.

Same server and libraries as intake, none of its logic: no rights, schema, ids, sealing, trace or spool.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import uvicorn
from aiokafka import AIOKafkaProducer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.bare import message
from shared.settings import Settings


def app(settings: Settings, topic: str, size: int) -> Starlette:
    body = message(size)
    producers: list[AIOKafkaProducer] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        producers.append(AIOKafkaProducer(bootstrap_servers=settings.kafka, enable_idempotence=True, linger_ms=4))
        await producers[0].start()
        yield
        await producers[0].stop()

    async def take(request: Request) -> Response:
        key = orjson.loads(await request.body())["call_id"].encode()
        await producers[0].send_and_wait(topic, orjson.dumps(body), key=key)
        return Response(orjson.dumps({"accepted": 1}), 202, media_type="application/json")

    async def live(request: Request) -> Response:
        return Response(b"{}")

    routes = [Route("/calls/events", take, methods=["POST"]), Route("/health/ready", live)]
    return Starlette(routes=routes, lifespan=lifespan)


if __name__ == "__main__":
    given = Settings()
    uvicorn.run(
        app(given, sys.argv[1], int(sys.argv[2])), host=given.host, port=given.port,
        loop="uvloop", http="httptools", access_log=False, log_level="warning",
    )  # fmt: skip

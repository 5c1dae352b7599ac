"""The running launcher takes orders from other processes: a JSON line in, one out, over a socket in its folder."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

NAME = "control.sock"
Scale = Callable[[str, int], Awaitable[None]]


@asynccontextmanager
async def listening(folder: Path, scale: Scale) -> AsyncIterator[None]:
    """Serve `{"scale": {service: count}}` while the context lasts."""
    path = folder / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = await _obey(await reader.readline(), scale)
        with contextlib.suppress(ConnectionError):
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)


async def _obey(line: bytes, scale: Scale) -> dict[str, Any]:
    try:
        for service, count in json.loads(line)["scale"].items():
            await scale(service, count)
    except Exception as error:  # the operator hears why; the platform goes on
        return {"error": str(error) or repr(error)}
    return {"done": True}


async def order(folder: Path, counts: dict[str, int]) -> None:
    """Ask the launcher of this folder to scale; returns when the replicas are ready. Raises RuntimeError, OSError."""
    reader, writer = await asyncio.open_unix_connection(folder / NAME)
    writer.write(json.dumps({"scale": counts}).encode() + b"\n")
    await writer.drain()
    answer = json.loads(await reader.readline() or b'{"error": "the platform went away"}')
    writer.close()
    if "error" in answer:
        raise RuntimeError(answer["error"])

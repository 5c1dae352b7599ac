"""An answer to somebody outside is given only after the log's own."""

import asyncio
from collections.abc import Sequence

from shared.producer import Publisher
from shared.records import Record
from shared.service import Problem

ACK_S = 1.0


async def acknowledged(publisher: Publisher, records: Sequence[Record]) -> None:
    """Publish; Problem 503 where the log does not answer within a second."""
    try:
        async with asyncio.timeout(ACK_S):
            await publisher.publish(records)
    except TimeoutError:
        raise Problem(503, "not_now", "the log does not answer; repeat the request", {"Retry-After": "2"}) from None

"""The dead letters of a city: what is unresolved, and what an operator does with it."""

import base64
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from msgspec import Struct

from hotline.doors import Doors, Unanswered
from shared.clock import CHINA, make_clock
from shared.deadletters import KIND, ORIGIN, READER, REASON, WAITING, Resolution, resolution_decoder, resolved
from shared.events.topics import Topics
from shared.producer import KafkaTransport, OrderedPublisher
from shared.records import Received, Record, header
from shared.settings import Settings
from shared.tables import read_all

Publish = Callable[[Settings, Record], Awaitable[None]]


class Letter(Struct, frozen=True, kw_only=True):
    """One unresolved dead letter; `origin` and `reader` name it; `at`: real time.

    `origin` is topic/partition/offset or, of kind `waiting`, waiting/ and the id of the row at dispatch.
    """

    origin: str
    reader: str
    at: datetime
    kind: str
    reason: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def unresolved(records: list[Received]) -> list[Letter]:
    """Fold the topic: letters in order, without those that were redriven or discarded since. One per origin."""
    letters: dict[tuple[str, str], Letter] = {}
    for record in records:
        if header(record, KIND) == "resolved":
            done = resolution_decoder.decode(record.value or b"")
            letters.pop((done.origin, done.reader), None)
            continue
        letter = _letter(record)
        letters[(letter.origin, letter.reader)] = letter
    return list(letters.values())


def _letter(record: Received) -> Letter:
    own = (KIND, ORIGIN, READER, REASON)
    return Letter(
        origin=header(record, ORIGIN),
        reader=header(record, READER),
        at=datetime.fromtimestamp(record.timestamp / 1000, CHINA),
        kind=header(record, KIND),
        reason=header(record, REASON),
        key=record.key or b"",
        value=record.value or b"",
        headers=tuple((key, value) for key, value in record.headers if key not in own),
    )


async def to_broker(settings: Settings, record: Record) -> None:
    """Publish one record; raises Refused."""
    transport = KafkaTransport(settings.kafka)
    try:
        await OrderedPublisher(transport, make_clock(settings)).publish([record])
    finally:
        await transport.stop()


class Desk:
    """What an operator does with letters. Every method raises Unanswered, NotGiven or what Kafka raises."""

    def __init__(self, doors: Doors, publish: Publish = to_broker) -> None:
        self._doors = doors
        self._settings = doors.settings
        self._publish = publish
        self._topics = Topics(doors.settings.city)

    async def list(self) -> list[Letter]:
        return unresolved(await read_all(self._settings.kafka, self._topics.dead_letters))

    async def redrive(self, letter: Letter, value: bytes | None) -> None:
        """Bring it back: onto its topic, or, where its case is parked behind it, into the reader's document.

        `value` replaces the bytes.
        """
        if letter.kind == "parked":
            mended = {letter.origin: base64.b64encode(value).decode()} if value is not None else {}
            await self._parked(letter, {"replace": mended})
        elif letter.kind == "record":
            await self._publish(self._settings, _again(letter, value))
        else:
            raise Unanswered("a waiting command goes back by itself once its case is there; or discard it")
        await self._resolve(letter, "redriven")

    async def discard(self, letter: Letter) -> str:
        """Nobody needs it; what is parked behind it goes on. Returns what was done, in words."""
        words = "discarded"
        if letter.kind == "parked":
            await self._parked(letter, {"discard": [letter.origin]})
        elif letter.kind == "waiting":
            words = await self._end_waiting(letter)
        await self._resolve(letter, "discarded")
        return words

    async def _parked(self, letter: Letter, body: dict[str, object]) -> None:
        await self._doors.ask(letter.reader, f"/parked/{quote(letter.key, safe='')}/redrive", "POST", json=body)

    async def _end_waiting(self, letter: Letter) -> str:
        """What waits no longer is no failure: its case came, or an earlier discard got as far as this."""
        row = quote(letter.origin.removeprefix(WAITING), safe="")
        try:
            await self._doors.ask(letter.reader, f"/waiting/{row}", "DELETE")
        except Unanswered as error:
            if error.reason != "no_such_command":
                raise
            return f"discarded; {error}"
        return "discarded"

    async def _resolve(self, letter: Letter, action: Literal["redriven", "discarded"]) -> None:
        done = Resolution(origin=letter.origin, reader=letter.reader, action=action, by="operator")
        await self._publish(self._settings, resolved(self._topics.dead_letters, done))


def _again(letter: Letter, value: bytes | None) -> Record:
    """The record as it was, or with other bytes, in its partition; in the right one where it was in a wrong one."""
    topic, number, _ = letter.origin.rsplit("/", 2)
    partition = None if "belongs to" in letter.reason else int(number)
    return Record(topic, letter.key, letter.value if value is None else value, letter.headers, partition)

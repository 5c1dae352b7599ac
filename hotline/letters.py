"""The dead letters of a city: what is unresolved, and what an operator does with it."""

import base64
from datetime import datetime
from typing import Literal

import httpx
from msgspec import Struct

from shared.auth import issue
from shared.clock import CHINA, make_clock
from shared.deadletters import KIND, ORIGIN, READER, REASON, Resolution, resolution_decoder, resolved
from shared.events.topics import Topics
from shared.producer import KafkaTransport, OrderedPublisher
from shared.records import Received, Record, header
from shared.settings import Settings
from shared.tables import read_all


class Letter(Struct, frozen=True, kw_only=True):
    """One unresolved dead letter; `origin` (topic/partition/offset) and `reader` name it; `at`: real time."""

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


class Desk:
    """What an operator does with letters. `addresses` gives the URLs of a service's replicas."""

    def __init__(self, settings: Settings, addresses: dict[str, list[str]]) -> None:
        self._settings = settings
        self._addresses = addresses
        self._topics = Topics(settings.city)

    async def list(self) -> list[Letter]:
        return unresolved(await read_all(self._settings.kafka, self._topics.dead_letters))

    async def redrive(self, letter: Letter, value: bytes | None) -> None:
        """Bring it back: onto its topic, or, where its case is parked behind it, into the reader's document.

        `value` replaces the bytes. Raises RuntimeError with the reader's words when the reader refuses.
        """
        if letter.kind == "parked":
            body: dict[str, object] = (
                {"replace": {letter.origin: base64.b64encode(value).decode()}} if value is not None else {}
            )
            await self._parked(letter, body)
        elif letter.kind == "record":
            topic, number, _ = letter.origin.rsplit("/", 2)
            wrong_place = "belongs to" in letter.reason
            record = Record(
                topic, letter.key, letter.value if value is None else value, letter.headers,
                None if wrong_place else int(number),
            )  # fmt: skip
            await self._publish(record)
        else:
            raise RuntimeError("a waiting command goes back by itself once its case is there; or discard it")
        await self._resolve(letter, "redriven")

    async def discard(self, letter: Letter) -> None:
        """Nobody needs it; what is parked behind it goes on."""
        if letter.kind == "parked":
            await self._parked(letter, {"discard": [letter.origin]})
        await self._resolve(letter, "discarded")

    async def _parked(self, letter: Letter, body: dict[str, object]) -> None:
        secret = self._settings.jwt_secret.get_secret_value()
        token = issue(secret, "hotline", "operator", 0.1)
        url = f"{self._addresses[letter.reader][0]}/parked/{letter.key.decode()}/redrive"
        async with httpx.AsyncClient() as client:
            answer = await client.post(url, json=body, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code >= 400:
            raise RuntimeError(answer.text)

    async def _resolve(self, letter: Letter, action: Literal["redriven", "discarded"]) -> None:
        done = Resolution(origin=letter.origin, reader=letter.reader, action=action, by="operator")
        await self._publish(resolved(self._topics.dead_letters, done))

    async def _publish(self, record: Record) -> None:
        transport = KafkaTransport(self._settings.kafka)
        try:
            await OrderedPublisher(transport, make_clock(self._settings)).publish([record])
        finally:
            await transport.stop()

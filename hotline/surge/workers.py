"""What each replica of each service carried, from its own metrics."""

import asyncio
import re
import time
from collections.abc import Mapping

import aiohttp
from msgspec import Struct

EVERY_S = 10.0
ASK_S = 2.0
_SAMPLE = re.compile(r"^(hotline_records_total|hotline_batch_seconds_sum)\{[^}]*\} (\S+)$", re.MULTILINE)


class Figures(Struct, kw_only=True):
    """One replica: records of the bus it handled, and real seconds it was busy with their batches."""

    name: str
    records: float = 0.0
    busy_s: float = 0.0

    @property
    def per_busy_second(self) -> float:
        return self.records / self.busy_s if self.busy_s else 0.0


class Workers:
    """Sums over the lives of each replica: a restart begins its own counters at zero."""

    def __init__(self) -> None:
        self._past: dict[str, Figures] = {}
        self._now: dict[str, Figures] = {}
        self._looked = 0.0

    async def look(self, urls: Mapping[str, str]) -> None:
        """Ask every replica, at most once in ten seconds; who does not answer keeps its last figures."""
        if time.monotonic() - self._looked < EVERY_S:
            return
        self._looked = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S)) as session:
            await asyncio.gather(*(self._ask(session, name, url) for name, url in dict(urls).items()))

    async def _ask(self, session: aiohttp.ClientSession, name: str, url: str) -> None:
        try:
            async with session.get(f"{url}/metrics") as answer:
                self._see(_read(name, await answer.text()))
        except (aiohttp.ClientError, OSError, TimeoutError):
            return

    def _see(self, seen: Figures) -> None:
        known = self._now.get(seen.name)
        if known is not None and seen.records < known.records:
            past = self._past.setdefault(seen.name, Figures(name=seen.name))
            past.records += known.records
            past.busy_s += known.busy_s
        self._now[seen.name] = seen

    def figures(self) -> list[Figures]:
        """Every replica that was seen, by name."""
        return [_sum(self._past.get(name), now) for name, now in sorted(self._now.items())]


def _sum(past: Figures | None, now: Figures) -> Figures:
    if past is None:
        return now
    return Figures(name=now.name, records=past.records + now.records, busy_s=past.busy_s + now.busy_s)


def _read(name: str, text: str) -> Figures:
    found = Figures(name=name)
    for metric, value in _SAMPLE.findall(text):
        if metric == "hotline_records_total":
            found.records += float(value)
        else:
            found.busy_s += float(value)
    return found

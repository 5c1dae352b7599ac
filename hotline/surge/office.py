"""The city office at the end of a run: reports' figures against the ledger, and a daily report for every day lived."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from hotline.stack import Stack
from hotline.surge.ledger import Ledger
from shared.auth import issue
from shared.clock import make_clock

ASK_S = 120.0
SAME = (
    "offered", "served_by_ivr", "answered_at_desk", "dispatched", "to_several_units", "called_again", "replies_owed",
    "replies_delivered", "replies_by_person", "replies_unreachable", "replies_waived", "warnings", "breaches",
    "rejections",
)  # fmt: skip
"""Figures that the ledger and reports count by the same definitions, each from its own sources."""


class Office:
    """Asks one city's reports service as an officer."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._url = stack.addresses()["reports"][0]
        self._token = issue(stack.secrets["jwt_secret"], "office", "officer", 1)

    async def differences(self, ledger: Ledger) -> list[str]:
        """Figures that are not the ledger's."""
        told = await self._get("/figures?all=true")
        figures = {figure["name"]: figure["value"] for figure in told["figures"]}
        return [
            f"{self._stack.options.city}: reports says {name} {figures.get(name)}, the ledger {getattr(ledger, name)}"
            for name in SAME
            if figures.get(name) != getattr(ledger, name)
        ]

    async def reports(self) -> list[Path]:
        """The daily report of each domain day so far, as HTML and PDF, in the city's own folder."""
        folder = self._stack.root / self._stack.options.city / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for day in self._days():
            await self._ask("POST", f"/reports/daily/{day}")
            for kind in ("html", "pdf"):
                path = folder / f"{day}.{kind}"
                path.write_bytes(await self._ask("GET", f"/reports/daily/{day}.{kind}"))
                written.append(path)
        return written

    def _days(self) -> Iterator[date]:
        settings = self._stack.settings
        clock = make_clock(settings)
        day, last = clock.domain(self._stack.started).date(), clock.now().date()
        while day <= last:
            yield day
            day += timedelta(days=1)

    async def _get(self, path: str) -> Any:
        return msgspec.json.decode(await self._ask("GET", path))

    async def _ask(self, method: str, path: str) -> bytes:
        """The answer's body; raises aiohttp.ClientError for anything but success."""
        headers = {"Authorization": f"Bearer {self._token}"}
        limit = aiohttp.ClientTimeout(total=ASK_S)
        async with (
            aiohttp.ClientSession(headers=headers, timeout=limit) as session,
            session.request(method, f"{self._url}{path}") as answer,
        ):
            answer.raise_for_status()
            return await answer.read()

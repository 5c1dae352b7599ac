"""Guarded changes of one case's transfers, tried again when another writer came first."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from services.transfer.domain.state import Transfers
from services.transfer.domain.view import index
from services.transfer.store import read
from shared.documents import Document, Documents, Write

Step = Callable[[Transfers], bool]
"""Changes the state in place; False leaves it unwritten. It may be called again on a newer state."""


class Looked(NamedTuple):
    """The state after the step, and whether the step changed it."""

    state: Transfers
    changed: bool


class Book:
    """Reads and writes the transfers of single cases."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def change(self, case: str, step: Step) -> Looked | None:
        """Apply the step under guard; None where the case has no transfers. Raises StoreAway."""
        while True:
            document = (await self._documents.load([case], omit=("parked",))).get(case)
            if document is None:
                return None
            state = read(document)
            if not step(state):
                return Looked(state, False)
            if await self._save(case, int(document["rev"]), state, {}):
                return Looked(state, True)

    async def open(self, case: str, state: Transfers) -> bool:
        """The first document of a case that is about to be registered; False where there is one."""
        empty: Document = {"sequence": 0, "partition": -1, "parked": [], "lane": case[:1]}
        return await self._save(case, 0, state, empty)

    async def _save(self, case: str, rev: int, state: Transfers, more: Document) -> bool:
        fields = {**more, "state": msgspec.to_builtins(state), **index(state)}
        return case in (await self._documents.save([Write(case, rev, fields, {})])).written

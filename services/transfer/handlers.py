"""transfer's door from the bus: what a batch of `cases` makes due goes to the sender as soon as it is written."""

from collections.abc import Sequence

from services.transfer.domain.state import Transfers
from services.transfer.domain.view import TransfersView
from services.transfer.sender import Sender
from services.transfer.store import Due
from shared.deadletters import Writer
from shared.producer import Publisher
from shared.reader import CaseReader, Change
from shared.records import Received

_LETTERS = Writer(TransfersView.name)


class CasesHandler:
    """Reads one lane. `sender` is set once there is one; without it the scan finds everything."""

    def __init__(self, reader: CaseReader[Transfers], publisher: Publisher, dead_letters: str) -> None:
        self._reader = reader
        self.sender: Sender | None = None
        self._publisher = publisher
        self._dead_letters = dead_letters

    async def handle(self, records: Sequence[Received]) -> None:
        changes = await self._reader.handle(records)
        if self.sender is not None:
            self.sender.offer(due for change in changes for due in _due(change))

    async def poison(self, record: Received, error: Exception) -> None:
        """A record that raised three times alone."""
        await self._publisher.publish([_LETTERS.letter(self._dead_letters, record, repr(error))])


def _due(change: Change[Transfers]) -> list[Due]:
    found = change.state.outgoing() if change.state is not None else ()
    return [Due(change.case_id, key, change.partition) for key, out in found if out.status == "owed"]

"""notify's door from the bus: what a batch of `cases` owes goes to the payer as soon as it is written."""

from collections.abc import Sequence

from services.notify.domain.debts import Debts
from services.notify.domain.view import DebtsView
from services.notify.payer import Payer
from services.notify.store import Due
from shared.deadletters import Writer
from shared.documents import Documents
from shared.producer import Publisher
from shared.reader import CaseReader, Change
from shared.records import Received

_LETTERS = Writer(DebtsView.name)


class OwedHandler:
    """Reads one lane. `payer` is set once there is one; without it the scan finds everything."""

    def __init__(self, documents: Documents, publisher: Publisher, dead_letters: str) -> None:
        self.reader = CaseReader[Debts](DebtsView(), documents, publisher, dead_letters)
        self.payer: Payer | None = None
        self._publisher = publisher
        self._dead_letters = dead_letters

    async def handle(self, records: Sequence[Received]) -> None:
        changes = await self.reader.handle(records)
        if self.payer is not None:
            self.payer.offer(due for change in changes for due in _owed(change))

    async def poison(self, record: Received, error: Exception) -> None:
        """A record that raised three times alone."""
        await self._publisher.publish([_LETTERS.letter(self._dead_letters, record, repr(error))])


def _owed(change: Change[Debts]) -> list[Due]:
    debts = change.state.by_id.values() if change.state is not None else ()
    return [Due(change.case_id, debt.obligation, change.partition) for debt in debts if debt.status == "owed"]

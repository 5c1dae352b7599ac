"""reports' reading of `cases` (shared/reader.py): every type means something here, so that no gap stays unseen."""

from typing import Any

from services.reports.domain.case_facts import CaseFact, fold
from services.reports.domain.marks import case_days
from shared.events.cases import CASES
from shared.events.envelope import Envelope
from shared.records import Record


class FactsView:
    """A case's facts, and beside them what queries need: days with marks, the beginning, gaps, what is disputed."""

    name = "reports"
    state = CaseFact
    interests = frozenset(CASES.models)

    def fold(self, state: CaseFact | None, event: Envelope, data: Any) -> CaseFact:
        return fold(state, event, data)

    def effects(self, state: CaseFact, event: Envelope, data: Any) -> list[Record]:
        return []

    def index(self, state: CaseFact) -> dict[str, Any]:
        return {
            "days": case_days(state),
            "opened": state.registered_at,
            "gap": bool(state.gaps),
            "disputed": state.disputes.open(),
        }

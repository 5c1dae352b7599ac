"""Why one case cannot be merged into, or linked to, another one, as far as the desk's sheet of it tells."""

from services.desk.domain.sheet import Sheet
from shared.moves import BY_VERB
from shared.states import OVER


def refusal(verb: str, sheet: Sheet, other: Sheet) -> str:
    """The code of a refusal with words; empty: nothing that the desk knows stands against it."""
    if other.id == sheet.id:
        return "same_case"
    return _linking(other) if verb == "link" else _merging(other)


def _merging(target: Sheet) -> str:
    if target.state in BY_VERB["absorb"].case:
        return ""
    return {"MERGED": "target_merged", "MERGING": "target_merging"}.get(target.state, "target_ended")


def _linking(event: Sheet) -> str:
    """An event case that has answered gives its answer to who comes late."""
    if not event.event:
        return "no_event_case"
    return "event_case_ended" if event.state in OVER and not event.answer else ""

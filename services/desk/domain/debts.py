"""Who waits for an answer, as a sheet keeps it."""

from collections.abc import Collection
from typing import Any

from services.desk.domain.sheet import Contact, Debt, Sheet
from shared.events.commands import Reporter


def reported(sheet: Sheet, reporter: Reporter) -> None:
    if all(contact.id != reporter.contact_id for contact in sheet.contacts):
        person = reporter.person
        sheet.contacts.append(
            Contact(
                id=reporter.contact_id, masked=person.masked, caller_ref=person.caller_ref, sealed=person.sealed
            )
        )  # fmt: skip


def owe(sheet: Sheet, obligation: str, reporter: Reporter, state: Any) -> None:
    if obligation:
        sheet.debts.append(Debt(id=obligation, masked=reporter.person.masked, cycle=sheet.cycle, state=state))


def move(sheet: Sheet, obligations: Collection[str]) -> None:
    """Another case owes them from now on, where they were not settled yet."""
    for debt in sheet.debts:
        if debt.id in obligations and debt.state == "open":
            debt.state = "moved"


def waive(sheet: Sheet) -> None:
    for debt in sheet.debts:
        if debt.state in ("open", "owed"):
            debt.state = "waived"


def cycle(sheet: Sheet, cycle: int, obligations: tuple[str, ...]) -> None:
    sheet.closed = sheet.reopen_requested = sheet.supplement = sheet.parked = False
    sheet.cycle, sheet.answer, sheet.end, sheet.event_case = cycle, "", "closed", ""
    masked = list(dict.fromkeys(debt.masked for debt in sheet.debts))
    # Who joined while the case was merged has had no debt here; `reply.owed` says who he is.
    for obligation, whom in zip(obligations, [*masked, *[""] * len(obligations)], strict=False):
        if obligation:
            sheet.debts.append(Debt(id=obligation, masked=whom, cycle=cycle, state="open"))

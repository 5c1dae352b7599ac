"""Finding a case for somebody, and recording that he saw it."""

from collections.abc import Iterable

from services.desk.clients import Reply
from services.desk.desk import Desk
from services.desk.domain import rights
from services.desk.domain.sheet import Sheet
from services.desk.session import Visitor
from services.desk.store import View, read_sheet
from shared.events.topics import is_case_id
from shared.service import Problem


class Cases:
    """The cases of the desk's store, as one person may see them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def find(self, by: Visitor, case: str) -> Sheet:
        """By id or number; a case that this person may not see does not exist for him."""
        sheet = await self._load(case)
        if sheet is None or not rights.may_see(by.who, sheet):
            raise Problem(404, "no_such_case", f"there is no case {case[:60]} here")
        return sheet

    async def id_of(self, typed: str) -> str | None:
        """The id of the case that is meant by an id or a number; None for a number that no case has."""
        if is_case_id(typed):
            return typed
        sheet = await self._load(typed)
        return sheet.id if sheet else None

    async def known(self, cases: Iterable[str]) -> dict[str, Sheet]:
        """Those of the ids that the desk has read of."""
        found = await self._desk.store.cases.load(list(cases), omit=("timeline",))
        return {case: read_sheet(one) for case, one in found.items() if "state" in one}

    async def command(self, by: Visitor, case: str, verb: str, body: object, key: str) -> Reply:
        """dispatch's answer to one command, on this person's behalf."""
        return await self._desk.ask(by, "dispatch", "POST", f"/cases/{case}/commands/{verb}", body=body, key=key)

    async def record(self, by: Visitor, sheet: Sheet, what: str, why: str = "") -> None:
        """Before anything is shown: who cannot be recorded sees nothing."""
        view = View(
            who=by.who.subject, role=by.who.role, what=what, case=sheet.id, number=sheet.number,
            at=self._desk.clock.now(), why=why,
        )  # fmt: skip
        await self._desk.store.viewed(view)

    async def _load(self, case: str) -> Sheet | None:
        if not is_case_id(case):
            return await self._desk.store.by_number(case)
        return (await self.known([case])).get(case)

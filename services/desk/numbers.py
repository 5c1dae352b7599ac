"""Numbers of those who reported a case or whose call was lost, which intake alone can open."""

from services.desk.desk import Desk
from services.desk.domain.calls import Call
from services.desk.domain.sheet import Contact, Sheet
from services.desk.session import Visitor

MOST = 5


async def opened(desk: Desk, by: Visitor, sheet: Sheet, why: str) -> list[str]:
    """The numbers; a masked one where intake does not open it."""
    return [await _of_contact(desk, by, sheet, contact, why) for contact in sheet.contacts[:MOST]]


async def of_call(desk: Desk, by: Visitor, call: Call, why: str) -> str:
    """The number that a lost call came from; masked where intake does not open it."""
    return await _opened(desk, by, {"contact_id": call.id, "sealed": call.sealed, "why": why}) or call.masked


async def _of_contact(desk: Desk, by: Visitor, sheet: Sheet, contact: Contact, why: str) -> str:
    asked = {"case_id": sheet.id, "sealed": contact.sealed, "why": why[:200]}
    return await _opened(desk, by, asked) or contact.masked


async def _opened(desk: Desk, by: Visitor, asked: dict[str, str]) -> str:
    if not asked["sealed"]:
        return ""
    reply = await desk.ask(by, "intake", "POST", "/numbers/reveal", body=asked)
    return str(reply.body["number"]) if reply.good else ""

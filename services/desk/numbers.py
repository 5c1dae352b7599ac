"""Numbers of those who reported a case, which intake alone can open."""

from services.desk.desk import Desk
from services.desk.domain.sheet import Contact, Sheet
from services.desk.session import Visitor

MOST = 5


async def opened(desk: Desk, by: Visitor, sheet: Sheet, why: str) -> list[str]:
    """The numbers; a masked one where intake does not open it."""
    return [await _opened(desk, by, sheet, contact, why) for contact in sheet.contacts[:MOST]]


async def _opened(desk: Desk, by: Visitor, sheet: Sheet, contact: Contact, why: str) -> str:
    if not contact.sealed:
        return contact.masked
    body = {"case_id": sheet.id, "sealed": contact.sealed, "why": why[:200]}
    reply = await desk.ask(by, "intake", "POST", "/numbers/reveal", body=body)
    return str(reply.body["number"]) if reply.good else contact.masked

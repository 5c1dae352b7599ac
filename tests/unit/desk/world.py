"""The desk in memory: its real pages over a little city, and browsers that are signed in."""

from pathlib import Path

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from services.desk.app import add_pages
from services.desk.desk import Desk
from services.desk.live import Hub
from services.desk.memory import MemoryStore
from services.desk.policy import City
from services.desk.render import Renderer
from services.desk.reveals import MemoryReveals
from services.desk.testing import FakeLags, LittleCity
from shared.auth import issue
from shared.clock import Clock
from shared.events.commands import Reporter
from shared.events.contacts import SealedPerson
from shared.ids import case_id, contact_id, receipt_code
from shared.settings import Settings
from shared.testing import FakeClock

SECRET = "a secret of at least thirty-two bytes"
POLICY = Path(__file__).parents[3] / "policy" / "130100"
CITY = City(POLICY)
ORIGIN = "http://desk"
UNIT, OTHER = "130100-02-001", "130100-02-002"
CALLER = "+8613812341234"
HEATING = {"title": "小区暖气不热", "text": "暖气三天不热，家中有老人", "area": "130102", "address": "某小区1号楼"}


class World:
    """One desk process."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.store = MemoryStore()
        self.city = LittleCity(CITY, self.clock, SECRET, self.store)
        self.hub = Hub(self.store)
        self.lags = FakeLags()
        settings = Settings(jwt_secret=SecretStr(SECRET))
        desk = Desk(
            settings, self.clock, self.store, self.city, self.hub, CITY, Renderer(CITY, self.clock), self.lags,
            MemoryReveals(),
        )  # fmt: skip
        self.app = FastAPI(openapi_url=None)
        add_pages(self.app, desk)

    def browser(self, role: str = "", subject: str = "017", lang: str = "en") -> httpx.AsyncClient:
        """Signed in with a role's token; without a role a stranger."""
        cookies = {"desk_lang": lang, **({"desk_token": token(role, subject)} if role else {})}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url=ORIGIN,
            cookies=cookies,
            headers={"Origin": ORIGIN, "Accept": "text/html"},
        )

    async def case(self, name: str = "a", **more: object) -> str:
        """A registered case of one caller; returns its id."""
        contact = contact_id("test", "web", name)
        case = case_id("normal", contact, 1)
        person = SealedPerson(caller_ref="ref-1", masked="138****1234", sealed="k1.sealed")
        await self.city.register(case, Reporter(contact_id=contact, person=person), {**HEATING, **more})
        return case


def token(role: str, subject: str = "017") -> str:
    return issue(SECRET, subject, role, 1)


def code_of(name: str = "a") -> str:
    return receipt_code(contact_id("test", "web", name))

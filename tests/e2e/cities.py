"""Two cities on one broker and one mongod, and 120: dispatch and transfer of each as processes of their own."""

import asyncio
import base64
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from hotline.embedded.process import ProcessSpec
from hotline.keys import public_key
from hotline.ports import free_port
from hotline.supervisor import Supervisor
from hotline.topics import create_topics
from shared.auth import issue
from shared.clock import ScaledClock, make_clock
from shared.events.commands import COMMANDS, Register, Reporter
from shared.events.contacts import SealedPerson
from shared.events.envelope import Envelope, raw
from shared.events.topics import Topics, lane_of
from shared.ids import case_id, client_command_id, contact_id
from shared.privacy import caller_ref, mask_number, seal
from shared.producer import KafkaTransport, OrderedPublisher
from shared.records import record_of
from shared.settings import Settings

SECRET = "s" * 32


def _key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


class City:
    """One hotline, or an emergency centre: its keys, ports and HTTP client."""

    def __init__(self, area: str) -> None:
        self.area = area
        self.sign_key, self.seal_key, self.ref_key = _key(), _key(), _key()
        self.ports = {"dispatch": free_port(), "transfer": free_port()}
        self.client = httpx.AsyncClient(timeout=10)

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    async def ask(
        self, method: str, service: str, path: str, role: str = "supervisor", body: Any = None
    ) -> httpx.Response:
        """The answer, of a command its outcome; what a busy door puts off is asked again under the same key."""
        headers = {"Authorization": f"Bearer {issue(SECRET, 'test', role, 1)}", "Idempotency-Key": os.urandom(8).hex()}
        url = self.url(service)
        answer = await self.client.request(method, url + path, headers=headers, json=body)
        while answer.status_code == 503:
            await asyncio.sleep(1)
            answer = await self.client.request(method, url + path, headers=headers, json=body)
        if service == "dispatch" and answer.status_code == 202:
            answer = await until(lambda: self._decided(url + answer.json()["outcome"], headers))
        return answer

    async def _decided(self, url: str, headers: dict[str, str]) -> httpx.Response | None:
        answer = await self.client.get(url, headers=headers)
        return None if answer.status_code == 404 else answer

    async def call(self, method: str, service: str, path: str, role: str = "supervisor", body: Any = None) -> Any:
        """The answer's JSON; raises where it is an error."""
        answer = await self.ask(method, service, path, role, body)
        assert answer.status_code < 400, answer.text
        return answer.json()

    async def case(self, case: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.call("GET", "dispatch", f"/cases/{case}")
        return found

    async def do(self, case: str, verb: str, role: str = "supervisor", **body: Any) -> Any:
        return await self.call("POST", "dispatch", f"/cases/{case}/commands/{verb}", role, body)

    async def events(self, case: str) -> list[str]:
        return [event["type"] for event in (await self.case(case))["timeline"]]


class Cities:
    """Everybody, over the servers of `settings`."""

    def __init__(self, servers: Settings, folder: Path) -> None:
        self.home, self.other, self.emergency = City("130100"), City("130200"), City("120")
        self.supervisor = Supervisor(folder / "logs")
        self.clock: ScaledClock = make_clock(servers)
        self.journal = folder / "emergency.jsonl"
        self._servers = servers
        self._all = (self.home, self.other, self.emergency)

    def settings(self, city: City) -> Settings:
        return Settings(city=city.area, kafka=self._servers.kafka, mongo=self._servers.mongo)

    def _env(self, city: City) -> dict[str, str]:
        others = [one for one in self._all if one is not city]
        urls = ",".join(f'"{one.area}":"{one.url("transfer")}"' for one in others)
        keys = ",".join(f'"{one.area}":"{public_key(one.sign_key)}"' for one in others)
        return {
            "HOTLINE_CITY": city.area,
            "HOTLINE_KAFKA": self._servers.kafka,
            "HOTLINE_MONGO": self._servers.mongo,
            "HOTLINE_JWT_SECRET": SECRET,
            "HOTLINE_SEAL_KEY": city.seal_key,
            "HOTLINE_REF_KEY": city.ref_key,
            "HOTLINE_SIGN_KEY": city.sign_key,
            "HOTLINE_PARTNERS": f"{{{urls}}}",
            "HOTLINE_PARTNER_KEYS": f"{{{keys}}}",
            "HOTLINE_SESSION_TIMEOUT_MS": "6000",
            "HOTLINE_JOURNAL": str(self.journal),
            "HOTLINE_PACE_S": "0.3",
        }

    def process(self, city: City, service: str) -> ProcessSpec:
        name = f"{service}-{city.area}"
        module = "hotline.surge.emergency" if city is self.emergency else f"services.{service}"
        env = {**self._env(city), "HOTLINE_NAME": name, "HOTLINE_PORT": str(city.ports[service])}
        url = f"{city.url(service)}/health/ready"
        return ProcessSpec(name=name, argv=(sys.executable, "-m", module), env=env, ready=_answers(url))

    async def start(self) -> None:
        """All but the transfer service of the other city and the emergency centre, which are away."""
        for city in (self.home, self.other):
            await create_topics(self.settings(city))
        specs = [self.process(self.home, "dispatch"), self.process(self.home, "transfer")]
        await self.supervisor.start(*specs, self.process(self.other, "dispatch"))

    async def stop(self) -> None:
        await self.supervisor.stop_all()
        for city in self._all:
            await city.client.aclose()

    async def register(self, city: City, own_id: str, text: str, phone: str) -> str:
        """A case as intake would register it; returns its id once dispatch has it."""
        contact = contact_id("test", "web", own_id)
        case = case_id("normal", contact, 1)
        person = SealedPerson(
            caller_ref=caller_ref(city.ref_key, phone), masked=mask_number(phone), sealed=seal(city.seal_key, phone)
        )
        data = Register(matter=1, reporter=Reporter(contact_id=contact, person=person), title=text, text=text)
        envelope = Envelope(
            id=client_command_id("test", own_id), type=COMMANDS.type_of(data), source="/test", subject=case,
            time=self.clock.now(), actor="service:test", data=raw(data),
        )  # fmt: skip
        transport = KafkaTransport(self._servers.kafka)
        topic = Topics(city.area).commands(lane_of(case))
        await OrderedPublisher(transport, self.clock).publish([record_of(topic, envelope)])
        await transport.stop()
        await until(lambda: self._has(city, case))
        return case

    async def _has(self, city: City, case: str) -> bool:
        answer = await city.ask("GET", "dispatch", f"/cases/{case}")
        assert answer.status_code in (200, 404), answer.text
        return answer.status_code == 200


async def until(holds: Callable[[], Awaitable[Any]], seconds: float = 150) -> Any:
    """What `holds` returns once it is true."""
    end = time.monotonic() + seconds
    while not (found := await holds()):
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.2)
    return found


def _answers(url: str) -> Callable[[], Awaitable[None]]:
    async def ready() -> None:
        async with httpx.AsyncClient(timeout=3) as client:
            (await client.get(url)).raise_for_status()

    return ready

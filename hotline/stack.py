"""The platform of one city as processes: servers, gateway and services, with free ports and local secrets.

A second city stands beside the first: it shares its servers and its supervisor, and never a topic or a database.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TextIO

import httpx

from hotline.addresses import publish, withdraw
from hotline.containers import Containers
from hotline.embedded.kafka import EmbeddedKafka
from hotline.embedded.mongo import EmbeddedMongo
from hotline.embedded.process import ProcessSpec
from hotline.keys import load_keys, public_key
from hotline.ports import free_port
from hotline.supervisor import Supervisor
from hotline.topics import create_topics
from shared.clock import CHINA
from shared.settings import Settings

SERVICES = ("intake", "dispatch", "sla", "notify", "transfer", "knowledge", "reports", "desk")
"""In the order of their start."""
ORIGIN = datetime(2021, 1, 13, 4, 0, tzinfo=CHINA)
"""Domain time at the start of a scaled run: the night the article's IVR opened."""
SEALERS = frozenset({"intake", "notify", "transfer"})
BLIND = frozenset({"intake", "transfer"})
"""Who turns a number into its blind index."""
EMERGENCY = ("110", "120")
"""Emergency centres that the simulator brings along; a transfer to another number is refused as unknown."""
ROOT = Path(".hotline")


class ServersInUse(RuntimeError):
    """Another launcher runs the embedded servers of this folder; the text says how to share them."""


@dataclass(kw_only=True)
class Options:
    """How a platform is started. `fresh`: in a new run folder with servers of its own."""

    city: str = "130100"
    scale: dict[str, int] = field(default_factory=dict)
    time_rate: float = 1.0
    time_origin: datetime = ORIGIN
    """Domain time at the start, where the rate is not 1."""
    lead_s: float = 0.0
    """Real seconds between the readiness of the servers and that start, for the services to come up."""
    fresh: bool = False
    brief: bool = True
    """It lives for a minute or two: the broker's code is not worth a thorough compilation."""
    containers: bool = False
    echo: BinaryIO | None = None
    services: tuple[str, ...] = SERVICES
    extra_env: dict[str, str] = field(default_factory=dict)


class Stack:
    """Starts, scales and stops one city's platform; `beside` another one's it is its partner city."""

    def __init__(self, options: Options, root: Path = ROOT, beside: "Stack | None" = None) -> None:
        self.options = options
        self.root = root.resolve()
        self.beside = beside
        self.folder: Path = beside.folder.parent / options.city if beside else self._folder()
        self.supervisor: Supervisor = (
            beside.supervisor if beside else Supervisor(self.folder / "logs", options.echo)
        )  # fmt: skip
        self.started = time.time()
        self.secrets = load_keys(self.root / options.city)
        self.kafka = os.environ.get("HOTLINE_KAFKA", "")
        self.mongo = os.environ.get("HOTLINE_MONGO", "")
        self.gateway = os.environ.get("HOTLINE_SMS_GATEWAY", "")
        self.urls: dict[str, str] = {}
        self.partners: list[Stack] = []
        if beside:
            self.partners.append(beside)
            beside.partners.append(self)
        self._ports: dict[str, int] = {}
        self._containers: Containers | None = None
        self._lock: TextIO | None = None
        self._scaling = asyncio.Lock()

    def _folder(self) -> Path:
        if not self.options.fresh:
            return self.root / self.options.city
        name = f"{datetime.now(CHINA):%Y%m%d-%H%M%S}-{os.getpid()}"
        return self.root / "runs" / name / self.options.city

    @property
    def journals(self) -> Path:
        """Where the simulated world of this city writes what it was promised."""
        return self.folder / "journals"

    @property
    def settings(self) -> Settings:
        """What an operator's process may know: everything but the sealing key."""
        return Settings(**{key.removeprefix("HOTLINE_").lower(): value for key, value in self.env().items()})  # type: ignore[arg-type]

    def env(self) -> dict[str, str]:
        """Environment that every process of this city shares."""
        scaled = {
            "HOTLINE_TIME_ORIGIN": self.options.time_origin.isoformat(),
            "HOTLINE_TIME_STARTED": repr(self.started),
            "HOTLINE_TIME_RATE": repr(self.options.time_rate),
        }
        return {
            "HOTLINE_CITY": self.options.city,
            "HOTLINE_KAFKA": self.kafka,
            "HOTLINE_MONGO": self.mongo,
            "HOTLINE_SMS_GATEWAY": self.gateway,
            "HOTLINE_JWT_SECRET": self.secrets["jwt_secret"],
            **(scaled if self.options.time_rate != 1.0 else {}),
        }

    async def start(self) -> None:
        """Servers, topics, gateway, services; returns when all are ready."""
        await self.start_servers()
        await create_topics(self.settings)
        self.journals.mkdir(parents=True, exist_ok=True)
        await self.supervisor.start(*self._gateway(), *self._emergencies())
        counts = [(service, self.options.scale.get(service, 1)) for service in self.options.services]
        specs = [self._service(service, n) for service, count in counts for n in range(1, count + 1)]
        await self.supervisor.start(*specs)
        self._publish()

    async def start_servers(self) -> None:
        """Kafka and MongoDB, unless the environment names running ones, or the city beside has started them."""
        if self.beside:
            self.kafka, self.mongo, self.started = self.beside.kafka, self.beside.mongo, self.beside.started
            return
        if self.options.containers:
            self._containers = Containers()
            self.kafka, self.mongo = await asyncio.to_thread(self._containers.start)
        specs = []
        home = self.folder.parent if self.options.fresh else self.root / "servers"
        if not (self.kafka and self.mongo):
            self._lock = _lock(home)
        if not self.kafka:
            ports = free_port(), free_port()
            kafka = EmbeddedKafka(home / "kafka", self.root_cache(), *ports, brief=self.options.brief)
            self.kafka = kafka.address
            specs.append(await asyncio.to_thread(kafka.prepare))
        if not self.mongo:
            mongo = EmbeddedMongo(home / "mongo", free_port())
            self.mongo = mongo.address
            specs.append(mongo.prepare())
        await self.supervisor.start(*specs)
        self.started = time.time() + self.options.lead_s

    def root_cache(self) -> Path:
        return self.root / "jars"

    def _gateway(self) -> list[ProcessSpec]:
        if self.gateway:
            return []
        name = self.process("gateway")
        self.gateway = self.url(name)
        env = {
            "HOTLINE_NAME": name,
            "HOTLINE_PORT": str(self._ports[name]),
            "HOTLINE_JOURNAL": str(self.journals / "gateway.jsonl"),
            **self.options.extra_env,
        }
        argv = (sys.executable, "-m", "hotline.surge.gateway")
        return [ProcessSpec(name=name, argv=argv, env=env, ready=_answers(f"{self.gateway}/health/live"))]

    def process(self, name: str) -> str:
        """Name of a process among all that the supervisor keeps: those of a city beside carry its code."""
        return f"{self.options.city}.{name}" if self.beside else name

    def url(self, name: str) -> str:
        """Where the process of this name answers, or will once it is started."""
        if name not in self._ports:
            self._ports[name] = free_port()
        return f"http://127.0.0.1:{self._ports[name]}"

    def _first(self, service: str) -> str:
        return self.url(self.process(f"{service}.1"))

    def _special(self, service: str) -> dict[str, str]:
        """What this service may know and others need not."""
        known: dict[str, str] = {}
        if service in SEALERS:
            known["HOTLINE_SEAL_KEY"] = self.secrets["seal_key"]
        if service in BLIND:
            known["HOTLINE_REF_KEY"] = self.secrets["ref_key"]
        if service == "transfer":
            known |= self._partnership()
        if service == "desk":
            known["HOTLINE_URLS"] = json.dumps({name: self._first(name) for name in self.options.services})
        return known

    def _partnership(self) -> dict[str, str]:
        """This city's signing key, and where its partners answer under which keys; what the environment says wins."""
        urls = {partner.options.city: partner._first("transfer") for partner in self.partners}
        keys = {partner.options.city: partner.secrets["sign_key"] for partner in self.partners}
        urls |= {number: self.url(self.process(f"emergency.{number}")) for number in EMERGENCY}
        keys |= {number: self._emergency_key(number) for number in EMERGENCY}
        signs = _signs(self.secrets["sign_key"], urls, keys)
        given = Settings()
        return signs | {
            name: json.dumps({**json.loads(signs[name]), **theirs})
            for name, theirs in (("HOTLINE_PARTNERS", given.partners), ("HOTLINE_PARTNER_KEYS", given.partner_keys))
        }

    def _emergency_key(self, number: str) -> str:
        return load_keys(self.root / self.options.city / "emergency" / number)["sign_key"]

    def _emergencies(self) -> list[ProcessSpec]:
        return [self._emergency(number) for number in EMERGENCY if "transfer" in self.options.services]

    def _emergency(self, number: str) -> ProcessSpec:
        """The simulated emergency centre of a number, whose only partner is this city."""
        name = self.process(f"emergency.{number}")
        url, city = self.url(name), self.options.city
        env = {
            **self.env(),
            **_signs(self._emergency_key(number), {city: self._first("transfer")}, {city: self.secrets["sign_key"]}),
            "HOTLINE_CITY": number,
            "HOTLINE_NAME": name,
            "HOTLINE_PORT": str(self._ports[name]),
            "HOTLINE_JOURNAL": str(self.journals / f"emergency-{number}.log"),
            "HOTLINE_PACE_S": "1",
        }
        argv = (sys.executable, "-m", "hotline.surge.emergency")
        return ProcessSpec(name=name, argv=argv, env=env, ready=_answers(f"{url}/health/live"))

    def _service(self, service: str, number: int) -> ProcessSpec:
        name = self.process(f"{service}.{number}")
        self.urls[name] = self.url(name)
        state = self.folder / "state" / name
        state.mkdir(parents=True, exist_ok=True)
        env = {
            **self.env(),
            "HOTLINE_NAME": name,
            "HOTLINE_PORT": str(self._ports[name]),
            "HOTLINE_STATE_DIR": str(state),
            **self._special(service),
            **self.options.extra_env,
        }
        argv = (sys.executable, "-m", f"services.{service}")
        return ProcessSpec(name=name, argv=argv, env=env, ready=_answers(f"{self.urls[name]}/health/ready"))

    async def scale_to(self, service: str, count: int) -> None:
        """Start or stop replicas until there are `count`; the newest go first. One change at a time: none is
        stopped while somebody waits for its readiness."""
        async with self._scaling:
            names = self.supervisor.names(self.process(service))
            for name in names[count:]:
                await self.supervisor.stop(name)
                del self.urls[name]
            await self.supervisor.start(*(self._service(service, n) for n in range(len(names) + 1, count + 1)))
            self._publish()

    async def behave(self, mode: str) -> None:
        """Tell the simulated gateway how to behave (hotline/surge/gateway.py)."""
        async with httpx.AsyncClient(timeout=3) as client:
            (await client.put(f"{self.gateway}/behaviour", json={"mode": mode})).raise_for_status()

    def addresses(self) -> dict[str, list[str]]:
        """URLs of each service's replicas."""
        found: dict[str, list[str]] = {}
        for name, url in self.urls.items():
            found.setdefault(name.split(".")[-2], []).append(url)
        return found

    def _publish(self) -> None:
        body = {
            "kafka": self.kafka,
            "mongo": self.mongo,
            "gateway": self.gateway,
            "time_started": self.started,
            "time_rate": self.options.time_rate,
            "services": self.addresses(),
        }
        for place in {self.folder, self.root / self.options.city}:
            publish(place, body)

    async def stop(self) -> None:
        """End every process, those of the cities beside too; the data stays. Also after a start that failed."""
        for stack in (self, *self.partners):
            withdraw(self.root / stack.options.city)
        await self.supervisor.stop_all()
        if self._containers is not None:
            await asyncio.to_thread(self._containers.stop)
        if self._lock is not None:
            self._lock.close()

    def remove(self) -> None:
        """Delete a fresh run's folder."""
        if self.options.fresh:
            with contextlib.suppress(OSError):
                shutil.rmtree(self.folder.parent)


def _signs(sign_key: str, urls: dict[str, str], keys: dict[str, str]) -> dict[str, str]:
    """Environment of who signs requests: its private key, its partners' addresses, and their public keys."""
    return {
        "HOTLINE_SIGN_KEY": sign_key,
        "HOTLINE_PARTNERS": json.dumps(urls),
        "HOTLINE_PARTNER_KEYS": json.dumps({partner: public_key(key) for partner, key in keys.items()}),
    }


def _lock(home: Path) -> TextIO:
    """Held until closed or until this process ends, however it ends. Raises ServersInUse."""
    home.mkdir(parents=True, exist_ok=True)
    file = (home / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ServersInUse(
            f"another platform runs the servers of {home}; name them in HOTLINE_KAFKA and HOTLINE_MONGO "
            "(its addresses.json has both)"
        ) from None
    return file


def _answers(url: str) -> Callable[[], Awaitable[None]]:
    async def ready() -> None:
        async with httpx.AsyncClient(timeout=3) as client:
            (await client.get(url)).raise_for_status()

    return ready

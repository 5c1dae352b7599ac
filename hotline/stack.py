"""The platform of one city as processes: servers, gateway and services, with free ports and local secrets."""

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
from hotline.keys import load_keys
from hotline.ports import free_port
from hotline.supervisor import Supervisor
from hotline.topics import create_topics
from shared.clock import CHINA
from shared.settings import Settings

SERVICES = ("intake", "dispatch", "sla", "notify", "desk")
"""In the order of their start: the desk is last, because it is told where the others are."""
ORIGIN = datetime(2021, 1, 13, 4, 0, tzinfo=CHINA)
"""Domain time at the start of a scaled run: the night the article's IVR opened."""
SEALERS = frozenset({"intake", "notify"})
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
    fresh: bool = False
    containers: bool = False
    echo: BinaryIO | None = None
    services: tuple[str, ...] = SERVICES
    extra_env: dict[str, str] = field(default_factory=dict)


class Stack:
    """Starts, scales and stops one city's platform."""

    def __init__(self, options: Options, root: Path = ROOT) -> None:
        self.options = options
        self.root = root.resolve()
        self.folder = self._new_run() if options.fresh else self.root / options.city
        self.supervisor = Supervisor(self.folder / "logs", options.echo)
        self.started = time.time()
        self.secrets = load_keys(self.root / options.city)
        self.kafka = os.environ.get("HOTLINE_KAFKA", "")
        self.mongo = os.environ.get("HOTLINE_MONGO", "")
        self.gateway = os.environ.get("HOTLINE_SMS_GATEWAY", "")
        self.urls: dict[str, str] = {}
        self._containers: Containers | None = None
        self._lock: TextIO | None = None

    def _new_run(self) -> Path:
        name = f"{datetime.now(CHINA):%Y%m%d-%H%M%S}-{os.getpid()}"
        return self.root / "runs" / name / self.options.city

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
        await self.supervisor.start(*self._gateway())
        counts = [(service, self.options.scale.get(service, 1)) for service in self.options.services]
        specs = [self._service(service, n) for service, count in counts for n in range(1, count + 1)]
        await self.supervisor.start(*specs)
        self._publish()

    async def start_servers(self) -> None:
        """Kafka and MongoDB, unless the environment names running ones."""
        if self.options.containers:
            self._containers = Containers()
            self.kafka, self.mongo = await asyncio.to_thread(self._containers.start)
        specs = []
        home = self.folder.parent if self.options.fresh else self.root / "servers"
        if not (self.kafka and self.mongo):
            self._lock = _lock(home)
        if not self.kafka:
            kafka = EmbeddedKafka(home / "kafka", self.root_cache(), free_port(), free_port())
            self.kafka = kafka.address
            specs.append(await asyncio.to_thread(kafka.prepare))
        if not self.mongo:
            mongo = EmbeddedMongo(home / "mongo", free_port())
            self.mongo = mongo.address
            specs.append(mongo.prepare())
        await self.supervisor.start(*specs)

    def root_cache(self) -> Path:
        return self.root / "jars"

    def _gateway(self) -> list[ProcessSpec]:
        if self.gateway:
            return []
        port = free_port()
        self.gateway = f"http://127.0.0.1:{port}"
        env = {"HOTLINE_PORT": str(port), "HOTLINE_JOURNAL": str(self.folder / "journals" / "gateway.jsonl")}
        (self.folder / "journals").mkdir(parents=True, exist_ok=True)
        argv = (sys.executable, "-m", "hotline.surge.gateway")
        return [ProcessSpec(name="gateway", argv=argv, env=env, ready=_answers(f"{self.gateway}/health/live"))]

    def _service(self, service: str, number: int) -> ProcessSpec:
        name, port = f"{service}.{number}", free_port()
        self.urls[name] = f"http://127.0.0.1:{port}"
        state = self.folder / "state" / name
        state.mkdir(parents=True, exist_ok=True)
        env = {
            **self.env(),
            "HOTLINE_NAME": name,
            "HOTLINE_PORT": str(port),
            "HOTLINE_STATE_DIR": str(state),
            **({"HOTLINE_SEAL_KEY": self.secrets["seal_key"]} if service in SEALERS else {}),
            **({"HOTLINE_REF_KEY": self.secrets["ref_key"]} if service == "intake" else {}),
            **({"HOTLINE_URLS": self._first_urls()} if service == "desk" else {}),
            **self.options.extra_env,
        }
        argv = (sys.executable, "-m", f"services.{service}")
        return ProcessSpec(name=name, argv=argv, env=env, ready=_answers(f"{self.urls[name]}/health/ready"))

    def _first_urls(self) -> str:
        """Service → URL of its first replica, as JSON."""
        return json.dumps({service: urls[0] for service, urls in self.addresses().items()})

    async def scale_to(self, service: str, count: int) -> None:
        """Start or stop replicas until there are `count`; the newest go first."""
        names = self.supervisor.names(service)
        for name in names[count:]:
            await self.supervisor.stop(name)
            del self.urls[name]
        await self.supervisor.start(*(self._service(service, n) for n in range(len(names) + 1, count + 1)))
        self._publish()

    def addresses(self) -> dict[str, list[str]]:
        """URLs of each service's replicas."""
        found: dict[str, list[str]] = {}
        for name, url in self.urls.items():
            found.setdefault(name.rsplit(".", 1)[0], []).append(url)
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
        """End every process; the data stays. May be called after a start that failed."""
        withdraw(self.root / self.options.city)
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

"""The world's process: `python -m hotline.surge.world run.json` plays a round until it is told to stop."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import structlog
import uvloop

from hotline.surge.calls import SEATS, Round
from hotline.surge.centre import Centre
from hotline.surge.config import Progress, RunConfig, read_config
from hotline.surge.departments import HttpDepartment
from hotline.surge.door import Door, Troubles
from hotline.surge.feeds import FeedDepartments
from hotline.surge.http import Client
from hotline.surge.journal import Journal
from hotline.surge.messages import read_messages
from hotline.surge.mix import Chance, load_mix
from hotline.surge.people import Auditor, Dispatcher, FollowUpCaller
from hotline.surge.rounds import Actor, World
from hotline.surge.settler import Settler
from hotline.surge.supervisor import Supervisor
from hotline.surge.switch import ProfileSwitch
from hotline.surge.ties import EventDesk, Merger
from hotline.surge.wall import Wall
from shared.clock import make_clock
from shared.collector import spare_the_collector
from shared.events.topics import Topics
from shared.policy import load_units
from shared.producer import KafkaTransport, OrderedPublisher
from shared.settings import Settings
from shared.tasks import being_cancelled
from shared.telemetry import configure_logs

log = structlog.get_logger()
REPORT_S = 0.25


class Cast:
    """Every actor of a run, wired."""

    def __init__(self, config: RunConfig, settings: Settings) -> None:
        self.troubles = Troubles()
        self._config = config
        self._settings = settings
        self._clock = make_clock(settings)
        self._clients = {service: Client(urls) for service, urls in config.urls.items()}
        self._mix, self._chance = load_mix(), Chance(config.seed)
        self._units = load_units(settings.policy).units
        units = tuple(unit.code for unit in self._units)
        began = self._clock.now()
        self.world = World(config.name, began, self._mix, self._chance, units, config.partners, Wall())
        self.centre = self._centre()
        self.actors = self._people() + self._http_departments()
        self._transport = KafkaTransport(settings.kafka, linger_ms=2)
        self.feeds = self._feeds()
        self.settler = Settler(self._door("notify", "settler", "supervisor"), self._journal("settler"))
        self.switch = self._switch()

    def _journal(self, name: str) -> Journal:
        return Journal(Path(self._config.folder), name)

    def _door(self, service: str, subject: str, role: str) -> Door:
        secret = self._settings.jwt_secret.get_secret_value()
        return Door(service, self._clients[service], secret, subject, role, self.troubles)

    def _centre(self) -> Centre:
        messages = read_messages(Path(self._config.data))
        config = self._config
        plan = Round(config.name, config.calls, config.events, self._mix, self._chance, messages)
        agents = [self._door("intake", f"a{seat:03d}", "agent") for seat in range(1, SEATS + 1)]
        pbx = self._door("intake", "pbx", "service")
        dispatch = self._door("dispatch", "a001", "agent")
        return Centre(plan, pbx, agents, self._journal("centre"), config.rate, dispatch, self.world.wall)

    def _people(self) -> list[Actor]:
        roles: dict[str, tuple[type[Actor], str]] = {
            "dispatcher": (Dispatcher, "dispatcher"),
            "auditor": (Auditor, "auditor"),
            "supervisor": (Supervisor, "supervisor"),
            "follow-up": (FollowUpCaller, "agent"),
            "event-desk": (EventDesk, "dispatcher"),
            "merger": (Merger, "dispatcher"),
        }
        return [
            kind(self.world, self._door("dispatch", name, role), self._journal(name))
            for name, (kind, role) in roles.items()
        ]

    def _http_departments(self) -> list[Actor]:
        units = [unit.code for unit in self._units if unit.feed == "http"]
        return [
            HttpDepartment(
                self.world, self._door("dispatch", code, f"unit:{code}"), self._journal(f"unit-{code}"), code
            )
            for code in units
        ]

    def _feeds(self) -> FeedDepartments:
        units = [unit.code for unit in self._units if unit.feed == "kafka"]
        journals = {code: self._journal(f"unit-{code}") for code in units}
        publisher = OrderedPublisher(self._transport, self._clock)
        topics = Topics(self._settings.city)
        return FeedDepartments(self.world, topics, units, self._settings.kafka, publisher, self._clock, journals)

    def _switch(self) -> ProfileSwitch:
        door = self._door("knowledge", "supervisor", "supervisor")
        return ProfileSwitch(self.world, door, self._journal("switch"), self._clock)

    def progress(self) -> Progress:
        counts = self.centre.counts
        acted = {type(actor).__name__: 0 for actor in self.actors}
        for actor in self.actors:
            acted[type(actor).__name__] += actor.acted
        return Progress(
            offered=counts.offered,
            again=counts.again,
            ended=counts.ended,
            registered=counts.registered,
            attached=counts.attached,
            started=counts.started,
            finished=counts.finished,
            acted={**acted, "FeedDepartments": self.feeds.acted, "Settler": self.settler.acted},
            intends=self.switch.intends + sum(actor.intends for actor in self.actors),
            troubles=self.troubles.counts.total(),
            trouble=self.troubles.last,
        )

    async def play(self) -> None:
        """Until cancelled; an actor that fails is started again, and that is said."""
        await self.feeds.find_ends()
        players: list[Actor | FeedDepartments | Settler | ProfileSwitch]
        players = [*self.actors, self.feeds, self.settler, self.switch]
        async with asyncio.TaskGroup() as tasks:
            for player in players:
                tasks.create_task(self._for_ever(type(player).__name__, player.run))
            tasks.create_task(self.centre.run())

    async def _for_ever(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await run()
                return
            except (Exception, asyncio.CancelledError) as error:
                if being_cancelled():
                    raise
                log.exception("actor failed", actor=name)
                self.troubles.note(f"{name} failed: {error!r}")
                await asyncio.sleep(1.0)

    async def close(self) -> None:
        await self._transport.stop()
        for client in self._clients.values():
            client.close()


async def main(path: Path) -> None:
    settings = Settings()
    configure_logs(settings)
    cast = Cast(read_config(path), settings)
    playing = asyncio.create_task(cast.play())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, playing.cancel)
    reporting = asyncio.create_task(_report(cast))
    orphaned = asyncio.create_task(_until_orphaned(playing))
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await playing
    finally:
        reporting.cancel()
        orphaned.cancel()
        _say(cast.progress())
        await cast.close()


async def _until_orphaned(playing: "asyncio.Task[None]") -> None:
    """The launcher holds the other end of the standard input: its end is the world's."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    playing.cancel()


async def _report(cast: Cast) -> None:
    while True:
        _say(cast.progress())
        await asyncio.sleep(REPORT_S)


def _say(progress: Progress) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(progress) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    spare_the_collector()
    uvloop.run(main(Path(sys.argv[1])))

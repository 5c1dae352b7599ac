"""The platforms as the people of a story meet them: a door for each, the departments' topics, citizens' telephones."""

from collections.abc import Mapping
from typing import Any

from hotline.story.feeds import Feeds
from hotline.story.script import Actor, Story
from hotline.surge.door import Door, Troubles
from hotline.surge.http import Answer, Client
from shared.clock import Clock, make_clock
from shared.policy import Unit, load_units
from shared.settings import Settings

LOOK_S = 0.1


class Refused(Exception):
    """A door said no to a request that the story takes for right."""


class Town:
    """One city's platform. `urls`: replicas of each service, and the gateway's as `gateway`."""

    def __init__(self, settings: Settings, urls: Mapping[str, list[str]]) -> None:
        self.units = load_units(settings.policy).by_code()
        self.feeds = Feeds(settings, make_clock(settings))
        self._clients = {service: Client(found) for service, found in urls.items()}
        self._secret = settings.jwt_secret.get_secret_value()
        self._doors: dict[tuple[str, str, str], Door] = {}

    async def open(self) -> None:
        await self.feeds.start()

    async def close(self) -> None:
        await self.feeds.stop()
        for client in self._clients.values():
            client.close()

    async def commands(self) -> frozenset[str]:
        """What dispatch takes over HTTP."""
        described = taken(await self.door("dispatch", "story", "operator").get("/openapi.json"), 200)
        paths = [path for path in described.body["paths"] if path.startswith("/cases/{case}/commands/")]
        return frozenset(path.rsplit("/", 1)[1] for path in paths)

    def door(self, service: str, subject: str, role: str) -> Door:
        """The same identity at the same service is the same door."""
        key = (service, subject, role)
        if key not in self._doors:
            self._doors[key] = Door(service, self._clients[service], self._secret, subject, role, Troubles())
        return self._doors[key]

    async def messages(self) -> list[dict[str, Any]]:
        """Everything that the gateway took."""
        answer = await self.door("gateway", "story", "operator").get("/journal")
        return list(taken(answer, 200).body["items"])


class Stage:
    """One story on running platforms: `towns` by area code, at home under the empty name."""

    def __init__(self, story: Story, clock: Clock, towns: Mapping[str, Town]) -> None:
        self.story = story
        self.clock = clock
        self.cases: dict[str, str] = {}
        """Case id by its name in the story."""
        self.commands: frozenset[str] = frozenset()
        """What dispatch at home takes over HTTP."""
        self.home = towns[""]
        self._towns = towns
        self._where: dict[str, Town] = {}

    async def open(self) -> None:
        for town in self._towns.values():
            await town.open()
        self.commands = await self.home.commands()

    async def close(self) -> None:
        for town in self._towns.values():
            await town.close()

    @property
    def units(self) -> dict[str, Unit]:
        """The units of all towns."""
        return {code: unit for town in self._towns.values() for code, unit in town.units.items()}

    def actor(self, key: str) -> Actor:
        return self.story.actors[key]

    def town(self, who: str) -> Town:
        """Where an actor works."""
        return self._towns[self.actor(who).city]

    def own_door(self, service: str, who: str) -> Door:
        """The door of an actor."""
        return self.town(who).door(service, who, self.actor(who).role)

    def begin(self, case: str, case_id: str, who: str) -> None:
        """A case of the story exists, where this actor works."""
        self.cases[case], self._where[case] = case_id, self.town(who)

    async def page(self, case: str) -> dict[str, Any]:
        """A case of the story as dispatch shows it."""
        door = self._where[case].door("dispatch", "story", "operator")
        return dict(taken(await door.get(f"/cases/{self.cases[case]}"), 200, 404).body)

    async def order(self, case: str, who: str) -> str:
        """The unit's newest order, as it sees it: in its feed or in its list."""
        while True:
            found = await self._order(self.cases[case], who)
            if found:
                return found
            await self.clock.sleep(LOOK_S)

    async def _order(self, case: str, who: str) -> str:
        unit, town = self.actor(who).unit, self.town(who)
        if town.units[unit].feed == "kafka":
            return await town.feeds.order(unit, case)
        listed = await self.own_door("dispatch", who).get(f"/cases?unit={unit}&limit=1000")
        items = [item for item in taken(listed, 200).body["items"] if item["id"] == case]
        return order_in(items[0], unit) if items else ""

    async def messages(self, who: str) -> list[dict[str, Any]]:
        """What arrived on the citizen's telephone, each with id and text."""
        number = self.actor(who).number
        return [item for item in await self.home.messages() if number and item["to"].endswith(number)]


def order_in(case: dict[str, Any], unit: str) -> str:
    """The unit's order on a case's page or row; empty for none."""
    return next((str(order["id"]) for order in reversed(case["orders"]) if order["unit"] == unit), "")


def taken(answer: Answer, *statuses: int) -> Answer:
    """The answer, if its status is one of these; raises Refused with its words."""
    if answer.status not in statuses:
        detail = answer.body.get("detail", answer.body) if isinstance(answer.body, dict) else answer.body
        raise Refused(f"{answer.status}: {detail}")
    return answer

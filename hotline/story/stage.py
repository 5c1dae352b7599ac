"""The platform as the people of a story meet it: a door for each, the departments' topics, the citizens' telephones."""

from typing import Any

from hotline.story.feeds import Feeds
from hotline.story.script import Actor, Story
from hotline.surge.door import Door, Troubles
from hotline.surge.http import Answer, Client
from shared.clock import Clock, make_clock
from shared.policy import load_units
from shared.settings import Settings

LOOK_S = 0.1


class Refused(Exception):
    """A door said no to a request that the story takes for right."""


class Stage:
    """One story on one running platform. `urls`: replicas of each service, and the gateway's as `gateway`."""

    def __init__(self, story: Story, settings: Settings, urls: dict[str, list[str]]) -> None:
        self.story = story
        self.clock: Clock = make_clock(settings)
        self.cases: dict[str, str] = {}
        """Case id by its name in the story."""
        self.commands: frozenset[str] = frozenset()
        """What dispatch takes over HTTP."""
        self.feeds = Feeds(settings, self.clock)
        self.units = load_units(settings.policy).by_code()
        self._clients = {service: Client(found) for service, found in urls.items()}
        self._secret = settings.jwt_secret.get_secret_value()
        self._doors: dict[tuple[str, str], Door] = {}

    async def open(self) -> None:
        await self.feeds.start()
        described = await self._clients["dispatch"].request("GET", "/openapi.json")
        paths = [path for path in described.body["paths"] if path.startswith("/cases/{case}/commands/")]
        self.commands = frozenset(path.rsplit("/", 1)[1] for path in paths)

    async def close(self) -> None:
        await self.feeds.stop()
        for client in self._clients.values():
            client.close()

    def actor(self, key: str) -> Actor:
        return self.story.actors[key]

    def door(self, service: str, subject: str, role: str) -> Door:
        """The same identity at the same service is the same door."""
        key = (service, f"{role} {subject}")
        if key not in self._doors:
            self._doors[key] = Door(service, self._clients[service], self._secret, subject, role, Troubles())
        return self._doors[key]

    def own_door(self, service: str, who: str) -> Door:
        """The door of an actor."""
        return self.door(service, who, self.actor(who).role)

    async def page(self, case: str) -> dict[str, Any]:
        """A case of the story as dispatch shows it."""
        answer = await self.door("dispatch", "story", "operator").get(f"/cases/{self.cases[case]}")
        return dict(taken(answer, 200, 404).body)

    async def order(self, case: str, who: str) -> str:
        """The unit's newest order, as it sees it: in its feed or in its list."""
        actor = self.actor(who)
        while True:
            found = await self._order(self.cases[case], actor)
            if found:
                return found
            await self.clock.sleep(LOOK_S)

    async def _order(self, case: str, actor: Actor) -> str:
        if self.units[actor.unit].feed == "kafka":
            return await self.feeds.order(actor.unit, case)
        listed = await self.door("dispatch", actor.unit, actor.role).get(f"/cases?unit={actor.unit}&limit=1000")
        items = [item for item in taken(listed, 200).body["items"] if item["id"] == case]
        return order_in(items[0], actor.unit) if items else ""

    async def messages(self, who: str) -> list[dict[str, Any]]:
        """What arrived on the citizen's telephone, each with id and text."""
        number = self.actor(who).number
        answer = await self._clients["gateway"].request("GET", "/journal")
        items = taken(answer, 200).body["items"]
        return [item for item in items if number and item["to"].endswith(number)]


def order_in(case: dict[str, Any], unit: str) -> str:
    """The unit's order on a case's page or row; empty for none."""
    return next((str(order["id"]) for order in reversed(case["orders"]) if order["unit"] == unit), "")


def taken(answer: Answer, *statuses: int) -> Answer:
    """The answer, if its status is one of these; raises Refused with its words."""
    if answer.status not in statuses:
        detail = answer.body.get("detail", answer.body) if isinstance(answer.body, dict) else answer.body
        raise Refused(f"{answer.status}: {detail}")
    return answer

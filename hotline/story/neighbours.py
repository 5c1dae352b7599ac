"""Other cities' hotlines and the emergency centres of a story, as processes beside the platform at home.

A neighbouring city runs dispatch and transfer over the same servers, with its own topics, databases and keys.
"""

import base64
import json
import os
import sys
from collections.abc import Awaitable, Callable

import httpx

from hotline.embedded.process import ProcessSpec
from hotline.keys import public_key
from hotline.ports import free_port
from hotline.stack import Stack
from hotline.story.script import Story, Transfer
from hotline.topics import create_topics

SERVICES = ("dispatch", "transfer")
KEYS = ("HOTLINE_SEAL_KEY", "HOTLINE_REF_KEY", "HOTLINE_SIGN_KEY")
PACE_S = "1.0"
"""Real seconds between two steps of an emergency centre."""


class Neighbour:
    """One partner of the home city: area code, or an emergency number of three digits."""

    def __init__(self, area: str) -> None:
        self.area = area
        self.keys = {name: base64.b64encode(os.urandom(32)).decode() for name in KEYS}
        self.ports = {"transfer": free_port()} if self.emergency else {name: free_port() for name in SERVICES}

    @property
    def emergency(self) -> bool:
        return len(self.area) == 3

    @property
    def urls(self) -> dict[str, list[str]]:
        """URL of each service."""
        return {service: [f"http://127.0.0.1:{port}"] for service, port in self.ports.items()}

    @property
    def public(self) -> str:
        return public_key(self.keys["HOTLINE_SIGN_KEY"])

    def spec(self, service: str, env: dict[str, str]) -> ProcessSpec:
        """The process; `env` is what all processes of the story share."""
        name = f"{service}-{self.area}"
        own = {"HOTLINE_CITY": self.area, "HOTLINE_NAME": name, "HOTLINE_PORT": str(self.ports[service])}
        module = "hotline.surge.emergency" if self.emergency else f"services.{service}"
        ready = _answers(f"{self.urls[service][0]}/health/ready")
        return ProcessSpec(name=name, argv=(sys.executable, "-m", module), env={**env, **self.keys, **own}, ready=ready)


class Neighbours:
    """Everybody a story's cases are transferred to."""

    def __init__(self, areas: set[str]) -> None:
        self.all = [Neighbour(area) for area in sorted(areas)]

    @property
    def processes(self) -> int:
        return sum(len(one.ports) for one in self.all)

    def known_to_home(self) -> dict[str, str]:
        """Settings of the home city: where its partners are, and their public keys."""
        urls = {one.area: one.urls["transfer"][0] for one in self.all}
        keys = {one.area: one.public for one in self.all}
        return {"HOTLINE_PARTNERS": json.dumps(urls), "HOTLINE_PARTNER_KEYS": json.dumps(keys)} if self.all else {}

    async def start(self, stack: Stack) -> None:
        """Beside a home platform that is up; the stack's supervisor stops them."""
        for one in self.all:
            if not one.emergency:
                await create_topics(stack.settings.model_copy(update={"city": one.area}))
        env = {**stack.env(), "HOTLINE_PACE_S": PACE_S, **_home(stack)} if self.all else {}
        await stack.supervisor.start(*(one.spec(service, env) for one in self.all for service in one.ports))


def partners_of(story: Story) -> set[str]:
    """Whom the story asks for help, and where its people work."""
    targets = {step.target for step in story.steps if isinstance(step, Transfer)}
    return targets | {actor.city for actor in story.actors.values() if actor.city}


def _home(stack: Stack) -> dict[str, str]:
    city = stack.options.city
    return {
        "HOTLINE_PARTNERS": json.dumps({city: stack.addresses()["transfer"][0]}),
        "HOTLINE_PARTNER_KEYS": json.dumps({city: public_key(stack.secrets["sign_key"])}),
    }


def _answers(url: str) -> Callable[[], Awaitable[None]]:
    async def ready() -> None:
        async with httpx.AsyncClient(timeout=3) as client:
            (await client.get(url)).raise_for_status()

    return ready

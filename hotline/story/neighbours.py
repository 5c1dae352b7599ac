"""Other cities' hotlines and the emergency centres of a story, beside the platform at home."""

import sys
from dataclasses import replace
from urllib.parse import urlsplit

from hotline.embedded.process import ProcessSpec
from hotline.stack import Stack, answers
from hotline.story.script import Story, Transfer

SERVICES = ("dispatch", "transfer")
"""What a city needs for the cases that others hand to it."""
PACE_S = "1.0"
"""Real seconds between two steps of an emergency centre."""


class EmergencyCentre(Stack):
    """110, 119, 120 or 122, simulated: it answers where a partner's transfer service would."""

    async def start(self) -> None:
        await self.start_servers()
        name = self.process("transfer.1")
        url = self.url(name)
        env = {
            **self.env(), **self._special("transfer"),
            "HOTLINE_NAME": name, "HOTLINE_PORT": str(urlsplit(url).port), "HOTLINE_PACE_S": PACE_S,
        }  # fmt: skip
        argv = (sys.executable, "-m", "hotline.surge.emergency")
        await self.supervisor.start(ProcessSpec(name=name, argv=argv, env=env, ready=answers(f"{url}/health/ready")))


def partners_of(story: Story) -> set[str]:
    """Whom the story asks for help, and where its people work."""
    targets = {step.target for step in story.steps if isinstance(step, Transfer)}
    return targets | {actor.city for actor in story.actors.values() if actor.city}


def beside(home: Stack, area: str) -> Stack:
    """A partner of the home city: an area code, or an emergency number of three digits."""
    options = replace(home.options, city=area, services=SERVICES, scale={})
    return (EmergencyCentre if len(area) == 3 else Stack)(options, home.root, home)

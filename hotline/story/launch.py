"""One story from an empty platform to its end."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hotline.platform import platform
from hotline.stack import ROOT, Options, Stack
from hotline.story.play import Player
from hotline.story.result import Played, Result
from hotline.story.script import Story
from hotline.story.stage import Stage, Town
from shared.clock import make_clock

PARTNER = ("dispatch", "transfer")
"""Services that a city needs for the cases that others hand to it."""
LEAD_S_PER_SERVICE = 3.0
"""Real seconds that a service may take to come up before domain time reaches the story's beginning."""


class Production:
    """A story with a fresh platform, whose clock shows the beginning soon after it is up; `rate` 0: the story's own.

    The other cities of the story stand beside it.
    """

    def __init__(self, story: Story, city: str, rate: float, root: Path = ROOT) -> None:
        options = Options(city=city, time_rate=rate or story.rate, time_origin=story.begins, fresh=True)
        self.story = story
        self.stack = Stack(options, root)
        others = sorted({actor.city for actor in story.actors.values() if actor.city})
        self.stacks = [
            self.stack,
            *(Stack(replace(options, city=other, services=PARTNER), root, self.stack) for other in others),
        ]
        options.lead_s = LEAD_S_PER_SERVICE * sum(len(stack.options.services) for stack in self.stacks)

    async def run(self, say: Callable[[Played], None]) -> Result:
        """Start everything, play, stop it. Raises NotReady."""
        async with platform(self.stacks):
            stage = Stage(self.story, make_clock(self.stack.settings), self._towns())
            await stage.open()
            try:
                return await Player(stage, say, f"story-{int(self.stack.started)}").play()
            finally:
                await stage.close()

    def _towns(self) -> dict[str, Town]:
        """The cities by area code, at home under the empty name."""
        return {
            stack.options.city if stack.beside else "": Town(
                stack.settings, {**stack.addresses(), "gateway": [stack.gateway]}
            )
            for stack in self.stacks
        }

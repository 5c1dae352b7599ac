"""One story from an empty platform to its end."""

from collections.abc import Callable
from pathlib import Path

from hotline.platform import platform
from hotline.stack import ROOT, Options, Stack
from hotline.story.neighbours import beside, partners_of
from hotline.story.play import Player
from hotline.story.result import Played, Result
from hotline.story.script import Story
from hotline.story.stage import Stage, Town
from shared.clock import make_clock

LEAD_S_PER_SERVICE = 3.0
"""Real seconds that a service may take to come up before domain time reaches the story's beginning."""


class Production:
    """A story with a fresh platform, whose clock shows the beginning soon after it is up; `rate` 0: the story's own."""

    def __init__(self, story: Story, city: str, rate: float, root: Path = ROOT) -> None:
        options = Options(city=city, time_rate=rate or story.rate, time_origin=story.begins, fresh=True)
        self.story = story
        self.stack = Stack(options, root)
        partners = partners_of(story) if "transfer" in options.services else set[str]()
        self._stacks = [self.stack, *(beside(self.stack, area) for area in sorted(partners))]
        options.lead_s = LEAD_S_PER_SERVICE * sum(len(stack.options.services) for stack in self._stacks)

    async def run(self, say: Callable[[Played], None]) -> Result:
        """Start everything, play, stop it. Raises NotReady."""
        async with platform(self._stacks):
            stage = Stage(self.story, make_clock(self.stack.settings), self._towns())
            await stage.open()
            try:
                return await Player(stage, say, f"story-{int(self.stack.started)}").play()
            finally:
                await stage.close()

    def _towns(self) -> dict[str, Town]:
        """Everybody who has cases, at home under the empty name."""
        towns = {stack.options.city: stack for stack in self._stacks if "dispatch" in stack.addresses()}
        return {
            "" if stack is self.stack else area: Town(stack.settings, {**stack.addresses(), "gateway": [stack.gateway]})
            for area, stack in towns.items()
        }

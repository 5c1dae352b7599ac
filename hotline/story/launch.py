"""One story from an empty platform to its end."""

from collections.abc import Callable
from pathlib import Path

from hotline.stack import ROOT, Options, Stack
from hotline.story.neighbours import Neighbours, partners_of
from hotline.story.play import Player
from hotline.story.result import Played, Result
from hotline.story.script import Story
from hotline.story.stage import Stage, Town
from hotline.surge.launch import platform
from shared.clock import make_clock

LEAD_S_PER_PROCESS = 3.0
"""Real seconds that a service may take to come up before domain time reaches the story's beginning."""


class Production:
    """A story with a fresh platform, whose clock shows the beginning soon after it is up; `rate` 0: the story's own."""

    def __init__(self, story: Story, city: str, rate: float, root: Path = ROOT) -> None:
        options = Options(city=city, time_rate=rate or story.rate, time_origin=story.begins, fresh=True)
        partners = partners_of(story) if "transfer" in options.services else set[str]()
        self.story = story
        self.neighbours = Neighbours(partners)
        options.extra_env = self.neighbours.known_to_home()
        options.lead_s = LEAD_S_PER_PROCESS * (len(options.services) + self.neighbours.processes)
        self.stack = Stack(options, root)

    async def run(self, say: Callable[[Played], None]) -> Result:
        """Start everything, play, stop it. Raises NotReady."""
        async with platform(self.stack):
            await self.neighbours.start(self.stack)
            stage = Stage(self.story, make_clock(self.stack.settings), self._towns())
            await stage.open()
            try:
                return await Player(stage, say, f"story-{int(self.stack.started)}").play()
            finally:
                await stage.close()

    def _towns(self) -> dict[str, Town]:
        home = self.stack.settings
        towns = {"": Town(home, {**self.stack.addresses(), "gateway": [self.stack.gateway]})}
        for one in self.neighbours.all:
            if not one.emergency:
                towns[one.area] = Town(home.model_copy(update={"city": one.area}), one.urls)
        return towns

"""One story from an empty platform to its end."""

from collections.abc import Callable
from pathlib import Path

from hotline.stack import ROOT, Options, Stack
from hotline.story.play import perform
from hotline.story.result import Played, Result
from hotline.story.script import Story
from hotline.story.stage import Stage
from hotline.surge.launch import platform

LEAD_S_PER_SERVICE = 3.0
"""Real seconds that a service may take to come up before domain time reaches the story's beginning."""


def stack_of(story: Story, city: str, rate: float, root: Path = ROOT) -> Stack:
    """A fresh platform whose clock will show the story's beginning soon after it is up; `rate` 0: the story's own."""
    options = Options(city=city, time_rate=rate or story.rate, time_origin=story.begins, fresh=True)
    options.lead_s = LEAD_S_PER_SERVICE * len(options.services)
    return Stack(options, root)


async def tell(stack: Stack, story: Story, say: Callable[[Played], None]) -> Result:
    """Start the platform, play, stop it. Raises NotReady."""
    async with platform(stack):
        stage = Stage(story, stack.settings, {**stack.addresses(), "gateway": [stack.gateway]})
        await stage.open()
        try:
            return await perform(story, stage, say, f"story-{int(stack.started)}")
        finally:
            await stage.close()

"""The supervisor who puts a surge profile on in the midst of the calls, and off again."""

import asyncio
import time
from datetime import timedelta

from hotline.surge.door import Door
from hotline.surge.journal import Journal, Switched
from hotline.surge.rounds import World
from shared.clock import Clock

LOOK_S = 0.2
LASTS = timedelta(days=30)
"""The profile's own end, which a run does not reach."""


class ProfileSwitch:
    """One profile's two positions, each told to knowledge once."""

    def __init__(self, world: World, door: Door, journal: Journal, clock: Clock) -> None:
        self.acted = 0
        self._world = world
        self._door = door
        self._journal = journal
        self._until = (clock.now() + LASTS).isoformat()

    @property
    def intends(self) -> int:
        return 2 - self.acted

    async def run(self) -> None:
        """Ends when the profile is off again; run once more after a failure, it goes on where it was."""
        profile = self._world.mix.profile
        for position, (on, moment) in enumerate(((True, profile.switched_on), (False, profile.switched_off))):
            while self.acted <= position:
                if self._world.wall.served >= moment:
                    await self._put(profile.id, on)
                await asyncio.sleep(LOOK_S)

    async def _put(self, profile: str, on: bool) -> None:
        body = {"on": on, "why": "来电激增。" if on else "来电回落。", "until": self._until}
        answer = await self._door.put(f"/profiles/{profile}", body)
        if answer.status == 200:
            self._journal.write(Switched(time.time(), profile, on))
        else:
            self._journal.refused(f"profiles/{profile}", answer.status, answer.body)
        self.acted += 1

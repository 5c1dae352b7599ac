"""When nobody is called: a question how content somebody is leaves the night alone (domain.md §10)."""

from datetime import datetime, time

from shared.clock import CHINA
from shared.events.commands import Priority
from shared.events.contacts import Purpose
from shared.policy import Policy


class Quiet(Policy):
    """Part of outbound.yaml: from `since` on, before `until`, nobody is called for these purposes.

    `never_for`: cases of these priorities know no quiet hours.
    """

    purposes: frozenset[Purpose]
    since: time
    until: time
    never_for: frozenset[Priority]

    def forbids(self, purpose: Purpose, priority: Priority, now: datetime) -> bool:
        return purpose in self.purposes and priority not in self.never_for and self._holds(now)

    def __str__(self) -> str:
        return f"{self.since:%H:%M} to {self.until:%H:%M}"

    def _holds(self, now: datetime) -> bool:
        """In the city's time; hours that go past midnight begin on the evening before."""
        clock = now.astimezone(CHINA).time()
        if self.since <= self.until:
            return self.since <= clock < self.until
        return clock >= self.since or clock < self.until

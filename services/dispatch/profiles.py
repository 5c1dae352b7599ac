"""Which surge profiles are switched on: the switches of the topic `knowledge`, read whole before anything is decided.

Only the decision looks here; what held is in its events, so that whoever reads them later sees the same.
"""

from collections.abc import Callable
from datetime import datetime

from shared.away import BrokerAway
from shared.events.envelope import Unreadable, decode
from shared.events.knowledge import KNOWLEDGE, ProfileSwitch
from shared.records import TYPE, Received, header

Active = Callable[[datetime], frozenset[str]]
"""(domain time) → ids of the profiles that are on. Raises Away while that is not known."""


def none_active(now: datetime) -> frozenset[str]:
    """No profile is ever on."""
    return frozenset()


class Switchboard:
    """The newest switch of each profile."""

    def __init__(self, ready: Callable[[], bool]) -> None:
        self._ready = ready
        self._switches: dict[str, ProfileSwitch] = {}

    def read(self, record: Received) -> None:
        """Take a record of the topic. Raises Unreadable."""
        if header(record, TYPE) != KNOWLEDGE.types[ProfileSwitch]:
            return
        switch: ProfileSwitch = KNOWLEDGE.data(decode(record.value))
        if switch.key.encode() != record.key:
            raise Unreadable(f"the switch is of {switch.key!r}, the key {record.key!r}")
        known = self._switches.get(switch.profile)
        if known is None or known.version < switch.version:
            self._switches[switch.profile] = switch

    def active(self, now: datetime) -> frozenset[str]:
        """Raises BrokerAway until the topic was read once: the batch waits, and nothing is decided without it."""
        if not self._ready():
            raise BrokerAway("the surge profiles have not been read yet")
        return frozenset(name for name, switch in self._switches.items() if switch.holds(now))

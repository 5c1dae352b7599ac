"""What all lives of a seed share: the city's policy, read once, the views of its readers, and an invented caller."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.desk.domain.view import SheetView
from services.desk.policy import City
from services.dispatch.domain.context import Rules
from services.dispatch.policy import load_rules, number_prefix
from services.notify.policy import Messages, load_messages
from services.reports.domain.view import FactsView
from services.sla.domain.clocks import ClocksView
from services.sla.domain.limits import Deadlines
from shared.calendars import load_calendar
from shared.events.commands import Clock, Priority, RequestType
from shared.events.contacts import SealedPerson
from shared.events.topics import Lane, Topics
from shared.policy import feed_units, load
from shared.privacy import caller_ref, mask_number, seal
from shared.settings import Settings

PARTITIONS: dict[Lane, int] = {"normal": 8, "urgent": 4}
FAR = timedelta(days=3650)
"""Added to every deadline: no timer of an existing case fires during a run."""


def person_of(number: str, seal_key: str, ref_key: str) -> SealedPerson:
    """A caller as intake's door seals him."""
    return SealedPerson(
        caller_ref=caller_ref(ref_key, number), masked=mask_number(number), sealed=seal(seal_key, number)
    )  # fmt: skip


class Ground(NamedTuple):
    topics: Topics
    rules: Rules
    feeds: frozenset[str]
    prefix: str
    messages: Messages
    clocks: ClocksView
    facts: FactsView
    sheets: SheetView
    areas: tuple[str, ...]
    seal_key: str
    person: SealedPerson


def read_ground(settings: Settings) -> Ground:
    """Raises PolicyError."""
    policy, desk = settings.policy, City(settings.policy)
    seal_key = settings.seal_key.get_secret_value()
    due = _far(load_calendar(policy).due)

    def dues(start: datetime, priority: Priority, request_type: RequestType) -> dict[Clock, datetime]:
        return {clock: due + FAR for clock, due in desk.dues(start, priority, request_type).items()}

    return Ground(
        topics=Topics(settings.city),
        rules=load_rules(policy),
        feeds=frozenset(feed_units(policy)),
        prefix=number_prefix(policy),
        messages=load_messages(policy),
        clocks=ClocksView(load(policy, "deadlines", Deadlines), due),
        facts=FactsView(),
        sheets=SheetView(dues),
        areas=tuple(area.code for area in desk.desk.areas),
        seal_key=seal_key,
        person=person_of("+8613800000000", seal_key, settings.ref_key.get_secret_value()),
    )


def _far(due: Callable[[datetime, str], datetime]) -> Callable[[datetime, str], datetime]:
    return lambda start, period: due(start, period) + FAR

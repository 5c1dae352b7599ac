"""What all lives of a seed share: the city's policy, read once, the views of its readers, and an invented caller."""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from services.desk.domain.dues import Dues
from services.desk.domain.view import SheetView
from services.desk.policy import City
from services.dispatch.domain.context import Rules
from services.dispatch.policy import load_rules
from services.notify.policy import Messages, load_messages
from services.reports.domain.view import FactsView
from services.sla.domain.ladder import Ladder
from services.sla.domain.schedule import Schedule
from services.sla.domain.view import ClocksView
from shared.deadlines import Matter, Rulebook, Terms, load_rulebook
from shared.events.commands import Clock
from shared.events.contacts import SealedPerson
from shared.events.topics import Lane, Topics
from shared.policy import feed_units, load, load_city
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


class FarBook(Rulebook):
    """The city's limits, each later by FAR."""

    def terms(
        self, clock: Clock, matter: Matter, start: datetime, *, unit: str = "", profile: str = ""
    ) -> Terms | None:
        found = super().terms(clock, matter, start, unit=unit, profile=profile)
        return found and _far(found)

    def appeal(self, closed: datetime) -> Terms:
        return _far(super().appeal(closed))


def _far(terms: Terms) -> Terms:
    return msgspec.structs.replace(terms, due=terms.due + FAR)


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
    book = load_rulebook(policy)
    far = FarBook(book.deadlines, book.profiles, book.calendars)

    return Ground(
        topics=Topics(settings.city),
        rules=load_rules(policy),
        feeds=frozenset(feed_units(policy)),
        prefix=load_city(policy).number_prefix,
        messages=load_messages(policy),
        clocks=ClocksView(Schedule(far, load(policy, "ladder", Ladder))),
        facts=FactsView(),
        sheets=SheetView(Dues(far)),
        areas=tuple(area.code for area in desk.desk.areas),
        seal_key=seal_key,
        person=person_of("+8613800000000", seal_key, settings.ref_key.get_secret_value()),
    )

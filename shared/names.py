"""Every metric, span and span attribute of the platform, in one place. Units are in the metrics' names.

Labels and attributes carry ids and codes, never a person's name or number. A counter that an alert watches has its
labels before anything happens: a series that is born at 1 has never increased.
"""

from functools import cache
from typing import Literal, NamedTuple

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter("hotline_records_total", "Records handled", ["group"])
BATCH_SECONDS = Histogram("hotline_batch_seconds", "Time to handle and commit a batch", ["group"])
LAG = Gauge("hotline_lag_records", "Records behind the end of a partition", ["group", "topic", "partition"])
RETRIES = Counter("hotline_batch_retries_total", "Batches tried again", ["group", "why"])
DEAD_LETTERS = Counter("hotline_dead_letters_total", "Records sent to the dead letters", ["reader"])
GUARD_FAILURES = Counter("hotline_guard_failures_total", "Writes whose guard failed", ["collection"])
PARKED = Counter("hotline_parked_events_total", "Events parked behind an unreadable one", ["reader"])
NOT_READY = Counter("hotline_not_ready_total", "Looks at readiness that found broker or database away", [])
PRODUCER_REPLACED = Counter("hotline_producer_replaced_total", "Producers given up after a failure", [])
ACCEPTED = Counter("hotline_accepted_total", "Requests accepted at the door", ["way"])
ACCEPT_SECONDS = Histogram(
    "hotline_accept_seconds", "From request to 202", [],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0),
)  # fmt: skip
SPOOL_ENTRIES = Gauge("hotline_spool_entries", "Requests waiting in the spool", ["lane"])
SPOOL_REFUSED = Gauge("hotline_spool_refused", "Requests that the broker refused for good", ["lane"])
WAITING = Gauge("hotline_waiting_commands", "Commands whose case is unknown", [])
WAITING_ALARMS = Counter("hotline_waiting_alarms_total", "Commands that waited longer than ten minutes", [])
UNKEPT = Gauge("hotline_unkept_cases", "Open cases that nobody has kept for longer than policy allows", [])
REVEALED = Counter("hotline_numbers_revealed_total", "Callers' numbers shown to somebody who said why", ["role"])
COMMANDS = Counter("hotline_commands_total", "Commands decided", ["verb", "outcome"])
EVENT_ANSWERS = Counter("hotline_event_answers_total", "Linked cases told what became of their event case", [])
DUPLICATES_INDEXED = Counter("hotline_duplicates_indexed_total", "Cases put into the index of duplicates", [])
REPLIES = Counter("hotline_replies_total", "Attempts to reach a person", ["outcome"])
TRANSFERS = Counter("hotline_transfer_requests_total", "Requests to partners", ["outcome"])
CALENDAR_UNKNOWN_YEARS = Counter(
    "hotline_calendar_unknown_years_total", "Years counted by weekends alone: their holidays are not published here", []
)  # fmt: skip
TIMERS_FIRED = Counter("hotline_timers_fired_total", "Deadlines told to dispatch", ["clock", "rung"])
GENERATION = Gauge("hotline_facts_generation", "Rebuilds of the facts so far, as this process reads them", [])
TIMERS_LATE = Gauge("hotline_timers_late_seconds", "Real time since the oldest deadline not yet told was due", ["lane"])
TIMER_LAG = Histogram(
    "hotline_timer_lag_seconds", "Real time from a deadline's moment until dispatch was told", ["lane"],
    buckets=(0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0),
)  # fmt: skip
TIMERS_RECOUNTED = Counter("hotline_timers_recounted_total", "Cases counted anew under another policy version", [])
REPLIES_WAITING = Gauge("hotline_replies_waiting", "Cases that owe a reply, by its state", ["state"])
GAPS = Counter("hotline_gaps_total", "Holes in the event sequences of cases, as reports found them", [])


class Span(NamedTuple):
    """A kind of span: its name, the service that does the work, its OpenTelemetry kind."""

    name: str
    service: str
    kind: Literal["SERVER", "CLIENT", "CONSUMER", "PRODUCER"]


ACCEPT = Span("accept request", "intake", "SERVER")
"""A request at intake's door until its records are safe; one per contact in it."""
REQUEST = Span("request command", "dispatch", "SERVER")
"""A person's command over HTTP until its outcome is known, or two seconds."""
BRIDGE = Span("bridge answer", "dispatch", "CONSUMER")
"""A department's answer on its way into the case's partition."""
DECIDE = Span("decide command", "dispatch", "CONSUMER")
"""A command from the start of its batch until its events are published; what they cause hangs below."""
RELAY = Span("relay to another case", "dispatch", "PRODUCER")
"""What one case's event asks of another case, on its way there."""
FIRE = Span("fire timer", "sla", "PRODUCER")
"""A deadline told to dispatch."""
SEND = Span("send message", "notify", "CLIENT")
"""One attempt to reach a person, until the channel's answer."""
SETTLE = Span("settle reply", "notify", "SERVER")
"""A person settles a reply over HTTP."""


@cache
def applying(reader: str) -> Span:
    """What a reader makes of one case's events in a batch, from their reading until they are written."""
    return Span("apply events", reader, "CONSUMER")


ATTRIBUTES = {
    "case": "hotline.case.id",
    "contact": "hotline.contact.id",
    "lane": "hotline.lane",
    "verb": "hotline.command.verb",
    "outcome": "hotline.outcome",
    "unit": "hotline.unit",
    "clock": "hotline.clock",
    "rung": "hotline.timer.rung",
    "channel": "hotline.channel",
    "attempt": "hotline.attempt",
}
"""Argument of Tracer.tell → attribute of the span."""

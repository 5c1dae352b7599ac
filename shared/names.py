"""Every metric of the platform, in one place: name, help, labels. Units are in the names."""

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter("hotline_records_total", "Records handled", ["group"])
BATCH_SECONDS = Histogram("hotline_batch_seconds", "Time to handle and commit a batch", ["group"])
LAG = Gauge("hotline_lag_records", "Records behind the end of a partition", ["group", "topic", "partition"])
RETRIES = Counter("hotline_batch_retries_total", "Batches tried again", ["group", "why"])
DEAD_LETTERS = Counter("hotline_dead_letters_total", "Records sent to the dead letters", ["reader"])
GUARD_FAILURES = Counter("hotline_guard_failures_total", "Writes whose guard failed", ["collection"])
PARKED = Counter("hotline_parked_events_total", "Events parked behind an unreadable one", ["reader"])
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
COMMANDS = Counter("hotline_commands_total", "Commands decided", ["verb", "outcome"])
REPLIES = Counter("hotline_replies_total", "Attempts to reach a person", ["outcome"])
TRANSFERS = Counter("hotline_transfer_requests_total", "Requests to partners", ["outcome"])
TIMERS_FIRED = Counter("hotline_timers_fired_total", "Deadlines told to dispatch", ["clock", "rung"])

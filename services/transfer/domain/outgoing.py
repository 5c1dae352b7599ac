"""A signed request on its way to a partner: it reaches him once, however long he is away (design.md §3.12).

Every moment here is in real unix seconds: networks and their timeouts know no domain time.
"""

from typing import Literal

from msgspec import Struct

NEVER = 0.0
Status = Literal["owed", "sending", "done", "refused"]


class Outgoing(Struct, kw_only=True):
    """Progress of one request. Its identity (transfer, step) is the partner's key against doubles."""

    status: Status = "owed"
    attempt: int = 1
    since: float = 0.0
    """When `sending` was written."""
    due: float = 1.0
    """Earliest moment of the next action; NEVER once it is over."""
    waits: int = 0
    """Times in a row that nothing came of it; sets the back-off."""

    def over(self) -> bool:
        return self.status in ("done", "refused")


class Outcome(Struct, frozen=True):
    """What is known after a request was sent, or the partner asked about it.

    `taken` and `refused` (with the partner's reason code) are definite; `not_taken`: he has nothing of it; `away`: no
    connection, so nothing was sent; `silent`: nobody knows.
    """

    kind: Literal["taken", "refused", "not_taken", "away", "silent"]
    reason: str = ""
    detail: str = ""


class Waits(Struct, frozen=True, kw_only=True):
    """Back-off in real seconds: doubled from the first to the longest, without end."""

    first_s: float
    longest_s: float

    def nth(self, number: int) -> float:
        return float(min(self.first_s * 2 ** min(number, 20), self.longest_s))


def begin(out: Outgoing, now: float, answer_by: float) -> bool:
    """Owed and due: it becomes `sending`, to be asked about from `answer_by` on. False: nothing to begin."""
    if out.status != "owed" or out.due > now:
        return False
    out.status, out.since, out.due = "sending", now, answer_by
    return True


def to_be_asked(out: Outgoing, now: float) -> bool:
    """`sending`, and the request's own timeout has passed."""
    return out.status == "sending" and out.due <= now


def conclude(out: Outgoing, was: Outgoing, outcome: Outcome, *, now: float, waits: Waits, asked: bool) -> bool:
    """Write into `out` what came of the attempt as it was begun. False: nothing to write, or somebody has gone on."""
    if out.over():
        return False
    if outcome.kind == "taken":
        out.status, out.due = "done", NEVER
        return True
    if (out.status, out.attempt, out.since) != ("sending", was.attempt, was.since):
        return False
    return _undelivered(out, outcome, now, waits, asked)


def _undelivered(out: Outgoing, outcome: Outcome, now: float, waits: Waits, asked: bool) -> bool:
    known = outcome.kind in ("refused", "not_taken") or (outcome.kind == "away" and not asked)
    if not known and not asked:
        return False
    if outcome.kind == "refused":
        out.status, out.due = "refused", NEVER
        return True
    if known:
        out.status, out.attempt = "owed", out.attempt + 1
    out.due = now + waits.nth(out.waits)
    out.waits += 1
    return True

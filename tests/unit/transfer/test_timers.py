"""A partner's deadlines, in domain time: each told once."""

from datetime import datetime

from services.transfer.timers import Timers
from shared.clock import CHINA, ScaledClock
from shared.events import cases as e
from shared.events.commands import RecordTransfer
from tests.factories import START
from tests.unit.transfer.world import PARTNER, POLICY, Serving, World, asked, case_of, event

CASE = case_of("a")


def told(world: World) -> list[str]:
    return [data.clock for _, data in world.commands() if isinstance(data, RecordTransfer) and data.due]


async def late(**more: str) -> Serving:
    one = Serving(World())
    one.handler.sender = None
    await one.read(event(CASE, 3, asked("t1", **more)))
    return one


async def test_a_receipt_is_due_after_four_working_hours_and_missed_once() -> None:
    one = await late()
    # 2021-01-13 04:00 and four working hours from 08:30, with the break at noon.
    assert one.world.sent(CASE, "t1").deadlines["receipt"] == datetime(2021, 1, 13, 14, 0, tzinfo=CHINA)
    one.clock.forward(hours=9.9)
    await one.timers.fire()
    assert told(one.world) == []
    one.clock.forward(hours=0.2)
    await one.timers.fire()
    await one.timers.fire()
    assert told(one.world) == ["receipt"]


async def test_an_urgent_receipt_is_due_after_half_an_hour() -> None:
    one = await late(priority="P1")
    one.clock.forward(minutes=31)
    await one.timers.fire()
    assert told(one.world) == ["receipt"]


async def test_a_partition_that_was_never_read_holds_up_no_other() -> None:
    one = await late(priority="P1")
    scaled = ScaledClock(START, one.clock.real(), 12_000.0)

    async def horizons() -> dict[int, float]:
        return {999: 0.0} | dict.fromkeys(one.owns, one.clock.real() + 1.0)

    timers = Timers(
        "normal", one.store, one.publisher, scaled, outbox=one.outbox, horizons=horizons
    )  # fmt: skip
    await timers.fire()
    assert "receipt" in told(one.world)


async def test_what_the_partner_has_done_is_not_late_but_what_follows_may_be() -> None:
    one = await late(priority="P1")
    await one.read(event(CASE, 4, e.TransferReceipted(transfer="t1", target=PARTNER)))
    one.clock.forward(minutes=61)
    await one.timers.fire()
    assert told(one.world) == ["decision"]
    await one.read(event(CASE, 5, e.TransferAccepted(transfer="t1", target=PARTNER, number="TS-1")))
    await one.read(event(CASE, 6, e.TransferCompleted(transfer="t1", target=PARTNER, number="TS-1", text="done")))
    one.clock.forward(days=9)
    await one.timers.fire()
    assert told(one.world) == ["decision"]


async def test_a_missed_deadline_stands_in_the_list_of_the_unacknowledged() -> None:
    one = await late()
    missed = e.TransferUnacknowledged(transfer="t1", target=PARTNER, clock="receipt", due=START)
    await one.read(event(CASE, 4, missed))
    (row,) = (await one.people.page("sent", "unacknowledged", "", 10))["items"]
    assert (row["overdue"], row["advice"]) == (["receipt"], POLICY.advice["receipt"])


async def test_what_is_over_keeps_no_number() -> None:
    one = await late()
    await one.read(event(CASE, 4, e.TransferRefused(transfer="t1", target=PARTNER, reason="loop", text="")))
    assert one.world.sent(CASE, "t1").request.person.sealed == ""

"""A `settle_reply` that the case refuses leaves the reply owed: a person sees it again, and can settle it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from services.notify.desk import Desk, Settlement
from services.notify.domain.debts import Debt, reply_command
from shared.auth import Identity
from shared.producer import Publisher
from shared.records import Record
from shared.service import Problem
from tests.unit.notify.test_api import sent
from tests.unit.notify.world import Paying, World, case_of, owed, refused, settled, unreachable, withdrawn

CASE = case_of("a")
WHO = Identity("a001", "agent")
CALLED = Settlement(how="person", proof="call 17")


@pytest.fixture
async def one() -> AsyncIterator[Paying]:
    """A case whose only reply is unreachable."""
    made = await unreachable(CASE)
    yield made
    made.process.crash()


def desk_of(one: Paying, publisher: Publisher | None = None) -> Desk:
    return Desk(one.store, publisher or one.publisher, one.outbox, one.clock)


async def settle(desk: Desk, key: str = "") -> str:
    """The command's id."""
    return str((await desk.settle(CASE, "o1", CALLED, key, WHO, ""))["command"])


def debt(one: Paying) -> Debt:
    return one.world.debt(CASE, "o1")


@pytest.mark.parametrize("key", ["", "k"])
async def test_what_the_case_refuses_waits_for_a_person_again_and_can_be_settled(one: Paying, key: str) -> None:
    desk = desk_of(one)
    first = await settle(desk, key)
    assert debt(one).status == "settled_sent"
    await one.read(refused(CASE, first, 4))
    assert [item["obligation"] for item in (await desk.waiting("unreachable", "", 9))["items"]] == ["o1"]
    assert (debt(one).how, debt(one).proof) == ("", "")
    assert await settle(desk, key) != first
    await one.read(settled(CASE, "o1", 5))
    assert debt(one).status == "settled"


async def test_a_repeat_before_the_case_has_decided_is_the_same_command(one: Paying) -> None:
    assert await settle(desk_of(one), "k") == await settle(desk_of(one), "k")


async def test_a_refusal_of_the_id_with_other_content_counts_too(one: Paying) -> None:
    first = await settle(desk_of(one))
    await one.read(refused(CASE, f"{first}#0123", 4))
    assert debt(one).status == "unreachable"


class Slow:
    """A log that has the record long before the sender hears of it: something happens meanwhile."""

    def __init__(self, one: Paying, meanwhile: Callable[[str], Awaitable[object]]) -> None:
        self._one, self._meanwhile = one, meanwhile

    async def publish(self, records: Sequence[Record]) -> None:
        await self._one.publisher.publish(records)
        await self._meanwhile(sent(self._one.world)[-1][0])


async def test_a_refusal_that_is_read_before_the_settlement_is_noted_counts(one: Paying) -> None:
    await settle(desk_of(one, Slow(one, lambda command: one.read(refused(CASE, command, 4)))))
    assert debt(one).status == "unreachable"
    assert await settle(desk_of(one)) != sent(one.world)[0][0]
    assert debt(one).status == "settled_sent"


async def test_a_settlement_that_is_read_before_it_is_noted_stays(one: Paying) -> None:
    await settle(desk_of(one, Slow(one, lambda _: one.read(settled(CASE, "o1", 4)))))
    assert debt(one).status == "settled"


async def test_of_two_persons_at_once_the_refused_one_changes_nothing(one: Paying) -> None:
    other = Identity("a002", "agent")
    slow = Slow(one, lambda _: desk_of(one).settle(CASE, "o1", CALLED, "", other, ""))
    mine = await settle(desk_of(one, slow))
    theirs = sent(one.world)[-1][0]
    await one.read(refused(CASE, mine, 4))
    assert (debt(one).status, debt(one).command) == ("settled_sent", theirs)
    await one.read(refused(CASE, theirs, 5))
    assert debt(one).status == "unreachable"


async def test_what_the_machine_told_and_the_case_refuses_goes_to_a_person() -> None:
    one = Paying(World()).start()
    await one.read(owed(CASE, "o1", 3))
    await one.payer.idle()
    await one.read(refused(CASE, reply_command(debt(one)), 4))
    assert debt(one).status == "unknown"
    await one.after(60)
    assert len(one.world.gateway.accepted) == 1
    await settle(desk_of(one))
    assert debt(one).status == "settled_sent"
    one.process.crash()


async def test_so_it_does_where_the_refusal_is_read_before_the_delivery_is_noted() -> None:
    one = Paying(World())
    one.handler.payer = None
    await one.read(owed(CASE, "o1", 3))
    await one.read(refused(CASE, reply_command(debt(one)), 4))
    one.start()
    await one.after(60)
    assert (debt(one).status, len(one.world.gateway.accepted)) == ("unknown", 1)
    one.process.crash()


async def test_a_refusal_after_the_settlement_or_of_something_else_costs_no_write(one: Paying) -> None:
    first = await settle(desk_of(one))
    before = dict(one.world.table.rows[CASE])
    await one.read(refused(CASE, "another", 4), refused(CASE, first, 5, verb="close"), refused(case_of("z"), first, 1))
    assert (one.world.table.rows[CASE], len(one.world.table.rows)) == (before, 1)
    await one.read(settled(CASE, "o1", 6), refused(CASE, first, 7))
    assert debt(one).status == "settled"


async def test_what_the_citizen_took_back_is_told_to_nobody_and_waits_for_nobody(one: Paying) -> None:
    one.handler.payer = None
    await one.read(owed(CASE, "o2", 4))
    await settle(desk_of(one))
    await one.read(withdrawn(CASE, 5), refused(CASE, sent(one.world)[-1][0], 6))
    one.gateway.mood = "ok"
    await one.after(60)
    assert [debt.status for debt in one.world.debts()] == ["dropped", "dropped"]
    assert (one.world.table.rows[CASE]["attention"], one.world.gateway.accepted) == (None, [])
    with pytest.raises(Problem) as problem:
        await settle(desk_of(one), "again")
    assert problem.value.reason == "settled"

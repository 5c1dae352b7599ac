"""The receiving side: receipts only from the log, repeats, loops, twins, cancellations, and updates for our own."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from services.transfer.domain.messages import Cancel, TransferUpdate
from services.transfer.handback import HandBacks
from services.transfer.people import People, Refusal
from services.transfer.reception import Reception
from shared.auth import Identity
from shared.events import cases as e
from shared.events.commands import HandBack, RecordTransfer, Register
from shared.events.envelope import decode
from shared.privacy import unseal
from shared.records import Record
from shared.service import Problem
from tests.unit.transfer.world import (
    CITY,
    KEY,
    NUMBER,
    PARTNER,
    POLICY,
    REF_KEY,
    Serving,
    World,
    asked,
    case_of,
    event,
    request,
)

SUPERVISOR = Identity("s", "supervisor")


class SilentLog:
    """A publisher whose broker never answers."""

    async def publish(self, records: Sequence[Record]) -> None:
        await asyncio.Event().wait()


def serving() -> Serving:
    return Serving(World())


async def problem(work: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as error:
        await work
    return error.value.status, error.value.reason


def registers(world: World, lane: str = "normal") -> list[tuple[str, Register]]:
    return [(one.subject, data) for one, data in world.commands(lane) if isinstance(data, Register)]


async def test_a_receipt_means_that_our_log_has_the_register() -> None:
    one = serving()
    answer = await one.reception.take(PARTNER, request(), "")
    assert (answer["status"], len(answer["receipt"])) == ("receipted", 8)
    ((_, register),) = registers(one.world)
    assert [envelope.actor for envelope, _ in one.world.commands("normal")] == [f"partner:{PARTNER}"]
    assert unseal(KEY, register.reporter.person.sealed) == NUMBER
    assert register.reporter.person.masked == "138****1234"
    assert "TS-20210113-000001" in register.text
    standing = await one.reception.standing(PARTNER, "transfer-1")
    assert standing.status == "receipted"


async def test_while_the_log_does_not_answer_there_is_no_receipt_and_no_standing() -> None:
    one = serving()
    deaf = Reception(
        CITY, one.store, SilentLog(), one.clock, one.outbox, backs=one.backs, seal_key=KEY, ref_key=REF_KEY
    )
    assert await problem(deaf.take(PARTNER, request(), "")) == (503, "not_now")
    assert await problem(deaf.standing(PARTNER, "transfer-1")) == (404, "no_such_transfer")
    assert (await one.reception.take(PARTNER, request(), ""))["status"] == "receipted"
    assert len(registers(one.world)) == 1


async def test_a_repeat_gets_the_same_receipt_and_registers_nothing_more() -> None:
    one = serving()
    first = await one.reception.take(PARTNER, request(), "")
    assert await one.reception.take(PARTNER, request(), "") == first
    assert len(one.world.log.all(f"{CITY}.commands.normal")) == 1


@pytest.mark.parametrize("change", [{"title": "别的"}, {"phone": "+8613900001111"}, {"priority": "P0"}])
async def test_another_content_under_a_known_id_is_refused(change: dict[str, Any]) -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    assert await problem(one.reception.take(PARTNER, request(**change), "")) == (409, "other_content")


async def test_a_case_that_has_been_here_before_is_refused() -> None:
    one = serving()
    body = request(path=(CITY, PARTNER))
    assert await problem(one.reception.take(PARTNER, body, "")) == (409, "loop")
    assert not one.world.table.rows


async def test_a_signer_speaks_only_for_himself_and_to_us() -> None:
    one = serving()
    assert await problem(one.reception.take("130600", request(), "")) == (403, "not_the_sender")
    assert await problem(one.reception.take(PARTNER, request(target="130600"), "")) == (409, "invalid")


async def test_a_second_transfer_of_the_same_case_is_refused_while_the_first_is_open() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    assert await problem(one.reception.take(PARTNER, request("transfer-2"), "")) == (409, "already_received")


async def test_the_same_id_of_another_partner_is_another_transfer() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    await one.reception.take("130600", request(origin="130600", path=("130600",)), "")
    assert len({case for case, _ in registers(one.world)}) == 2
    assert await problem(one.reception.standing("130700", "transfer-1")) == (404, "no_such_transfer")


async def test_a_danger_to_life_is_born_in_the_urgent_lane() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(priority="P0"), "")
    ((case, _),) = registers(one.world, "urgent")
    assert case.startswith("U-")


async def test_without_a_number_nobody_waits_here() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(phone=""), "")
    ((_, register),) = registers(one.world)
    assert register.reporter.person.sealed == ""


async def test_a_cancellation_asks_our_case_and_is_refused_once_it_is_accepted() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    ((case, _),) = registers(one.world)
    assert (await one.reception.cancel(PARTNER, "transfer-1", Cancel(reason="solved")))["status"] == "asked"
    (back,) = [data for _, data in one.world.commands() if isinstance(data, HandBack)]
    assert back.reason == "withdrawn"
    await one.read(event(case, 2, e.CaseDispatched(rule="r", why="w", policy_version="v", units=("u",))))
    cancelled = one.reception.cancel(PARTNER, "transfer-1", Cancel(reason="solved"))
    assert await problem(cancelled) == (409, "already_accepted")


class Deciding:
    """A log whose case says no at once to every `hand_back`."""

    def __init__(self, one: Serving) -> None:
        self.one = one
        self.sequence = 10

    async def publish(self, records: Sequence[Record]) -> None:
        await self.one.publisher.publish(records)
        for command in map(decode, (record.value or b"" for record in records)):
            self.sequence += 1
            no = e.CommandRejected(verb="hand_back", reason="linked", detail="detach it first")
            await self.one.read(event(command.subject, self.sequence, no, cause=command.id))


def deciding(one: Serving) -> HandBacks:
    return HandBacks(one.store, Deciding(one), one.clock, one.outbox)


def backs(world: World) -> list[str]:
    return [envelope.id for envelope, data in world.commands() if isinstance(data, HandBack)]


async def test_the_origin_hears_why_our_case_cannot_go_back_and_may_ask_again() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    reception = Reception(
        CITY, one.store, one.publisher, one.clock, one.outbox, backs=deciding(one), seal_key=KEY, ref_key=REF_KEY
    )
    for times in (1, 2):
        with pytest.raises(Problem, match="detach it first") as error:
            await reception.cancel(PARTNER, "transfer-1", Cancel(reason="solved"))
        assert (error.value.status, error.value.reason) == (409, "linked")
        assert len(backs(one.world)) == times


async def test_one_who_repeats_himself_before_our_case_has_spoken_asks_once() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    for _ in range(2):
        await one.reception.cancel(PARTNER, "transfer-1", Cancel(reason="solved"))
        await one.people.refuse("transfer-1", Refusal(reason="not_local"), "", SUPERVISOR)
    assert len(backs(one.world)) == 2


async def test_a_supervisor_tries_again_after_a_no_unless_he_repeats_his_own_key() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    people = People(one.store, deciding(one), one.partners, POLICY)
    for key, times in (("", 1), ("", 2), ("k", 3), ("k", 3)):
        refusal = people.refuse("transfer-1", Refusal(reason="not_local"), key, SUPERVISOR)
        assert await problem(refusal) == (409, "linked")
        assert len(backs(one.world)) == times


async def test_what_else_our_case_refuses_does_not_concern_the_origin() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    ((case, _),) = registers(one.world)
    await one.read(event(case, 2, e.CommandRejected(verb="assign", reason="unit_unknown", detail="d")))
    assert one.world.received(case).noes == 0


async def test_what_has_gone_back_is_not_asked_for_again() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    ((case, _),) = registers(one.world)
    await one.read(event(case, 2, e.CaseHandedBack(reason="withdrawn", text="solved")))
    with pytest.raises(Problem, match="the transfer is refused; there is nothing to give back"):
        await one.reception.cancel(PARTNER, "transfer-1", Cancel(reason="solved"))


async def test_a_supervisor_refuses_with_a_code_of_policy() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(), "")
    wrong = one.people.refuse("transfer-1", Refusal(reason="loop"), "k", SUPERVISOR)
    assert await problem(wrong) == (422, "invalid")
    await one.people.refuse("transfer-1", Refusal(reason="not_local", text="非本市"), "k", SUPERVISOR)
    (back,) = [data for _, data in one.world.commands() if isinstance(data, HandBack)]
    assert back.reason == "not_local"


async def sent(one: Serving) -> None:
    await one.read(event(case_of("a"), 3, asked("t1")))


async def test_an_update_of_a_transfer_of_ours_becomes_commands_and_proves_the_receipt() -> None:
    one = serving()
    await sent(one)
    update = TransferUpdate(update=1, step="accepted", number="TS-1")
    for _ in range(2):
        assert (await one.reception.update(PARTNER, "t1", update))["status"] == "noted"
    assert one.world.steps("t1") == ["receipted", "accepted"]


async def test_a_receipt_that_our_log_has_is_not_proved_again() -> None:
    one = serving()
    await sent(one)
    await one.read(event(case_of("a"), 4, e.TransferReceipted(transfer="t1", target=PARTNER)))
    await one.reception.update(PARTNER, "t1", TransferUpdate(update=1, step="accepted", number="TS-1"))
    assert one.world.steps("t1") == ["accepted"]


async def test_another_content_under_a_known_update_is_told_apart_by_its_digest() -> None:
    one = serving()
    await sent(one)
    for number in ("TS-1", "TS-2"):
        await one.reception.update(PARTNER, "t1", TransferUpdate(update=1, step="accepted", number=number))
    stored = [(env, data) for env, data in one.world.commands() if isinstance(data, RecordTransfer)]
    assert len([data for _, data in stored if data.step == "accepted"]) == 1
    assert all(env.digest for env, data in stored if data.step == "accepted")


async def test_only_the_partner_that_was_asked_tells_of_it() -> None:
    one = serving()
    await sent(one)
    update = TransferUpdate(update=1, step="completed", text="done")
    assert await problem(one.reception.update("130600", "t1", update)) == (404, "no_such_transfer")


async def test_the_origin_says_which_updates_its_log_has() -> None:
    one = serving()
    await sent(one)
    assert (await one.reception.standing(PARTNER, "t1")).update == 0
    await one.read(event(case_of("a"), 4, e.TransferAccepted(transfer="t1", target=PARTNER, number="TS-1", update=1)))
    standing = await one.reception.standing(PARTNER, "t1")
    assert (standing.update, standing.status) == (1, "accepted")


async def test_lists_show_both_directions_masked_by_state() -> None:
    one = serving()
    await sent(one)
    await one.reception.take(PARTNER, request(), "")
    (ours,) = (await one.people.page("sent", "asked", "", 10))["items"]
    assert (ours["reporter"], ours["partner"], ours["state"]) == ("138****1234", PARTNER, "asked")
    (theirs,) = (await one.people.page("received", "", "", 10))["items"]
    assert (theirs["partner_number"], theirs["state"]) == ("TS-20210113-000001", "receipted")
    assert not (await one.people.page("sent", "completed", "", 10))["items"]
    assert NUMBER not in repr([ours, theirs])


async def test_who_reported_misconduct_is_an_alias_on_lists() -> None:
    one = serving()
    await one.read(event(case_of("a"), 1, asked("t1", request_type="JB")))
    (ours,) = (await one.people.page("sent", "asked", "", 10))["items"]
    assert ours["reporter"] == ""


async def test_the_longest_text_still_makes_a_command_that_can_be_read() -> None:
    one = serving()
    await one.reception.take(PARTNER, request(text="长" * 19_990 + "补充：三单元"), "")
    ((_, register),) = registers(one.world)
    assert len(register.text) == 20_000
    assert "TS-20210113-000001" in register.text
    assert "原文过长" in register.text
    assert register.text.endswith("补充：三单元")

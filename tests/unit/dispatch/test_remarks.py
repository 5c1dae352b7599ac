"""What a person or a department writes down holds no number of a person once it is a record."""

import msgspec
import pytest
from msgspec import Struct

from services.dispatch.bridge import Bridge
from services.dispatch.remarks import masked
from shared.events import commands as c
from shared.events.envelope import Envelope, decode, encode
from shared.events.topics import Topics
from shared.ids import digest
from shared.records import Record
from shared.testing import FakeClock, MemoryLog, MemoryPublisher
from tests.factories import LEAD, START, case_of, envelope

TOPICS = Topics("130100")
SAID, SHOWN = "电话 138-1234-1234、0311-88881234", "电话 138****1234、0311****1234"
OFFICE = "请拨 0311-88881234 或 400-123-4567"

REMARKS: list[tuple[Struct, Struct]] = [
    (c.AskReturn(order="o", reason=SAID, basis=SAID), c.AskReturn(order="o", reason=SHOWN, basis=SHOWN)),
    (
        c.Answer(order="o", public_answer=OFFICE, internal=SAID),
        c.Answer(order="o", public_answer=OFFICE, internal=SHOWN),
    ),
    (c.FollowUp(solved=True, comment=SAID), c.FollowUp(solved=True, comment=SHOWN)),
    (c.Refer(reason=SAID, route=OFFICE), c.Refer(reason=SHOWN, route=OFFICE)),
    (c.Keep(keeper="a1", note=SAID), c.Keep(keeper="a1", note=SHOWN)),
    (c.Supplement(text=SAID, address=SAID), c.Supplement(text=SHOWN, address=SHOWN)),
    (
        c.AskExtension(order="o", until=START, reason=SAID, plan=SAID),
        c.AskExtension(order="o", until=START, reason=SHOWN, plan=SHOWN),
    ),
    (
        c.AskTransfer(target="130200", reason=SAID, asked_action=SAID),
        c.AskTransfer(target="130200", reason=SHOWN, asked_action=SHOWN),
    ),
    (
        c.EndTransfer(transfer="t", outcome="completed", text=f"{OFFICE}，联系人 13812341234"),
        c.EndTransfer(transfer="t", outcome="completed", text=f"{OFFICE}，联系人 138****1234"),
    ),
]


@pytest.mark.parametrize(("said", "shown"), REMARKS, ids=lambda one: type(one).__name__)
def test_remarks_are_masked_and_what_citizens_are_told_keeps_the_offices(said: Struct, shown: Struct) -> None:
    assert masked(said) == shown
    assert masked(shown) is shown


async def bridged(answer: Envelope) -> Envelope:
    """The command that the bridge makes of a department's answer."""
    log, publisher = MemoryLog(), MemoryPublisher()
    log.produce(Record(TOPICS.answers(LEAD), case_of().encode(), encode(answer)))
    await Bridge(publisher, FakeClock(), TOPICS, [LEAD]).handle(log.all(TOPICS.answers(LEAD)))
    (record,) = publisher.published
    return decode(record.value)


async def test_over_its_feed_a_department_writes_down_no_number_either() -> None:
    command = await bridged(envelope(case_of(), c.AskReturn(order="o", reason=SAID), "own", actor=f"unit:{LEAD}"))
    data = c.COMMANDS.data(command)
    assert data == c.AskReturn(order="o", reason=SHOWN)
    assert command.digest == digest([command.type, case_of(), msgspec.to_builtins(data)])


async def test_an_answer_without_a_number_is_copied_as_it_came() -> None:
    own = envelope(case_of(), c.Answer(order="o", public_answer=OFFICE), "own", actor=f"unit:{LEAD}")
    assert bytes((await bridged(own)).data) == bytes(own.data)

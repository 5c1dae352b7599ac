"""What the bench makes of figures: verdicts, percentiles, shares that add up, lives that reach their end."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from bench.bare import Runner, Stage, message
from bench.cpu import shares
from bench.lives import Lives
from bench.profile import Samples
from bench.rows import Row, percentile
from services.dispatch.domain.case import Case
from services.dispatch.domain.fold import Commanded, Folder
from services.dispatch.domain.states import state_of
from services.dispatch.policy import load_rules
from services.notify.outbox import Outbox
from shared.events.commands import COMMANDS, SettleReply
from shared.events.envelope import decode
from shared.events.topics import Topics
from shared.records import Record
from shared.settings import Settings
from shared.testing import FakeClock
from tests.factories import context

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def row(value: float, higher: bool) -> Row:
    least, aim = (0.4, 0.8) if higher else (0.8, 0.4)
    return Row(
        what="", unit="", value=value, measured="", bare="", least=least, aim=aim, higher=higher, counted=""
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "higher", "verdict"),
    [
        (0.8, True, "aim reached"),
        (0.5, True, "at least reached"),
        (0.39, True, "NOT reached"),
        (0.4, False, "aim reached"),
        (0.81, False, "NOT reached"),
        (float("inf"), False, "NOT reached"),
        (float("nan"), False, "NOT reached"),
    ],
)
def test_a_verdict_knows_which_side_is_good(value: float, higher: bool, verdict: str) -> None:
    assert row(value, higher).verdict == verdict


def test_percentiles() -> None:
    assert percentile(range(1, 101), 0.99) == 100
    assert percentile(range(1, 101), 0.5) == 51
    assert percentile([], 0.5) != percentile([], 0.5)


def dues(share: float, batches: list[int]) -> Iterator[int]:
    stage = Stage(name="s", topic="t", total=9, batch=9, decodes=1, writes=1, state_bytes=0, push_bytes=0)
    runner = Runner(stage, Settings(), None, "")
    for size in batches:
        before, runner._seen = runner._seen, runner._seen + size
        yield runner._due(before, share)


def test_shares_of_a_stage_add_up_over_batches_of_any_size() -> None:
    assert sum(dues(800 / 8000, [7] * 1000 + [1000])) == 800
    assert sum(dues(10 / 6, [1] * 6)) == 10


def test_a_message_has_the_bytes_that_were_counted() -> None:
    assert abs(len(orjson.dumps(message(900))) - 900) < 8


def test_cpu_shares_are_of_what_was_used_in_between() -> None:
    assert shares({"a": 1.0, "b": 2.0, "gone": 5.0}, {"a": 2.0, "b": 5.0, "new": 9.0}) == {"a": 0.25, "b": 0.75}


def test_samples_count_each_function_once_in_a_stack() -> None:
    samples = Samples("main (m.py:1);f (shared/a.py:2);f (shared/a.py:3) 3\nmain (m.py:1);g (b.py:1) 1\n")
    assert samples.own["f (shared/a.py"] == 3
    assert samples.below["f (shared/a.py"] == 3
    assert samples.below["main (m.py"] == 4


def test_a_scripted_life_waits_for_its_reply_and_then_ends() -> None:
    topics, rules = Topics("130100"), load_rules(Path("policy/130100"))
    lives = Lives(topics, FakeClock(), KEY, "run", "normal", 2)
    case, folder = Case(id=lives.cases[0]), Folder(topics, frozenset())

    def fold(records: list[Record]) -> str:
        for envelope in (decode(record.value) for record in records if record.key.decode() == case.id):
            command = Commanded(envelope=envelope, data=COMMANDS.data(envelope))
            folder.fold(case, command, context(actor=envelope.actor, rules=rules))
        return state_of(case)

    assert fold(lives.registers()) == "DISPATCHED"
    assert fold(lives.work()) == "PENDING_REPLY"
    settled = Outbox(topics, FakeClock()).settle(
        case.id, SettleReply(obligation=case.debts[0].id, how="sms"), "id", "service:notify", trace=""
    )
    assert fold([settled]) == "PENDING_CALLBACK"
    assert fold(lives.follow_ups()) == "CLOSED"

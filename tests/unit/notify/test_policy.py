"""The city's messages: every template can be filled, and every text keeps to the limit."""

from pathlib import Path

import msgspec
import pytest
import yaml

from services.notify.domain.debts import Debt
from services.notify.policy import load_messages
from shared.policy import PolicyError
from tests.factories import START
from tests.unit.notify.world import POLICY


def reply(answer: str) -> Debt:
    number = "SJZ-20210113-000001"
    return Debt(obligation="o", event="e", trace="", number=number, masked="", sealed="", answer=answer)


def test_a_reply_names_the_case_and_the_answer() -> None:
    text = load_messages(POLICY).text(reply("路灯已修复。"))
    assert "SJZ-20210113-000001" in text
    assert "路灯已修复。如有" in text


def test_an_answer_with_braces_is_only_text() -> None:
    assert "{number}" in load_messages(POLICY).text(reply("{number}"))


def test_a_long_answer_is_cut_to_the_limit_of_its_channel() -> None:
    for channel in load_messages(POLICY).channels:
        for kind, until in (("reply", None), ("extension", START)):
            debt = msgspec.structs.replace(reply("长" * 20_000), channel=channel.channel, kind=kind, until=until)
            text = load_messages(POLICY).text(debt)
            assert len(text) == channel.max_characters
            assert "长…" in text


def test_an_extension_names_the_case_the_date_and_the_reason() -> None:
    debt = msgspec.structs.replace(reply("等待配件。"), kind="extension", until=START)
    text = load_messages(POLICY).text(debt)
    assert "（编号SJZ-20210113-000001）需延长办理时间，预计1月13日前办结，原因：等待配件。" in text


SMS = {
    "channel": "sms", "attempts": 2, "max_characters": 670, "reply": {"zh-CN": "{number}{answer}"},
    "extension": {"zh-CN": "{number}{until}{reason}"},
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"channels": [{**SMS, "reply": {"zh-CN": "{nobody}"}}]},
        {"channels": [{**SMS, "reply": {"zh-CN": "{until}{answer}"}}]},
        {"channels": [{**SMS, "extension": {"zh-CN": "{answer}"}}]},
        {"channels": [{**SMS, "extension": {}}]},
        {"channels": [{**SMS, "attempts": 0}]},
        {"channels": [{**SMS, "channel": "pigeon"}]},
        {"channels": [SMS, SMS]},
        {"channels": []},
        {"language": "en"},
        {"surprise": 1},
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, change: dict[str, object]) -> None:
    known = yaml.safe_load((POLICY / "messages.yaml").read_text(encoding="utf-8"))
    (tmp_path / "messages.yaml").write_text(yaml.safe_dump({**known, **change}, allow_unicode=True), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"messages\.yaml"):
        load_messages(tmp_path)

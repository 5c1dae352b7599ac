"""The city's messages: every template can be filled, and every text keeps to the limit."""

from pathlib import Path

import pytest
import yaml

from services.notify.policy import load_messages
from shared.policy import PolicyError
from tests.unit.notify.world import POLICY


def test_a_reply_names_the_case_and_the_answer() -> None:
    text = load_messages(POLICY).text("sms", "SJZ-20210113-000001", "路灯已修复。")
    assert "SJZ-20210113-000001" in text
    assert "路灯已修复。如有" in text


def test_an_answer_with_braces_is_only_text() -> None:
    assert "{number}" in load_messages(POLICY).text("sms", "SJZ-1", "{number}")


def test_a_long_answer_is_cut_to_the_limit_of_its_channel() -> None:
    for channel in load_messages(POLICY).channels:
        text = load_messages(POLICY).text(channel.channel, "SJZ-20210113-000001", "长" * 20_000)
        assert len(text) == channel.max_characters
        assert "长…" in text


SMS = {"channel": "sms", "attempts": 2, "max_characters": 670, "reply": {"zh-CN": "{number}{answer}"}}


@pytest.mark.parametrize(
    "change",
    [
        {"channels": [{**SMS, "reply": {"zh-CN": "{nobody}"}}]},
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

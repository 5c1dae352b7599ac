"""The simulated gateway as a process of its own, and notify's client against it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hotline.ports import free_port
from services.notify.gateway import HttpGateway

TEXT = "您反映的事项已有答复"
TO = "+8613812341234"
LINE = "+8631188881234"


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gateway") / "journal.jsonl"


@pytest.fixture(scope="module")
def url(journal: Path) -> Iterator[str]:
    port = free_port()
    process = start(port, journal)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def start(port: int, journal: Path) -> "subprocess.Popen[bytes]":
    env = {"HOTLINE_PORT": str(port), "HOTLINE_JOURNAL": str(journal)}
    process = subprocess.Popen([sys.executable, "-m", "hotline.surge.gateway"], env=env)
    for _ in range(1200):
        try:
            httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=1).raise_for_status()
            return process
        except httpx.HTTPError:
            assert process.poll() is None, "the gateway ended"
            asyncio.run(asyncio.sleep(0.05))
    raise AssertionError("the gateway does not answer")


@pytest.fixture
async def gateway(url: str) -> AsyncIterator[HttpGateway]:
    client = HttpGateway(url)
    yield client
    await client.close()
    behave(url, mode="ok")


def behave(url: str, **behaviour: Any) -> None:
    httpx.put(f"{url}/behaviour", json=behaviour).raise_for_status()


def effects(url: str, message: str) -> list[dict[str, Any]]:
    items = httpx.get(f"{url}/journal?after=0").json()["items"]
    return [item for item in items if item["id"] == message]


def lines(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]


async def test_a_message_is_taken_once_per_id(url: str, gateway: HttpGateway, journal: Path) -> None:
    first = await gateway.send("m1", "sms", TO, TEXT, 5)
    again = await gateway.send("m1", "sms", TO, TEXT, 5)
    assert first == again == await gateway.ask("m1")
    assert first.kind == "delivered"
    assert first.detail
    (effect,) = effects(url, "m1")
    assert (effect["to"], effect["text"]) == (TO, TEXT)
    assert [line for line in lines(journal) if line["id"] == "m1"] == [effect]


async def test_an_unknown_message_was_not_taken(gateway: HttpGateway) -> None:
    assert (await gateway.ask("never")).kind == "not_taken"


async def test_a_failure_is_definite_and_stays_so(url: str, gateway: HttpGateway) -> None:
    behave(url, mode="fail")
    assert (await gateway.send("m2", "sms", TO, TEXT, 5)).kind == "failed"
    behave(url, mode="ok")
    assert (await gateway.send("m2", "sms", TO, TEXT, 5)).kind == "failed"
    assert (await gateway.ask("m2")).kind == "failed"
    assert not effects(url, "m2")


async def test_a_fixed_line_takes_no_text_but_a_call(url: str, gateway: HttpGateway) -> None:
    assert (await gateway.send("m8-sms", "sms", LINE, TEXT, 5)).kind == "failed"
    assert (await gateway.send("m8-voice", "voice", LINE, TEXT, 5)).kind == "delivered"
    assert [effect["channel"] for effect in effects(url, "m8-voice")] == ["voice"]


async def test_a_forgetful_gateway_delivers_and_denies(url: str, gateway: HttpGateway, journal: Path) -> None:
    behave(url, mode="forget")
    assert (await gateway.send("m9", "sms", TO, TEXT, 2)).kind == "silent"
    assert (await gateway.ask("m9")).kind == "not_taken"
    behave(url, mode="ok")
    assert (await gateway.send("m9", "sms", TO, TEXT, 5)).kind == "delivered"
    assert len([line for line in lines(journal) if line["id"] == "m9"]) == 2


@pytest.mark.parametrize(("mode", "became"), [("hang", "not_taken"), ("accept_then_hang", "delivered")])
async def test_a_hanging_gateway_is_silent_and_can_be_asked(
    url: str, gateway: HttpGateway, mode: str, became: str
) -> None:
    behave(url, mode=mode)
    message = f"m3-{mode}"
    assert (await gateway.send(message, "sms", TO, TEXT, 2)).kind == "silent"
    assert (await gateway.ask(message)).kind == became
    behave(url, mode="ok")
    assert (await gateway.send(message, "sms", TO, TEXT, 5)).kind == "delivered"
    assert len(effects(url, message)) == 1


async def test_a_slow_answer_comes(url: str, gateway: HttpGateway) -> None:
    behave(url, mode="slow", delay_s=0.2)
    assert (await gateway.send("m4", "sms", TO, TEXT, 5)).kind == "delivered"


async def test_a_share_of_the_messages_is_hit(url: str, gateway: HttpGateway) -> None:
    behave(url, mode="fail", share=0.5)
    kinds = [(await gateway.send(f"m5-{n}", "sms", TO, TEXT, 5)).kind for n in range(60)]
    assert {"delivered", "failed"} == set(kinds)


async def test_where_nobody_listens_nothing_was_sent() -> None:
    assert (await HttpGateway(f"http://127.0.0.1:{free_port()}").send("m6", "sms", TO, TEXT, 5)).kind == "away"


async def test_a_stranger_who_answers_says_nothing(url: str) -> None:
    stranger = HttpGateway(f"{url}/elsewhere")
    assert (await stranger.send("m7", "sms", TO, TEXT, 5)).kind == "silent"
    assert (await stranger.ask("m7")).kind == "silent"


@pytest.mark.parametrize(
    ("path", "body"), [("messages/x", b"{"), ("messages/x", b'{"to": 1}'), ("behaviour", b'{"mode": "sulk"}')]
)
def test_malformed_bodies_are_refused_with_a_reason(url: str, path: str, body: bytes) -> None:
    answer = httpx.put(f"{url}/{path}", content=body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")


def test_a_restarted_gateway_knows_what_it_took(tmp_path: Path) -> None:
    port, journal = free_port(), tmp_path / "journal.jsonl"
    url = f"http://127.0.0.1:{port}"
    for _ in range(2):
        process = start(port, journal)
        try:
            httpx.put(f"{url}/messages/m", json={"to": TO, "text": TEXT}).raise_for_status()
            assert len(effects(url, "m")) == 1
        finally:
            process.kill()
            process.wait()

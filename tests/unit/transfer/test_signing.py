"""A signature opens the door once, for a minute, for the request it was made for."""

import base64

import pytest

from hotline.keys import public_key
from services.transfer.signing import Message, Signer, Verifier
from services.transfer.store import MemoryStore
from shared.service import Problem
from shared.testing import FakeClock, MemoryTable

PRIVATE, OTHER = (base64.b64encode(letter * 32).decode() for letter in (b"a", b"b"))
URL, BODY = "http://shijiazhuang:8000/transfers", b'{"transfer": "1"}'


class Gate:
    """Our verifier and a partner's signer, on one clock."""

    def __init__(self, key: str = PRIVATE, area: str = "130200") -> None:
        self.clock = FakeClock()
        self.signer = Signer(area, key, self.clock)
        self.verifier = Verifier({"130200": public_key(PRIVATE)}, self.clock, MemoryStore(MemoryTable()))

    def signed(self, method: str = "POST", url: str = URL, body: bytes | None = BODY) -> Message:
        return Message(method, url, {name.lower(): v for name, v in self.signer.headers(method, url, body).items()})

    async def refusal(self, message: Message, body: bytes = BODY) -> tuple[int, str]:
        with pytest.raises(Problem) as error:
            await self.verifier.sender(message, body)
        return error.value.status, error.value.reason


async def test_a_good_signature_names_its_city() -> None:
    gate = Gate()
    assert await gate.verifier.sender(gate.signed(), BODY) == "130200"
    assert await gate.verifier.sender(gate.signed("GET", body=None), b"") == "130200"


async def test_a_repeated_request_is_refused() -> None:
    gate = Gate()
    message = gate.signed()
    await gate.verifier.sender(message, BODY)
    assert await gate.refusal(message) == (401, "replayed")


@pytest.mark.parametrize(("seconds", "good"), [(60, True), (65, True), (67, False), (-5, True), (-7, False)])
async def test_a_signature_is_good_for_a_minute(seconds: float, good: bool) -> None:
    gate = Gate()
    message = gate.signed()
    gate.clock.forward(seconds=seconds)
    if good:
        assert await gate.verifier.sender(message, BODY) == "130200"
    else:
        assert await gate.refusal(message) == (401, "old_signature")


async def test_another_body_path_method_or_city_is_refused() -> None:
    gate = Gate()
    assert await gate.refusal(gate.signed(), b'{"transfer": "2"}') == (401, "bad_signature")
    for changed in ("http://shijiazhuang:8000/transfers/1/cancel", "http://baoding:8000/transfers"):
        message = gate.signed()
        message.url = changed
        assert await gate.refusal(message) == (401, "bad_signature")
    message = gate.signed()
    message.method = "PUT"
    assert await gate.refusal(message) == (401, "bad_signature")


async def test_a_body_without_a_signed_digest_is_refused() -> None:
    gate = Gate()
    assert await gate.refusal(gate.signed(body=None)) == (401, "bad_signature")


async def test_no_signature_and_another_key_are_refused() -> None:
    gate = Gate()
    assert await gate.refusal(Message("POST", URL, {})) == (401, "no_signature")
    stranger = Gate(OTHER)
    assert await gate.refusal(stranger.signed()) == (401, "bad_signature")


async def test_a_city_we_do_not_know_is_forbidden() -> None:
    assert await Gate().refusal(Gate(OTHER, "130600").signed()) == (403, "unknown_partner")


@pytest.mark.parametrize("header", ["nonsense", "sig=()", 'pyhms=("@method");created="x"'])
async def test_a_damaged_header_is_an_answer_not_a_crash(header: str) -> None:
    gate = Gate()
    message = gate.signed()
    message.headers["signature-input"] = header
    assert (await gate.refusal(message))[0] == 401

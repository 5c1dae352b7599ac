"""Whatever the bytes are, decoding either works or says Unreadable."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.cases import CASES, CaseClosed
from shared.events.envelope import Envelope, Unreadable, decode, encode, raw
from tests.factories import START
from tests.malformed import BODIES

GOOD = Envelope(
    id="1", type="case.closed.v1", source="/d", subject="s", time=START, sequence=1, data=raw(CaseClosed(reason="r"))
)


@pytest.mark.parametrize("what", sorted(BODIES.keys() - {"too large"}))
def test_malformed_bytes_are_unreadable_as_an_event_and_as_its_data(what: str) -> None:
    with pytest.raises(Unreadable):
        decode(BODIES[what])
    nested = encode(GOOD).replace(b'{"reason":"r"}', BODIES[what])
    with pytest.raises(Unreadable):
        CASES.data(decode(nested))


def test_no_bytes_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        decode(None)


@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes_anywhere(noise: bytes, place: int) -> None:
    value = encode(GOOD)
    with contextlib.suppress(Unreadable):
        assert CASES.data(decode(value[:place] + noise + value[place:]))


def test_a_good_event_is_read_as_it_was_written() -> None:
    assert CASES.data(decode(encode(GOOD))) == CaseClosed(reason="r")

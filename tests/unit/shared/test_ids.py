"""Ids are UUIDs of version 5, put together by hand: the standard library is the judge."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from shared.ids import ROOT, derive


@given(st.lists(st.text(max_size=20) | st.integers(), min_size=1, max_size=4))
def test_an_id_is_what_the_standard_library_makes_of_it(parts: list[str | int]) -> None:
    name = "\x1f".join(str(part) for part in parts)
    try:
        expected = str(uuid5(ROOT, name))
    except UnicodeEncodeError:
        return
    assert derive(*parts) == expected
    assert UUID(derive(*parts)).version == 5

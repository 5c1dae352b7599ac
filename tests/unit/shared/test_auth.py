"""A token that does not hold says why, in words."""

import pytest

from shared.auth import Forbidden, issue, verify

OURS, THEIRS = "a" * 32, "b" * 32


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "no token"),
        ("   ", "no token"),
        ("x", "this is no token"),
        ("a.b.c", "this is no token"),
        (issue(THEIRS, "a001", "agent", 1), "signed with another key; is it a token of this city?"),
        (issue(OURS, "a001", "agent", -1), "the token has expired"),
        ("eyJhbGciOiJub25lIn0.e30.", "Algorithm of 'none' is not allowed"),
    ],
)
def test_a_token_that_does_not_hold_says_why(token: str, words: str) -> None:
    with pytest.raises(Forbidden, match=words.replace("?", r"\?")):
        verify(OURS, f"Bearer {token}")


def test_a_header_of_another_kind_is_no_token() -> None:
    with pytest.raises(Forbidden, match="no token"):
        verify(OURS, "Basic eDp5")


def test_a_good_token_names_its_holder() -> None:
    assert verify(OURS, f"Bearer {issue(OURS, 'a001', 'agent', 1)}").actor == "agent:a001"

"""A token that does not hold says why, in words."""

import base64
import hmac
import json
from typing import Any

import pytest

from shared.auth import Forbidden, issue, verify

OURS, THEIRS = "a" * 32, "b" * 32
SOON = 4_000_000_000.5


def part(content: Any) -> str:
    """One of a token's three parts."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def signed(header: Any, claims: Any) -> str:
    """Anything at all, under our key."""
    said = f"{part(header)}.{part(claims)}"
    signature = hmac.digest(OURS.encode(), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


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


@pytest.mark.parametrize("signature", ["", "x", "é"])
@pytest.mark.parametrize(
    "header",
    [
        [], 1, None, "a", {}, {"alg": 1}, {"alg": ["HS256"]}, {"alg": {}}, {"alg": "HS256", "b64": False},
        {"alg": "HS256", "crit": 1}, {"alg": "HS256", "crit": [1]}, {"alg": "HS256", "crit": [[]]},
        {"alg": "HS256", "crit": {"a": 1}}, {"alg": "HS256", "crit": ["x"]}, {"alg": "HS256", "kid": 1},
        {"alg": "HS256", "typ": 1}, {"alg": "HS256", "zip": "DEF"},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_a_stranger_writes_into_a_header_is_refused_in_words(header: Any, signature: str) -> None:
    with pytest.raises(Forbidden, match="token"):
        verify(OURS, f"Bearer {part(header)}.{part({})}.{signature}")


@pytest.mark.parametrize(
    "claims",
    [
        [], 1, None, {}, {"sub": "a", "role": "agent"}, {"sub": "a", "exp": SOON}, {"role": "agent", "exp": SOON},
        *({"sub": "a", "role": "agent", "exp": exp} for exp in (None, "9", [1], True, 1, 10**400)),
    ],
    ids=lambda claims: str(claims)[:40],
)  # fmt: skip
def test_claims_of_another_kind_are_refused_in_words_also_under_our_key(claims: Any) -> None:
    with pytest.raises(Forbidden, match="token"):
        verify(OURS, f"Bearer {signed({'alg': 'HS256'}, claims)}")


def test_a_header_of_another_kind_is_no_token() -> None:
    with pytest.raises(Forbidden, match="no token"):
        verify(OURS, "Basic eDp5")


def test_a_good_token_names_its_holder() -> None:
    assert verify(OURS, f"Bearer {issue(OURS, 'a001', 'agent', 1)}").actor == "agent:a001"

"""Surges in which something dies: the short form of tests/faults, each in under a minute and a half."""

import pytest

from tests.faults.surges import surge

pytestmark = pytest.mark.real


def test_two_kills_in_mid_surge() -> None:
    surge("dispatch@4", "notify@6", calls=250)


def test_the_broker_is_away_for_ten_seconds_in_mid_surge() -> None:
    surge("broker@4+10", calls=250)

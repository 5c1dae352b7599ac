"""One fault at a time in mid-surge, on the real servers: each time the ledger is clean."""

import pytest

from tests.faults.surges import surge

pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", ["broker", "mongod"])
def test_kill_9(name: str) -> None:
    surge(f"{name}@6")


def test_the_services_of_the_spine_are_killed_one_after_the_other() -> None:
    surge("sla@3", "intake@5", "notify@7", "dispatch@9", "sla@11")


def test_the_services_around_the_spine_are_killed_one_after_the_other() -> None:
    surge("gateway@2", "transfer@3", "knowledge@4", "reports@5", "desk@6", "reports@8", "transfer@9")


def test_the_partner_city_is_away_for_a_minute() -> None:
    """Requests to it are stored and forwarded; what it has of ours goes on where it stopped."""
    surge("130200@4+60", "transfer@20", calls=250, partner="130200")


def test_dispatch_and_notify_are_killed_while_cases_are_tied_and_a_profile_is_on() -> None:
    """In the midst of an event case, of merges and of what is undone and detached.

    The profile is on from the fifth second to the fifteenth: what is decided then is under it, so dispatch is there
    at first.
    """
    ledger = surge("notify@6", "dispatch@9", "knowledge@11", "notify@13", "dispatch@17", calls=300, rate=15.0)
    assert ledger.linked > 50
    assert ledger.answered_by_event + ledger.detached >= ledger.linked
    assert ledger.merged > 0
    assert ledger.extended + ledger.extensions_refused > 0
    assert ledger.under_profile > 0
    assert ledger.profile_switches == 2


def test_dispatch_is_killed_again_while_it_comes_back() -> None:
    surge("dispatch@2", "dispatch@3.7", "dispatch@9", "dispatch@10.7")


def test_a_dispatch_worker_sleeps_past_its_session_and_wakes_as_a_zombie() -> None:
    surge("dispatch.1@5~15", scale={"dispatch": 2})


def test_other_zombies() -> None:
    surge("notify.1@4~15", "sla.1@6~15", scale={"notify": 2, "sla": 2})


def test_the_broker_sleeps_and_wakes() -> None:
    surge("broker@5~20")


def test_the_database_is_away_for_a_while() -> None:
    surge("mongod@5+15")


def test_the_broker_is_away_for_a_minute_while_calls_come_in() -> None:
    """Longer than the 40 s after which an idempotent producer of aiokafka is dead for good."""
    ledger = surge("broker@5+60", calls=560, rate=7.5)
    assert ledger.seconds > 70


def test_the_gateway_is_silent_and_forgets() -> None:
    surge("gateway@2:hang+6", "gateway@9:accept_then_hang+6", "gateway@16:forget+6", calls=250)


def test_the_gateway_refuses_and_is_slow() -> None:
    surge("gateway@2:fail+6", "gateway@9:slow+6")


def test_dispatch_workers_join_and_leave() -> None:
    surge("dispatch@3=2", "dispatch@9=3", "dispatch@15=1", "dispatch@20=2", calls=280)


def test_every_service_is_scaled_up_and_down() -> None:
    surge("notify@3=2", "sla@4=2", "dispatch@5=3", "notify@12=1", "sla@13=1", "dispatch@14=1", calls=220)

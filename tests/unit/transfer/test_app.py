"""How the service is put together."""

import base64
from collections.abc import Sequence

import pytest
from pydantic import SecretStr

from services.transfer.app import build
from shared.settings import Role, Settings
from shared.testing import FakeClock
from tests.unit.transfer.world import POLICIES

PARTNERS = {"/transfers", "/transfers/{transfer}", "/transfers/{transfer}/updates", "/transfers/{transfer}/cancel"}
PEOPLE = {"/received/{transfer}/refuse", "/sent/{transfer}/cancel"}
OPERATOR = {"/parked", "/parked/{case}/redrive", "/health/live", "/health/ready", "/metrics"}


@pytest.mark.parametrize(("role", "doors"), [("api", [PARTNERS, PEOPLE, OPERATOR]), ("worker", [OPERATOR])])
@pytest.mark.parametrize("city", ["130100", "130200"])
async def test_each_role_has_its_doors_in_each_city(role: Role, doors: Sequence[set[str]], city: str) -> None:
    key = SecretStr(base64.b64encode(b"k" * 32).decode())
    settings = Settings(city=city, role=role, policy_dir=POLICIES, sign_key=key, seal_key=key, ref_key=key)
    schema = build(settings, FakeClock()).openapi()
    assert set(schema["paths"]) == set().union(*doors)


async def test_the_two_kinds_of_lists_share_a_path_but_not_a_method() -> None:
    key = SecretStr(base64.b64encode(b"k" * 32).decode())
    settings = Settings(policy_dir=POLICIES, sign_key=key, seal_key=key, ref_key=key)
    schema = build(settings, FakeClock()).openapi()
    assert set(schema["paths"]["/transfers"]) == {"get", "post"}

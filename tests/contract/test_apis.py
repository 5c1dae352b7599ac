"""Every service's HTTP door under generated requests: never a 5xx, and every response is one its document promises.

The whole platform runs as real processes; a new service is driven as soon as the launcher knows it.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hotline.contracts.openapi import openapi
from hotline.stack import SERVICES, Options, Stack
from shared.auth import ROLES, issue
from tests.conftest import Background
from tests.factories import LEAD

pytestmark = pytest.mark.real
EXAMPLES = 12
FORBIDDEN = 403
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
UNIT = f"unit:{LEAD}"


class Platform:
    """A running platform with one case, and tokens of every role."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.tokens = {role: self._token(role) for role in (*ROLES, UNIT)}
        self.known = self._case()

    def _token(self, role: str) -> str:
        return "Bearer " + issue(self._stack.secrets["jwt_secret"], "tester", role, 1)

    def url(self, service: str) -> str:
        return self._stack.addresses()[service][0]

    def _case(self) -> dict[str, str]:
        """A case that reached dispatch, as path parameters."""
        body = {"title": "路灯不亮", "text": "小区门口的路灯坏了", "topic": "03", "caller": "13800000000"}
        headers = {"Authorization": self.tokens["agent"], "Idempotency-Key": uuid4().hex}
        made = httpx.post(f"{self.url('intake')}/web/contacts", json=body, headers=headers, timeout=10)
        assert made.status_code == 202, made.text
        case = made.json()["case_id"]
        for _ in range(600):
            found = httpx.get(f"{self.url('dispatch')}/cases/{case}", headers=headers, timeout=10)
            if found.status_code == 200:
                return {"case": case, "contact_id": made.json()["contact_id"]}
            time.sleep(0.1)
        raise AssertionError(f"{case} never reached dispatch: {found.text}")


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    background = Background()
    stack = Stack(Options(fresh=True), Path(".hotline"))
    background.run(stack.start())
    yield Platform(stack)
    background.run(stack.stop())
    background.close()
    stack.remove()


def operations(service: str) -> list[Any]:
    generation = GenerationConfig(with_security_parameters=False)
    config = SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=generation)))
    document = schemathesis.openapi.from_dict(openapi(service), config=config)
    return [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_response_is_one_that_the_document_promises(platform: Platform, service: str) -> None:
    driven = operations(service)
    assert driven
    for operation in driven:
        _drive(platform, service, operation)


def _answer(case: Any, url: str, headers: dict[str, str]) -> Any:
    """A busy door, and a service whose broker is slow, ask for a moment: they get it."""
    for _ in range(30):
        answer = case.call(base_url=url, headers=headers, timeout=60)
        if answer.status_code != 503:
            break
        time.sleep(1)
    return answer


def _drive(platform: Platform, service: str, operation: Any) -> None:
    """Generated requests to one route, some of them about the case that exists, from role to role until one may."""

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(), known=st.booleans(), roles=st.permutations(sorted(platform.tokens)))
    def run(case: Any, known: bool, roles: list[str]) -> None:
        if known:
            case.path_parameters.update({k: v for k, v in platform.known.items() if k in case.path_parameters})
        for role in roles:
            headers = {"Authorization": platform.tokens[role]}
            answer = _answer(case, platform.url(service), headers)
            case.validate_response(answer, checks=CHECKS, headers=headers)
            if answer.status_code != FORBIDDEN:
                return

    run()

"""Tests are quiet: structured logs only from ERROR. `servers` are the real Kafka and MongoDB of the session."""

import logging

import pytest
import structlog

from shared.settings import Settings

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


@pytest.fixture(scope="session")
def servers() -> Settings:
    return Settings(city="test", kafka="127.0.0.1:19092", mongo="mongodb://127.0.0.1:27117/?replicaSet=rs0")

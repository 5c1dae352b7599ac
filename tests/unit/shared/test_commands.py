"""What no command may say, whatever its schema lets through."""

import json
from datetime import datetime
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from shared.events.commands import MOST_VERSIONS, VERBS, Told

DUE = {"clock": "sign", "order": "o"}
DATED: dict[tuple[str, str], dict[str, Any]] = {
    ("sign", "due"): {"order": "o"},
    ("note", "promise_due"): {"text": "t"},
    ("warn", "due"): DUE,
    ("breach", "due"): DUE,
    ("escalate", "due"): {**DUE, "rung": "urge", "step": "s", "role": "unit", "channel": "phone"},
    ("supervise", "due"): {"reason": "r"},
    ("delegate", "due"): {"order": "o", "unit": "u"},
    ("ask_extension", "until"): {"order": "o", "reason": "r"},
    ("park", "review_at"): {"reason": "r"},
    ("record_transfer", "due"): {"transfer": "t", "step": "unacknowledged"},
}


def dated(kind: Any) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(one, inspect.DateTimeType) for one in kinds)


def test_every_moment_in_a_command_is_listed_here() -> None:
    found = {
        (verb, field.name) for verb, model in VERBS.items()
        for field in inspect.type_info(model).fields if dated(field.type)  # type: ignore[attr-defined]
    }  # fmt: skip
    assert found == set(DATED)


@pytest.mark.parametrize(("verb", "field"), DATED)
def test_a_moment_has_a_zone(verb: str, field: str) -> None:
    """Else its comparison with any other moment raises."""
    said = {zone: json.dumps({**DATED[verb, field], field: f"2021-01-13T10:00:00{zone}"}) for zone in ("", "+08:00")}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(said[""], type=VERBS[verb])
    assert isinstance(getattr(msgspec.json.decode(said["+08:00"], type=VERBS[verb]), field), datetime)


def test_the_version_of_an_article_fits_into_a_database() -> None:
    assert Told(article="a", version=MOST_VERSIONS).version == MOST_VERSIONS
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"article": "a", "version": 10**30}, Told)

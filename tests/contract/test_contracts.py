"""The contract documents are those of the code, and no event type has changed so that a reader would break."""

import copy
import json
from typing import Any

import pytest
import yaml

from hotline.contracts.__main__ import DOCS, GOLDEN, broken, documents
from hotline.contracts.channels import CHANNELS, RAW
from hotline.contracts.schemas import breaks, schemas
from shared.events import cases, commands, contacts, deliveries, feeds, knowledge
from shared.events.envelope import Registry
from shared.events.topics import Topics

REGISTERED = dict(schemas())["cases/case.registered.v1"]


def test_no_golden_schema_is_broken() -> None:
    assert broken() == []


def test_the_committed_documents_are_current() -> None:
    """`make contracts` writes them."""
    wanted = dict(documents())
    stale = [str(path) for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    left = {*DOCS.rglob("*.json"), *DOCS.rglob("*.yaml"), *GOLDEN.rglob("*.json")} - set(wanted)
    assert (stale, sorted(map(str, left))) == ([], [])


def test_every_topic_has_its_channel() -> None:
    made = [spec.name for spec in Topics("130100").specs(("130100-02-001",))]
    raw = {address.format(city="130100") for address in RAW}
    assert [name for name in made if name not in raw and sum(c.matches(name) for c in CHANNELS) != 1] == []


def test_every_registry_has_its_channel() -> None:
    modules = (cases, commands, contacts, deliveries, feeds, knowledge)
    registries = [value for module in modules for value in vars(module).values() if isinstance(value, Registry)]
    assert all(any(channel.registry is one for channel in CHANNELS) for one in registries)


def changed(**properties: dict[str, Any] | None) -> dict[str, Any]:
    """The schema of `case.registered` with properties replaced, or removed."""
    made = copy.deepcopy(REGISTERED)
    for name, schema in properties.items():
        made["properties"].pop(name, None)
        if schema is not None:
            made["properties"][name] = schema
    return made


def test_a_new_optional_field_is_growth() -> None:
    assert breaks(REGISTERED, changed(mood={"type": "string", "default": ""})) == []


def test_a_further_value_is_growth() -> None:
    wider = {**REGISTERED["properties"]["priority"], "enum": ["P0", "P1", "P2", "P3", "P4"]}
    assert breaks(REGISTERED, changed(priority=wider)) == []
    assert breaks(changed(priority=wider), REGISTERED)


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (changed(title=None), "removed"),
        (changed(title=None, name={"type": "string"}), "removed"),
        (changed(title={"type": "integer"}), "type was"),
        (changed(title={"type": "string", "maxLength": 5}), "maxLength"),
        ({**REGISTERED, "required": [*REGISTERED["required"], "mood"]}, "newly required"),
        (changed(reporter={"type": "object", "properties": {}}), "removed"),
    ],
)
def test_anything_else_breaks_a_reader(after: dict[str, Any], word: str) -> None:
    assert any(word in one for one in breaks(REGISTERED, after))


def test_asyncapi_refers_only_to_what_is_there() -> None:
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text())
    assert document["asyncapi"] == "3.0.0"
    for target in _references(document):
        node = document
        for part in target.removeprefix("#/").split("/"):
            node = node[part]
    assert all(
        "{" + name + "}" in one["address"] for one in document["channels"].values() for name in one["parameters"]
    )


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [one for item in node for one in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [one for item in node.values() for one in _references(item)]


def test_every_route_is_described_in_words() -> None:
    for path in sorted((DOCS / "openapi").glob("*.json")):
        routes = json.loads(path.read_text())["paths"]
        assert routes, path
        assert all(operation["summary"] for methods in routes.values() for operation in methods.values())

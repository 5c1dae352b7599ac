"""python -m hotline.contracts: write every contract document; refuses where a schema would break its readers."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from hotline.contracts.asyncapi import asyncapi
from hotline.contracts.openapi import ROOT, openapi, service_names
from hotline.contracts.schemas import breaks, schemas
from hotline.contracts.states import states_page

GOLDEN = ROOT / "tests" / "contract" / "golden"
DOCS = ROOT / "docs" / "contracts"


class _Plain(yaml.SafeDumper):
    """No anchors: every place stands for itself."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def documents() -> Iterator[tuple[Path, str]]:
    """Every file with its text as the code would have it now."""
    yield DOCS / "asyncapi.yaml", yaml.dump(asyncapi(), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=120)
    yield ROOT / "docs" / "states.md", states_page()
    for service in service_names():
        yield DOCS / "openapi" / f"{service}.json", _json(openapi(service))
    for name, schema in schemas():
        yield GOLDEN / f"{name}.json", _json(schema)


def _json(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def broken() -> list[str]:
    """Differences between the golden schemas and the code that a reader of the old ones could not live with."""
    current = dict(schemas())
    found: list[str] = []
    for path in sorted(GOLDEN.rglob("*.json")):
        name = str(path.relative_to(GOLDEN).with_suffix(""))
        if name not in current:
            found.append(f"{name}: the type is gone")
            continue
        found += [f"{name} {one}" for one in breaks(json.loads(path.read_text()), current[name])]
    return found


def main() -> None:
    if found := broken():
        sys.exit("not written; give the type a new version instead:\n" + "\n".join(found))
    for path, text in documents():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()

"""Consumer groups as the services' code names them: read from every `….subscribe(group, …)` in their sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

from services.intake.handlers import READER
from services.reports.numbers import groups_of
from shared.events.topics import LANES

SERVICES = Path("services")
_VARIABLES = {"READER": [READER], "group": groups_of(0)}
"""What a name stands for where the group is no text; another one fails."""


def code_groups() -> set[str]:
    """Without the city: `dispatch.urgent`."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SERVICES.rglob("*.py"))]
    return {group for tree in trees for call in _subscriptions(tree) for group in _values(call.args[0])}


def _subscriptions(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".subscribe") and len(node.args) > 1:
            yield node


def _values(given: ast.expr) -> list[str]:
    match given:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Name(id=name):
            return _VARIABLES[name]
        case ast.JoinedStr(values=[ast.Constant(value=str(head)), ast.FormattedValue(value=ast.Name(id="lane"))]):
            return [f"{head}{lane}" for lane in LANES]
    raise AssertionError(f"a group that this test cannot read: {ast.unparse(given)}")

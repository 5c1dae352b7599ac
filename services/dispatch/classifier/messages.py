"""Labelled messages: JSON lines with `text`, `label` and optionally `title`; `.xz` is read as it is."""

import json
import lzma
from pathlib import Path
from typing import Any

from msgspec import Struct


class BadMessages(ValueError):
    """The file cannot be used; the text names the line and what is wrong with it."""


class Message(Struct, frozen=True):
    """A message's words; `title` may be empty."""

    title: str
    text: str


class Labelled(Struct, frozen=True):
    """Messages and the label of each, in the file's order."""

    messages: tuple[Message, ...]
    labels: tuple[str, ...]

    def only(self, rows: list[int]) -> "Labelled":
        return Labelled(tuple(self.messages[row] for row in rows), tuple(self.labels[row] for row in rows))


def read_labelled(path: Path) -> Labelled:
    """Raises BadMessages."""
    try:
        raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        lines = raw.decode("utf-8-sig").split("\n")
    except (OSError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise BadMessages(f"{path}: {error}") from error
    rows = [_row(f"{path}:{number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise BadMessages(f"{path}: no messages")
    return Labelled(tuple(message for message, _ in rows), tuple(label for _, label in rows))


def _row(place: str, line: str) -> tuple[Message, str]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadMessages(f"{place}: no JSON: {error}") from error
    if not isinstance(row, dict):
        raise BadMessages(f"{place}: a JSON object is expected")
    label, text = _text(place, row, "label"), _text(place, row, "text")
    title = row.get("title") or ""
    if not isinstance(title, str):
        raise BadMessages(f"{place}: title must be a text")
    return Message(title, text), label


def _text(place: str, row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadMessages(f"{place}: {name} is missing or no text")
    return value

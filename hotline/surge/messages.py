"""The texts that callers bring: JSON lines with title, text and optional time, `.xz` read as it is."""

import lzma
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

SAMPLE = Path(__file__).parents[1] / "samples" / "messages.jsonl"
BESIDE_THE_REPO = Path(__file__).parents[2].parent / "shared" / "data" / "messages_one_city_2019.jsonl.xz"
TITLE_LENGTH = 120


class BadData(ValueError):
    """The file holds no messages; the text says where."""


class Message(Struct, frozen=True):
    """What a caller says. `time` is when the message was written, where the file knows it."""

    text: str
    title: str = ""
    time: str = ""

    @property
    def headline(self) -> str:
        return (self.title or self.text)[:TITLE_LENGTH]


def default_data() -> Path:
    """The published messages where they lie beside the repo, else the sample that ships with it."""
    return BESIDE_THE_REPO if BESIDE_THE_REPO.exists() else SAMPLE


def read_messages(path: Path) -> list[Message]:
    """Raises BadData."""
    try:
        with lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb") as lines:
            found = list(_parse(path, lines))
    except (OSError, lzma.LZMAError) as error:
        raise BadData(f"{path}: {error}") from error
    if not found:
        raise BadData(f"{path}: no messages")
    return found


def _parse(path: Path, lines: Iterable[bytes]) -> Iterable[Message]:
    decoder = msgspec.json.Decoder(Message)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            message = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadData(f"{path}, line {number}: {error}") from error
        if message.text.strip():
            yield message

"""What an actor was promised and what it did, one JSON line each, flushed as it happens: the ledger's first source."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct


class Touches(Struct, frozen=True, tag="touches"):
    """Contact events that intake took: contact id, event number, type."""

    at: float
    items: tuple[tuple[str, int, str], ...]


class Registered(Struct, frozen=True, tag="registered"):
    """A 202 for a case; `asked` and `at` are unix seconds of the first request and of the answer."""

    asked: float
    at: float
    contact: str
    matter: int
    case: str
    command: str
    answered: bool


class Attached(Struct, frozen=True, tag="attached"):
    """A 202 for another contact about a case."""

    at: float
    contact: str
    case: str
    command: str


class Commanded(Struct, frozen=True, tag="commanded"):
    """A command that dispatch or a department's answers topic took; `status` 0: acknowledged by the broker."""

    at: float
    case: str
    command: str
    verb: str
    status: int
    reason: str = ""


class Settled(Struct, frozen=True, tag="settled"):
    """A person told notify what became of an unknown or unreachable reply."""

    at: float
    case: str
    obligation: str


class Switched(Struct, frozen=True, tag="switched"):
    """A surge profile that knowledge put on or off."""

    at: float
    profile: str
    on: bool


class Refused(Struct, frozen=True, tag="refused"):
    """An answer that ends a request without doing it, and that nobody expected."""

    at: float
    what: str
    status: int
    detail: str


Line = Touches | Registered | Attached | Commanded | Settled | Switched | Refused
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


class Journal:
    """One actor's file in the folder of the run; a line that is written has reached the operating system."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / f"{name}.jsonl").open("ab", buffering=0)
        self.lines = 0

    def write(self, line: Line) -> None:
        self._file.write(_encoder.encode(line) + b"\n")
        self.lines += 1

    def refused(self, what: str, status: int, body: object) -> None:
        detail = body.get("detail", "") if isinstance(body, dict) else body
        self.write(Refused(time.time(), what, status, str(detail)[:300]))

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> Iterator[Line]:
    """The lines of one journal; a last line cut short by a crash is left out."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield _decoder.decode(line)


def read_all(folder: Path, foreign: str) -> list[Line]:
    """The lines of every actor's journal in a run's folder; `foreign` is the file of somebody else."""
    paths = sorted(path for path in folder.glob("*.jsonl") if path.name != foreign)
    return [line for path in paths for line in read(path)]

"""What the launcher tells the world's process about a run."""

from pathlib import Path

import msgspec
from msgspec import Struct


class RunConfig(Struct, frozen=True, kw_only=True):
    """One run: `rate` in calls per second (0: as fast as possible), URLs of each service's replicas.

    The secret of the tokens, the broker's address and the clock come in the environment (shared.settings).
    """

    name: str
    calls: int
    events: int
    """Callers about one cause, beside the calls."""
    rate: float
    seed: int
    data: str
    """Path of the messages."""
    folder: str
    """Where the journals of this run lie."""
    urls: dict[str, list[str]]
    partners: list[str] = []
    """Whom the dispatcher hands cases to: a partner city's code, emergency numbers."""

    def save(self) -> Path:
        path = Path(self.folder) / "run.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)))
        return path


def read_config(path: Path) -> RunConfig:
    return msgspec.json.decode(path.read_bytes(), type=RunConfig)


class Progress(Struct, frozen=True, kw_only=True):
    """One line of the world's standard output: counts so far."""

    offered: int = 0
    again: int = 0
    ended: int = 0
    registered: int = 0
    attached: int = 0
    started: float = 0.0
    finished: float = 0.0
    """Unix seconds at which the last call had ended; 0 before."""
    acted: dict[str, int] = {}
    intends: int = 0
    """What somebody will still do to cases that are at rest."""
    troubles: int = 0
    trouble: str = ""
    """The last reason why a request had to be repeated."""

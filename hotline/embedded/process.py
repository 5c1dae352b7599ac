"""What the supervisor runs: one process, how it starts, and how one knows that it is ready."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """A named process. `ready` raises while it is not ready and returns when it is."""

    name: str
    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    ready: Callable[[], Awaitable[None]] | None = None

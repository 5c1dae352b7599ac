"""The trained model at dispatch's door: read when it appears or changes, asked for proposals. It decides nothing."""

import asyncio
from pathlib import Path

import structlog

from services.dispatch.classifier import model_file
from services.dispatch.classifier.messages import Message
from services.dispatch.classifier.model import Model
from services.dispatch.domain.proposals import Proposals, Topics, propose
from services.dispatch.domain.routing import Router
from services.dispatch.domain.situation import Situation

log = structlog.get_logger()


class Proposer:
    """Proposes topics and units where a model is there."""

    def __init__(self, path: Path, topics: Topics, router: Router) -> None:
        self._path = path
        self._topics = topics
        self._router = router
        self._model: Model | None = None
        self._read_at = 0
        self._reading = asyncio.Lock()

    async def propose(self, situation: Situation) -> tuple[str, Proposals] | None:
        """The model's version and what it proposes; None without a model that can be read."""
        model = await self._current()
        if model is None:
            return None
        guesses = await asyncio.to_thread(model.guess, Message(situation.title, situation.text), len(model.labels))
        found = [(guess.label, guess.confidence) for guess in guesses]
        return model.version, propose(found, self._topics, self._router, situation)

    async def _current(self) -> Model | None:
        """The model of the file as it is now; one that cannot be read leaves the last good one in place."""
        async with self._reading:
            changed_at = self._changed_at()
            if changed_at != self._read_at:
                self._read_at = changed_at
                self._model = await asyncio.to_thread(self._read) if changed_at else None
        return self._model

    def _changed_at(self) -> int:
        """Nanoseconds; 0 where there is no file."""
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return 0

    def _read(self) -> Model | None:
        try:
            return model_file.read(self._path)
        except (model_file.BadModel, OSError) as error:
            log.warning("topic model unreadable", path=str(self._path), error=str(error))
            return self._model

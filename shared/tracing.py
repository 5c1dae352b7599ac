"""Spans of a case's way, each under the id that its records carry anyway; a span is told once its work is over.

Without an exporter nothing is kept: the cost is one look at `TRACER.on`.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from shared import names
from shared.settings import Settings


class Finished(NamedTuple):
    """A span that is over. `own` and `parent` are traceparents; times in unix nanoseconds."""

    span: names.Span
    own: str
    parent: str
    started_ns: int
    ended_ns: int
    failed: bool
    attributes: dict[str, str | int]


Sink = Callable[[Finished], None]


class Tracer:
    """Hands finished spans to a sink, where there is one."""

    def __init__(self) -> None:
        self.on = False
        self._sink: Sink | None = None

    def export_to(self, sink: Sink | None) -> None:
        """From now on; without a sink spans are dropped."""
        self._sink, self.on = sink, sink is not None

    def tell(
        self, span: names.Span, own: str, parent: str, started_ns: int, about: Mapping[str, str | int],
        *, failed: bool = False,
    ) -> None:  # fmt: skip
        """A span that ends now; `about` by the keys of names.ATTRIBUTES."""
        if self._sink is not None:
            named = {names.ATTRIBUTES[name]: value for name, value in about.items()}
            self._sink(Finished(span, own, parent, started_ns, time.time_ns(), failed, named))


TRACER = Tracer()


@contextmanager
def exporting(settings: Settings) -> Iterator[None]:
    """While this lasts spans go to `settings.otlp`, an OTLP/HTTP endpoint's base URL; the queue goes out at the end."""
    if not settings.otlp:
        yield
        return
    # Imported here alone: the SDK costs each process a quarter of a second that most have no use for.
    from shared.otlp import otlp_processor, sink_of

    processor = otlp_processor(settings.otlp)
    TRACER.export_to(sink_of(processor, settings.name))
    # uvicorn raises the signal again after its own shutdown, which would end the process before the queue is out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        TRACER.export_to(None)
        processor.shutdown()

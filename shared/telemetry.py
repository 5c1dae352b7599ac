"""Structured logs without personal data, and the trace context that travels in every record."""

import logging
import random
import sys

import structlog

from shared.ids import trace_of
from shared.settings import Settings


def configure_logs(settings: Settings) -> None:
    """JSON lines on stderr, one per event, with the process's name; noisy libraries only from WARNING."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=settings.name, city=settings.city)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("aiokafka").addFilter(_Limit(per_window=20, window_s=10.0))


class _Limit(logging.Filter):
    """During an outage aiokafka writes thousands of lines; keep a few per window (kafka-facts §4.7)."""

    def __init__(self, per_window: int, window_s: float) -> None:
        super().__init__()
        self._per_window, self._window_s = per_window, window_s
        self._started, self._count = 0.0, 0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.created - self._started > self._window_s:
            self._started, self._count = record.created, 0
        self._count += 1
        return self._count <= self._per_window


def traceparent(parent: str = "", of: str = "") -> str:
    """A W3C trace context with a new span id: in the parent's trace, or else in that of the case or contact `of`.

    Ids need only be random, not secret: no call of the kernel for each.
    """
    trace = trace_of(parent, of) or f"{random.getrandbits(128):032x}"
    return f"00-{trace}-{random.getrandbits(64):016x}-01"

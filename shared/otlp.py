"""Finished spans in the words of the OpenTelemetry SDK, and their export over OTLP/HTTP in batches."""

from functools import cache

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from shared.ids import TRACEPARENT
from shared.tracing import Finished, Sink

EXPORT_S = 2.0
QUEUE, BATCH, EVERY_MS = 8192, 2048, 1000
"""What does not fit is dropped; at the end at most QUEUE / BATCH exports of EXPORT_S each go out: 8 s."""
_FAILED, _FINE = Status(StatusCode.ERROR), Status(StatusCode.UNSET)


def otlp_processor(url: str) -> SpanProcessor:
    """Exports in a thread of its own; a collector that is away costs spans, never a case."""
    exporter = OTLPSpanExporter(f"{url.rstrip('/')}/v1/traces", timeout=EXPORT_S)
    return BatchSpanProcessor(exporter, QUEUE, EVERY_MS, BATCH)


def sink_of(processor: SpanProcessor, instance: str) -> Sink:
    """Hands spans to a processor; `instance` is the process's name."""

    def sink(finished: Finished) -> None:
        span = _readable(finished, instance)
        if span is not None:
            processor.on_end(span)

    return sink


def _readable(finished: Finished, instance: str) -> ReadableSpan | None:
    """Nothing for a span without a usable id; a parent of another trace is none."""
    own, parent = _context(finished.own), _context(finished.parent)
    if own is None:
        return None
    service = finished.span.service
    return ReadableSpan(
        name=finished.span.name,
        context=own,
        parent=parent if parent is not None and parent.trace_id == own.trace_id else None,
        resource=_resource(service, instance),
        attributes=finished.attributes,
        kind=SpanKind[finished.span.kind],
        status=_FAILED if finished.failed else _FINE,
        start_time=finished.started_ns,
        end_time=finished.ended_ns,
        instrumentation_scope=InstrumentationScope(f"services.{service}"),
    )


def _context(traceparent: str) -> SpanContext | None:
    match = TRACEPARENT.match(traceparent)
    if match is None:
        return None
    return SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=TraceFlags(int(match[3], 16)))


@cache
def _resource(service: str, instance: str) -> Resource:
    return Resource({"service.namespace": "hotline", "service.name": service, "service.instance.id": instance})

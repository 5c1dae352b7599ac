"""Spans: ids that a repeat keeps, nothing paid while none are exported, and what a collector is sent."""

import timeit

import pytest

from shared import names
from shared.ids import span_of, trace_of
from shared.otlp import otlp_processor, sink_of
from shared.telemetry import traceparent
from shared.tracing import Finished, Tracer
from tests.collector import collecting

CASE = "N-5a7f1c9e-2f62-5c1e-9a53-12345c0de000"
PARENT = f"00-{'1' * 32}-{'2' * 16}-01"


def test_without_a_trace_of_its_own_a_record_belongs_to_its_case() -> None:
    assert trace_of("", CASE) == "5a7f1c9e2f625c1e9a5312345c0de000"
    assert traceparent("", CASE).split("-")[1] == trace_of("", CASE)
    assert trace_of(PARENT, CASE) == "1" * 32
    assert trace_of("", "no id") == ""


@pytest.mark.parametrize("broken", ["x", f"00-{'0' * 32}-{'2' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01", "00-1-2-01"])
def test_a_broken_traceparent_is_none(broken: str) -> None:
    assert trace_of(broken, CASE) == trace_of("", CASE)


def test_a_span_id_comes_from_the_cause() -> None:
    event = "0123abcd-4567-89ab-cdef-000000000000"
    assert span_of(PARENT, event, CASE) == f"00-{'1' * 32}-0123abcd456789ab-01" == span_of(PARENT, event, CASE)


def test_nothing_is_paid_while_nothing_is_exported() -> None:
    tracer = Tracer()

    def event() -> None:
        if tracer.on:
            tracer.tell(names.DECIDE, PARENT, PARENT, 0, {"case": CASE})

    best = min(timeit.repeat(event, number=20_000, repeat=5)) / 20_000
    assert best < 1e-6, f"{best * 1e9:.0f} ns an event"


def test_a_span_goes_out_under_the_ids_of_its_records() -> None:
    own = span_of(PARENT, CASE[2:], CASE)
    with collecting() as collector:
        processor = otlp_processor(f"{collector.url}/")
        sink_of(processor, "dispatch.1")(Finished(names.DECIDE, own, PARENT, 1, 2, False, {"hotline.case.id": CASE}))
        processor.shutdown()
    ((path, request),) = collector.taken
    (told,) = request.resource_spans
    (span,) = told.scope_spans[0].spans
    assert path == "/v1/traces"
    assert {a.key: a.value.string_value for a in told.resource.attributes}["service.name"] == "dispatch"
    assert (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) == (*own.split("-")[1:3], "2" * 16)

"""Begins spans that hold no text of an error, and writes and reads contexts as W3C traceparent.

The SDK records exceptions with their texts by default: those of a database hold the cells of people.
Source: W3C Trace Context; OpenTelemetry semantic conventions (names of attributes).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from domain.ports.errors import StorageError

Attributes = Mapping[str, str | int | bool]

_PROPAGATOR = TraceContextTextMapPropagator()


@contextmanager
def span_of(
    tracer: Tracer,
    name: str,
    kind: SpanKind,
    *,
    parent: Context | None = None,
    links: Sequence[Link] = (),
    attributes: Attributes | None = None,
) -> Iterator[Span]:
    """Have a span be the current one for the block; the class of an error is all that is told of it.

    `parent` is None for the current one.
    """
    with tracer.start_as_current_span(
        name,
        parent,
        kind,
        attributes,
        links,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            # Others end a transaction on purpose: a refusal, a cancellation.
            if isinstance(error, StorageError):
                span.set_status(Status(StatusCode.ERROR))
            raise


def is_in_trace() -> bool:
    """Return whether there is a current span."""
    return get_current_span().get_span_context().is_valid


def link_to_current() -> list[Link]:
    """Return a link to the current span, where there is one."""
    return [Link(get_current_span().get_span_context())] if is_in_trace() else []


def traceparent_of(span: Span) -> str:
    """Return the context of a span as a `traceparent`."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def parent_from(traceparent: str, tracestate: str = "") -> Context:
    """Return the context that a `traceparent` names; an empty one where it is malformed."""
    return _PROPAGATOR.extract({"traceparent": traceparent, "tracestate": tracestate}, Context())

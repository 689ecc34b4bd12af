"""The log lines of a task's feed: each sentence by a code, with parameters.

A client words them in its own language by code and parameters; the English stands beside them.
"""

from domain.messages import Log, LogLevel, Param
from streams.messages import Draft, draft, timestamp

SENTENCES = {
    "task.queued": "waiting for a free place: number {place} in the queue",
    "task.restarted": "the server was restarted: the task starts again",
    "export.writing": "writing {events} events as {format}",
    "export.written": "{events} events, {bytes} bytes",
    "analysis.reading": "analysing {events} events",
    "analysis.found": "{events} events in {cities} cities, {upcoming} still to come",
    "analysis.over_capacity": "{count} with more participants than their venue holds",
    "analysis.likely_duplicates": "{count} likely duplicates",
    "analysis.not_accessible": "{count} past events in a venue that is not accessible",
    "check.reading": "checking {filename!r}",
    "check.found": "{accepted} rows would be stored, {rejected} would be rejected",
}
"""The English of each code."""

STEPS = {
    "export.writing": "writing events",
    "check.reading": "reading rows",
    "analysis.reading": "reading events",
    "analysis.concluding": "drawing conclusions",
}
"""The English of each step of a task's progress, by its code; none has parameters."""


def step_words(step: str | None) -> tuple[str | None, str | None]:
    """Return the English of a step and its code; a step of an earlier version is English without a code."""
    return (STEPS[step], step) if step in STEPS else (step, None)


def task_line(task_id: str, level: LogLevel, code: str, *, at_ms: int, **params: Param) -> Draft:
    """Return a log line for a task's feed: the sentence of a code, with its parameters."""
    message = SENTENCES[code].format(**params)
    return draft(Log(f"tarefas/{task_id}", timestamp(at_ms), level, message, code, params))

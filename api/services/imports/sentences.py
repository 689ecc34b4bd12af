"""The log lines of an import's feed: each sentence by a code, with parameters.

A client words them in its own language by code and parameters; the English is sent with them.
"""

from typing import Any

from domain.messages import Log, LogLevel
from streams.messages import Draft, draft, timestamp

SENTENCES = {
    "import.receiving": "Receiving {filename!r}",
    "import.resumed": "The upload resumes at byte {offset}",
    "import.broke_off": (
        "The upload broke off after {offset} bytes; send the rest with Upload-Offset: {offset}"
    ),
    "import.staged": "The file is staged; nothing is imported yet",
    "import.staged_begun": "Importing the staged file",
    "import.restarted": "The server was restarted; the import continues after row {record}",
    "import.queued": "Waiting for other imports: place {place} in the queue",
    "import.read_as": "Reading as {dialect}",
    "import.columns": "Columns: {columns}",
    "import.taking_out": "Removing the stored rows: {reason}",
}
"""The English of each code. Warnings have codes of their own, which the import's answer documents."""


def log_line(feed: str, level: LogLevel, code: str, *, at_ms: int, **params: Any) -> Draft:
    """Return a log line for an import's feed: the sentence of a code, with its parameters."""
    message = SENTENCES[code].format(**{name: _shown(value) for name, value in params.items()})
    return draft(Log(feed, timestamp(at_ms), level, message, code, params))


def warning_line(feed: str, warning: dict[str, Any], *, at_ms: int, counted: bool) -> Draft:
    """Return the log line of a warning, with its code."""
    message = f"{warning['message']} ({warning['count']})" if counted else warning["message"]
    names = {"names": warning["names"]} if "names" in warning else {}
    params = {"count": warning["count"], **names, **warning.get("params", {})}
    return draft(Log(feed, timestamp(at_ms), "warning", message, warning["code"], params))


def _shown(value: Any) -> Any:
    """Return a parameter as it stands in a sentence."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {item!r}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(f"{column['name']} → {column['field']}" for column in value)
    return value

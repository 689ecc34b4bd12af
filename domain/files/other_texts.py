"""Recognises texts that are no table, or one that spreadsheets of old wrote: mails, dumps, YAML, TOML, SYLK.

Only by what no table begins with; whatever is not clear is left to the header of a table.
Sources: RFC 5322 §2.2, RFC 2557 (MHTML), YAML 1.2, TOML 1.0.
"""

import re

from domain.rows.missing_columns import known_columns

_OF_MAIL = frozenset(
    (
        *("from", "to", "cc", "subject", "date", "received", "return-path", "delivered-to", "message-id"),
        *("content-type", "mime-version", "dkim-signature", "reply-to", "in-reply-to"),
    )
)
_ON_THE_WAY = frozenset(("to", "received", "return-path", "delivered-to", "message-id"))
"""What a mail has, and a web page in the form of a mail does not."""

_LEAST_HEADERS = 3
"""So many lines at the top make a mail: one or two may be the first lines of a table."""

_LEAST_WITH_ADDRESS = 2
"""So many do where one has an address, a blank line follows, and no header of a table."""
_SEARCHED_LINES = 20
_LONGEST_HEADER = 1000
_ADDRESS = re.compile(r"[^\s@,;|]@[^\s@,;|]")
_DELIMITER = re.compile(r"[,;\t|]")

_MAILBOX = "From "
_HEADER = re.compile(
    r"([A-Za-z][A-Za-z-]*+):[^\r\n]*+(?:(?:\r\n|\n|\r)[ \t][^\r\n]*+)*+(?:\r\n|\n|\r|\Z)",
)
_RELATED = re.compile(r"Content-Type:\s*multipart/related", re.IGNORECASE)

_NAME = r"[\w.`\"\[\]]++"
_SQL = re.compile(
    r"(?:\s++|--[^\r\n]*+|/\*.*?\*/;?)*+(?:"
    rf"(?:INSERT|REPLACE)\s+INTO\s+{_NAME}\s*(?:\(|VALUES\b|SELECT\b)"
    rf"|CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s*\("
    rf"|DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?{_NAME}\s*;"
    r"|(?:BEGIN|START)\s+TRANSACTION\s*;|(?:SET|PRAGMA)\s+\w++\s*=|LOCK\s+TABLES\s)",
    re.IGNORECASE | re.DOTALL,
)
_KEY = r"[A-Za-z_]\w*+:"
_YAML = re.compile(
    rf"(?:%YAML [^\r\n]*+[\r\n]++)?(?:---[ \t]*+[\r\n]++)?(?:{_KEY}[ \t]*+[\r\n]++[ \t]*+)?"
    rf"- +{_KEY}(?: [^\r\n]*+)?[\r\n]++ +{_KEY}[ \r\n]"
)
_YAML_KEY = re.compile(rf"{_KEY}[ \t]*+(?:[\r\n]|\Z)")

_TOML_NAME = r"[A-Za-z_][\w. -]*+"
_TOML_PAIR = r"[A-Za-z_][\w.-]*+[ \t]*+="
_TOML_BLANK = r"(?:[ \t]*+(?:[#;][^\r\n]*+)?[\r\n]++)*+"
# A table's name alone in its line, and a value below it.
_TOML = re.compile(
    rf"{_TOML_BLANK}(?:{_TOML_PAIR}[^\r\n]*+[\r\n]++{_TOML_BLANK})*+"
    rf"(?:\[\[{_TOML_NAME}\]\]|\[{_TOML_NAME}\])[ \t]*+(?:[#;][^\r\n]*+)?[\r\n]++"
    rf"{_TOML_BLANK}[ \t]*+{_TOML_PAIR}"
)
_TOML_START = re.compile(rf"\[\[?[A-Za-z_]|{_TOML_PAIR}")

# The program that wrote it, then records: their kind and their fields, each with its letter.
_SYLK = re.compile(
    r"ID;P[^;\r\n]*+(?:;[NE])*+[\r\n]++(?:[BCFOPW]|N[NEU])(?:;[A-Z][^;\r\n]*+)++[\r\n]++"
    r"(?:E[ \t]*+(?:[\r\n]|\Z)|(?:[BCFOPW]|N[NEU]);[A-Z])"
)
_DIF = re.compile(r"TABLE[ \t]*+(?:\r\n|\r|\n)0,1[ \t]*+(?:\r\n|\r|\n)\"")


_BY_BEGINNING = (("sql", _SQL), ("yaml", _YAML), ("toml", _TOML), ("sylk", _SYLK), ("dif", _DIF))


def may_be_other(start: str) -> bool:
    """Return whether a text begins so that more of it decides."""
    return (
        start.startswith(("-", "%YAML", "ID;P", "TABLE", _MAILBOX))
        or _begins_mail(start)
        or _TOML_START.match(start) is not None
        or _YAML_KEY.match(start) is not None
    )


def other_text(start: str) -> str | None:
    """Return what a text is, as a kind of `PHRASES`; None if it may be a table."""
    if start.startswith(_MAILBOX) or _begins_mail(start):
        return _mail(start)
    return next((kind for kind, pattern in _BY_BEGINNING if pattern.match(start)), None)


def _begins_mail(start: str) -> bool:
    first = _HEADER.match(start)
    return first is not None and first[1].lower() in _OF_MAIL


def _mail(start: str) -> str | None:
    """Return `mail`, or `mht` of a web page that was saved in the form of one."""
    at = start.find("\n") + 1 if start.startswith(_MAILBOX) else 0
    begins, found = at, set[str]()
    while header := _HEADER.match(start, at):
        found.add(header[1].lower())
        at = header.end()
    if "mime-version" in found and found.isdisjoint(_ON_THE_WAY) and _RELATED.search(start, 0, at):
        return "mht"
    known = len(found & _OF_MAIL)
    if "mime-version" in found or known >= _LEAST_HEADERS:
        return "mail"
    is_letter = (
        known >= _LEAST_WITH_ADDRESS and _ADDRESS.search(start, begins, at) and start[at : at + 1] in "\r\n"
    )
    return "mail" if is_letter and not _has_table(start[at:]) else None


def _has_table(text: str) -> bool:
    """Return whether one of the first lines names columns."""
    lines = text.splitlines()[:_SEARCHED_LINES]
    return any(known_columns(_DELIMITER.split(line[:_LONGEST_HEADER])) > 1 for line in lines)

"""Recognises texts that are no table: mails, dumps of databases, YAML.

Only by what no table begins with; whatever is not clear is left to the header of a table.
Sources: RFC 5322 §2.2, RFC 2557 (MHTML), YAML 1.2.
"""

import re

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
    rf"(?:%YAML [^\r\n]*+[\r\n]++)?(?:---[ \t]*+[\r\n]++)?- +{_KEY}(?: [^\r\n]*+)?[\r\n]++ +{_KEY}[ \r\n]"
)


def may_be_other(start: str) -> bool:
    """Return whether a text begins so that more of it decides."""
    return start.startswith(("-", "%YAML", _MAILBOX)) or _begins_mail(start)


def other_text(start: str) -> str | None:
    """Return what a text is, as a kind of `PHRASES`; None if it may be a table."""
    if start.startswith(_MAILBOX) or _begins_mail(start):
        return _mail(start)
    if _SQL.match(start):
        return "sql"
    return "yaml" if _YAML.match(start) else None


def _begins_mail(start: str) -> bool:
    first = _HEADER.match(start)
    return first is not None and first[1].lower() in _OF_MAIL


def _mail(start: str) -> str | None:
    """Return `mail`, or `mht` of a web page that was saved in the form of one."""
    at = start.find("\n") + 1 if start.startswith(_MAILBOX) else 0
    found = set[str]()
    while header := _HEADER.match(start, at):
        found.add(header[1].lower())
        at = header.end()
    if "mime-version" in found and found.isdisjoint(_ON_THE_WAY) and _RELATED.search(start, 0, at):
        return "mht"
    return "mail" if "mime-version" in found or len(found & _OF_MAIL) >= _LEAST_HEADERS else None

"""Recognises texts that are no table, or one of another form: mails, dumps, YAML, TOML, SYLK, drawn lines.

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
# Comments, and commands of the program that runs the statements.
_BEFORE_SQL = (
    r"(?:\s++|--[^\r\n]*+|/\*.*?\*/;?|REM(?:ARK)?[ \t][^\r\n]*+"
    r"|\\(?:(?:un)?restrict|connect|c|encoding|set|pset|timing)\b[^\r\n]*+)*+"
)
_SQL = re.compile(
    rf"{_BEFORE_SQL}(?:"
    r"(?:INSERT|REPLACE)\s+(?:(?:IGNORE|DELAYED|LOW_PRIORITY|OR\s+\w++)\s+)?INTO\s+"
    rf"{_NAME}\s*(?:\(|VALUES\b|SELECT\b)"
    # That of SQL Server needs no INTO, and its names stand in brackets.
    rf"|INSERT\s+(?=\[){_NAME}\s*\("
    rf"|CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s*\("
    rf"|DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?{_NAME}\s*;"
    r"|(?:BEGIN|START)\s+TRANSACTION\s*;|(?:SET|PRAGMA)\s+\w++\s*=|LOCK\s+TABLES\s"
    r"|SET\s+(?:NAMES\s+(?:utf|latin|cp|ascii|binary|')|DEFINE\s+OFF\b"
    r"|(?:ANSI_NULLS|QUOTED_IDENTIFIER|NOCOUNT)\s+O(?:N|FF)\b|IDENTITY_INSERT\s+\S++\s+O(?:N|FF)\b)"
    rf"|USE\s++{_NAME}[ \t]*+;?[ \t]*+[\r\n]\s*+(?:GO\b|SET\b|--|/\*|(?:CREATE|DROP|INSERT|LOCK)\s)"
    # The rows of PostgreSQL stand below; those of a CSV have a header, perhaps.
    rf"|\\?COPY\s+{_NAME}\s*(?:\([^()]*+\)\s*)?FROM\s+(?:stdin\s*(?:;|[\r\n]|\Z)|'[^'\r\n]*+'))",
    re.IGNORECASE | re.DOTALL,
)

# As psql, MySQL and SQLite show a table: with lines of boxes, or each row as lines of its own.
_DRAWN = re.compile(
    r"[\u250c\u250f\u2554\u256d][\u2500-\u257f]{2}|[-\u2500]\[ \w+ 1 \]|\*{5,} 1\. \w+ \*{5}"
    r"|[^\r\n\u2502\u2503\u2551]*+[\u2502\u2503\u2551][^\r\n]*+(?:\r\n|\n|\r)[ \t]*+[\u2500-\u257f]{3}"
)
# Names with blanks between them, and a ruler below each.
_RULED = re.compile(
    r"(?:[-=]++(?: ++[-=]++)++[ ]*+(?:\r\n|\n|\r))?(?P<names>[^\r\n,;\t|]++)(?:\r\n|\n|\r)"
    r" *+[-=]++(?: ++[-=]++)++ *+(?:[\r\n]|\Z)"
)
_LEAST_NAMES = 2
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


_BY_BEGINNING = (
    *(("sql", _SQL), ("yaml", _YAML), ("toml", _TOML), ("sylk", _SYLK), ("dif", _DIF)),
    ("drawn", _DRAWN),
)


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
    kind = next((kind for kind, pattern in _BY_BEGINNING if pattern.match(start)), None)
    kind = kind or ("drawn" if _is_ruled(start) else None)
    # Of a title in a frame only the first lines are drawn.
    return None if kind == "drawn" and _has_table(start) else kind


def _is_ruled(start: str) -> bool:
    """Return whether a text is a table whose columns only blanks keep apart, as terminals show it."""
    found = _RULED.match(start)
    return found is not None and known_columns(found["names"][:_LONGEST_HEADER].split()) >= _LEAST_NAMES


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

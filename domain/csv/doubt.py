r"""Decides whether bytes that are not UTF-8 give better text in another encoding than Windows-1252.

Macs of old and DOS wrote other bytes for the letters of Portuguese and Spanish: read by
Windows-1252 they become symbols in the middle of words (`S\u2039o` for `São`).
"""

import re

from domain.csv.other_scripts import other_script, polish_word
from domain.problems import Problem, excerpt, problem

CANDIDATES = ("mac-roman", "cp850")
NAMES = {"mac-roman": "macintosh", "cp850": "cp850"}
"""What an uploader writes for them."""

_LETTER = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff"
# Not the apostrophe, the dashes and the quotes of Windows, which good text has next to letters.
_SYMBOL = (
    "[^\\w\\s\\x00-\\x7f\u2019\u2018\u2013\u2014\u201c\u201d\u2026\u00aa\u00ba\u00b0\u00b7\u00ab\u00bb\u00a0]"
)
_IMPROBABLE = re.compile(
    rf"(?<=[{_LETTER}]){_SYMBOL}+(?=[{_LETTER}])|(?<=[A-Za-z])[\u00c0-\u00d6\u00d8-\u00de\u0152\u0160\u017d\u0178](?=[a-z])"
    rf"|(?<=[a-z]){_SYMBOL}"
    r"|(?<=[A-Z])[\u00e0-\u00f6\u00f8-\u00ff](?=[A-Z])|(?<=[A-Z]{2})[\u00e0-\u00f6\u00f8-\u00ff](?![\w])"
    # A capital, a dash or the French ligature at the end of a word: é, ó and ú of a Mac.
    r"|(?<=[a-z])[\u00c0-\u00d6\u00d8-\u00de\u0160\u017d\u0178](?![\w])"
    r"|(?<=[A-Za-z])[\u2013\u2014](?=[;,|\t\"\r\n]|$)|(?<=[A-Za-z])\u0153(?![ui])"
    r"|(?<=[a-z])[\u2013\u2014](?=[a-z]{1,2}(?![\w]))|(?<=[A-Za-z])\u0192"
)
_USUAL = re.compile(
    "[\u00e1\u00e0\u00e2\u00e3\u00e7\u00e9\u00ea\u00ed\u00f3\u00f4\u00f5\u00fa\u00f1\u00fc](?=[a-z]|\\W|$)"
    "|(?<=[A-Z])[\u00c1\u00c0\u00c2\u00c3\u00c7\u00c9\u00ca\u00cd\u00d3\u00d4\u00d5\u00da\u00d1\u00dc]"
)
_OTHER = re.compile("[\u00e4\u00e5\u00e6\u00e8\u00eb\u00ec\u00ee\u00ef\u00f2\u00f6\u00f8\u00f9\u00fb]")


def doubt_about(content: bytes) -> Problem | None:
    """Return why the uploader has to name the encoding of bytes that are not UTF-8, or None."""
    foreign = other_script(content)
    if foreign is not None:
        word, encodings = foreign
        return _unclear_word(word, encodings)
    if better := better_encodings(content):
        return _unclear_letters(content, better)
    polish = polish_word(content)
    return _unclear_word(polish, ("windows-1250",)) if polish else None


def _unclear_word(word: str, encodings: tuple[str, ...]) -> Problem:
    shown = excerpt(_words(word))
    if not encodings:
        return problem("unclear_encoding.unknown", "encoding", value=shown)
    meant = word.encode("cp1252", "surrogateescape").decode(encodings[0], "replace")
    return _unclear(shown, excerpt(_words(meant)), encodings)


def better_encodings(content: bytes) -> tuple[str, ...]:
    """Return the encodings that give better text than Windows-1252, best first."""
    own = content.decode("cp1252", "surrogateescape")
    if not _IMPROBABLE.search(own):
        return ()
    least = _likeness(own)
    ranked = sorted(((_likeness(content.decode(name)), name) for name in CANDIDATES), reverse=True)
    return tuple(NAMES[name] for likeness, name in ranked if likeness > max(0, least))


def _unclear_letters(content: bytes, better: tuple[str, ...]) -> Problem:
    found = _IMPROBABLE.search(content.decode("cp1252", "surrogateescape"))
    at = found.start() if found else 0
    raw = content[max(0, at - 10) : at + 10]
    shown, meant = (excerpt(_words(raw.decode(name, "replace"))) for name in ("cp1252", _codec(better[0])))
    return _unclear(shown, meant, better)


def _unclear(shown: str, meant: str, better: tuple[str, ...]) -> Problem:
    return problem(
        "unclear_encoding",
        "encoding",
        value=shown,
        suggestion=better[0],
        suggestions=better,
        meant=meant,
        better=better[0],
        choices=" or encoding=".join((*better, "windows-1252")),
    )


def _words(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f;,|]+", " ", text).split())


def _codec(name: str) -> str:
    return next(codec for codec, known in NAMES.items() if known == name)


def _likeness(text: str) -> int:
    """Return how much a text is like one in Portuguese, Spanish or their neighbours."""
    usual, other = len(_USUAL.findall(text)), len(_OTHER.findall(text))
    return 2 * usual + other - 3 * len(_IMPROBABLE.findall(text))

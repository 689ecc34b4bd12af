r"""Decides whether bytes that are not UTF-8 give better text in another encoding than Windows-1252.

Macs of old and DOS wrote other bytes for the letters of Portuguese and Spanish: read by
Windows-1252 they become symbols in the middle of words (`S\u2039o` for `São`), or letters that stand in
no word so (`S\u00c7O` for `SÃO`, `\u00e2NIBUS` for `ÔNIBUS`).
"""

import re

from domain.csv.latin_9 import latin_9_text
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
_UNDEFINED = "\udc81\udc8d\udc8f\udc90\udc9d"
"""What Windows-1252 makes of bytes that it does not define."""

_IN_WORDS = (
    rf"(?<=[{_LETTER}]){_SYMBOL}+(?=[{_LETTER}])",
    rf"(?<=[a-z]){_SYMBOL}",
    r"(?<=[A-Za-z])[\u00c0-\u00d6\u00d8-\u00de\u0152\u0160\u017d\u0178](?=[a-z])",
    # A capital, a dash or the French ligature at the end of a word: é, ó and ú of a Mac.
    r"(?<=[a-z])[\u00c0-\u00d6\u00d8-\u00de\u0160\u017d\u0178](?![\w])",
    r"(?<=[A-Za-z])[\u2013\u2014](?=[;,|\t\"\r\n]|$)",
    r"(?<=[A-Za-z])\u0153(?![ui])",
    r"(?<=[a-z])[\u2013\u2014](?=[a-z]{1,2}(?![\w]))",
    # A vowel behind â, the sign of a unit within a word, ç before a consonant at the beginning of one.
    r"[\u00c2\u00e2](?=[AEOaeo])",
    r"(?<=[A-Za-z])[\u0192\u00b5]",
    r"[\u00b5\u00b6](?=[a-z]{3})",
    r"\b\u00e7(?=[b-df-hj-np-tv-z])",
    # The bytes that DOS has for É and ü; and those quotes that it has for ô and ö.
    rf"[{_UNDEFINED}](?=[A-Z]|[a-z]{{2}})",
    rf"(?<=[A-Z]{{2}})[{_UNDEFINED}]",
    r"(?<=[a-z])\u201c(?=[a-z;,|\t\"\r\n ]|$)",
    r"(?<=[a-z])\u201d(?=[a-z])",
)
_IN_CAPITALS = (
    r"(?<=[A-Z])[\u00e0-\u00f6\u00f8-\u00ff\u0153\u0161\u017e](?=[A-Z])",
    r"(?<=[A-Z]{2})[\u00e0-\u00f6\u00f8-\u00ff](?![\w])",
    r"(?<=[A-Z])\u00b6",
    # At the beginning of a word: Ó, Ú, Ô, Â, Á, Ö, Ü of DOS, É of a Mac.
    r"(?<![\w'\u2019])[\u00e0-\u00f6\u00f8-\u00ff\u00b6\u00b5\u0192\u2122\u0161](?=[A-Z]{2})",
    # À of a Mac is Ë.
    r"\b\u00cb\b",
)
_C, _I, _E, _MAC_A, _MAC_O = "\u00c7", "\u00d6", "\u00d2", "\u00cc", "\u00cd"
"""What Windows-1252 makes of A with a tilde, Í and Ê of DOS, and of A and O with a tilde of a Mac."""

_BEHIND_C = (
    *("[BCDFGHJKMPQTVWXZ]", "[BCDFGPTV]R", "SS", "[IUNRL]S", "[EIOU]L", "[BST]AL", "[GPBX]I", "[NE]UNI"),
    *("PINI", "MPE", r"\bAVI", r"\bVER", r"\bBAR", r"\bJO", r"\b[B-DF-HJ-NP-TV-Z]"),
)
_BEFORE_I = (
    *(r"[AO]S?\b", r"[CDFGLMNPRSTVZ]{1,2}I[AO]S?\b", r"S?[TCDNSLMRF]IC[AO]S?\b"),
    *("TUL", r"NGUAS?\b", "DEO", "CUL", "TIM", "VIDU", "SPE"),
)
_BEHIND_MAC_O = (
    *("[LNC]H", "[SNRIUA]S", "Z", "DR", "[RNSO]T", "[NVGMPLRTX]I", "[LPG]E", "AD", "[LI]M", "[OI]L"),
)


def _behind(letters: str, contexts: tuple[str, ...]) -> str:
    """Return a pattern: one of the contexts ends with the letters before this place."""
    return "(?:" + "|".join(f"(?<={context}{letters})" for context in contexts) + ")"


_IN_CAPITALS_OF_OTHERS = (
    # LEILÃO, SÃO, IRMÃOS; PÃES, MÃE; MANHÃ, IRMÃS.
    rf"{_C}{_behind(_C, _BEHIND_C)}(?=OS?\b)",
    rf"{_C}(?<=M{_C})(?=ES?\b)",
    rf"{_C}(?<=\b[PC]{_C})(?=ES\b)",
    rf"{_C}(?<=[HM]{_C})(?=S?\b)",
    rf"{_C}(?<=\bL{_C})(?=S?\b)",
    # MARÍA, RÍO, FAMÍLIA, POLÍTICA, TÍTULO; LUÍS, SAÍDA, PIAUÍ; ÍNDIO, PÍER.
    *(f"{_I}(?={rest})" for rest in _BEFORE_I),
    rf"{_I}(?<=[AU]{_I})(?=[SZDRN])",
    rf"{_I}(?<=[AEU]{_I})\b",
    rf"{_I}(?<=\b{_I})(?=NDI|CON)",
    rf"{_I}(?<=\bP{_I})(?=ER)",
    # CIÊNCIA, PRÊMIO, GÊNERO, TÊNIS; VOCÊ, PORTUGUÊS.
    rf"{_E}(?=NCIAS?\b|MIOS?\b|NEROS?\b|NI[SX]\b)",
    rf"{_E}(?<=\bVOC{_E})(?=S?\b)",
    rf"{_E}(?<=GU{_E})(?=S\b)",
    # JOÃO, MÃES; IRMÃOS; MANHÃ; LEÕES.
    rf"{_MAC_A}(?=O\b|ES?\b)",
    rf"{_MAC_A}{_behind(_MAC_A, ('RM', 'AD', 'RG'))}(?=OS\b)",
    rf"{_MAC_A}(?<=NH{_MAC_A})(?=S?\b)",
    rf"{_MAC_O}{_behind(_MAC_O, _BEHIND_MAC_O)}(?=ES\b)",
)
_BEYOND_ASCII = r"(?=[^\x00-\x7f])"
"""All that is searched for begins so: one look at each character of the rest."""

_IMPROBABLE = re.compile(
    f"{_BEYOND_ASCII}(?:" + "|".join((*_IN_WORDS, *_IN_CAPITALS, *_IN_CAPITALS_OF_OTHERS)) + ")"
)
_QUOTED = re.compile(
    r"(?<![^\W\d_])(?:[\u201c-\u201e]|,,)([^\u201c-\u201e\r\n]{1,200})[\u201c\u201d]"
    r"|\u201c([^\u201c-\u201e\r\n]{1,200})\u201d"
)
"""Text between quotes that open and close: DOS has single letters there."""

_USUAL = re.compile(
    rf"{_BEYOND_ASCII}(?:"
    r"[\u00e1\u00e0\u00e2\u00e3\u00e7\u00e9\u00ea\u00ed\u00f3\u00f4\u00f5\u00fa\u00f1\u00fc](?=[a-z]|\W|$)"
    r"|(?<=[A-Z])[\u00c1\u00c0\u00c2\u00c3\u00c7\u00c9\u00ca\u00cd\u00d3\u00d4\u00d5\u00da\u00d1\u00dc]"
    r"|\b[\u00c0-\u00c2\u00c9\u00ca\u00cd\u00d3\u00d4\u00da\u00dc](?=[A-Za-z])|\b\u00c0\b)"
)
_OTHER = re.compile(
    rf"{_BEYOND_ASCII}(?:[\u00e4-\u00e6\u00e8\u00eb\u00ec\u00ee\u00ef\u00f2\u00f6\u00f8\u00f9\u00fb]"
    r"|[\u00c4-\u00c6\u00c8\u00cb\u00cc\u00ce\u00cf\u00d2\u00d6\u00d8\u00d9\u00db](?=[A-Z])"
    r"|(?<=[A-Z])[\u00c4-\u00c6\u00c8\u00cb\u00cc\u00ce\u00cf\u00d2\u00d6\u00d8\u00d9\u00db])"
)


def doubt_about(content: bytes) -> Problem | None:
    """Return why the uploader has to name the encoding of bytes that are not UTF-8, or None."""
    foreign = other_script(content)
    if foreign is not None:
        word, encodings = foreign
        return _unclear_word(word, encodings)
    if better := better_encodings(content):
        return _unclear_letters(content, better)
    if polish := polish_word(content):
        return _unclear_word(polish, ("windows-1250",))
    latin = latin_9_text(content)
    return _unclear_word(latin, ("iso-8859-15",)) if latin else None


def _unclear_word(word: str, encodings: tuple[str, ...]) -> Problem:
    shown = excerpt(_words(word))
    if not encodings:
        return problem("unclear_encoding.unknown", "encoding", value=shown)
    meant = word.encode("cp1252", "surrogateescape").decode(encodings[0], "replace")
    return _unclear(shown, excerpt(_words(meant)), encodings)


def better_encodings(content: bytes) -> tuple[str, ...]:
    """Return the encodings that give better text than Windows-1252, best first."""
    own = _own(content)
    if not _IMPROBABLE.search(own):
        return ()
    least = _likeness(own)
    ranked = sorted(((_likeness(content.decode(name)), name) for name in CANDIDATES), reverse=True)
    return tuple(NAMES[name] for likeness, name in ranked if likeness > max(0, least))


def _own(content: bytes) -> str:
    """Return content by Windows-1252, as long as it is, with plain quotes around what is quoted."""
    text = content.decode("cp1252", "surrogateescape")
    return _QUOTED.sub(lambda found: f'"{(found[1] or found[2]).rjust(len(found[0]) - 2)}"', text)


def _unclear_letters(content: bytes, better: tuple[str, ...]) -> Problem:
    found = _IMPROBABLE.search(_own(content))
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

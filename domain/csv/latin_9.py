r"""Recognises ISO-8859-15, which has letters and the euro where Windows-1252 has signs.

`10 \u20ac` and `\u0152uvre` are read as `10 \xa4` and `\xbcuvre`. Not told are S with a caron and the capital
Z: people write what stands there beside letters, too (`d\xb4\xe1gua`, `\xa8Show\xa8`).
"""

import re

_OF_WINDOWS = re.compile(rb"[\x80-\x9f]")
"""Quotes, dashes and the euro of Windows-1252, which are no characters of ISO-8859-15."""

_SIGNS = re.compile(rb"[\xa4\xb8\xbc-\xbe]")
_SMALL = "[a-z\xdf-\xf6\xf8-\xff]"
_CAPITAL = "[A-Z\xc0-\xd6\xd8-\xde]"
_ENDS_OF_OE = ("uvr", r"il\b", "ill[e\xe8]", "ufs?\\b", "cum", "nolo", "soph", "dip")

_LETTERS = re.compile(
    "|".join(
        (
            # An amount of euros, before or behind its sign, or that sign in brackets. Elsewhere it is a
            # bullet, also between a number and what follows: `Sala 1 \xa4 Sala 2`, `\xa4 19.30 Abertura`.
            r"(?<=\d)\xa4(?!\w)",
            r"(?<=\d)[ \xa0]\xa4(?!\w| [A-Z\d\xc0-\xde])",
            r"(?<=\d[,.]-)[ \xa0]?\xa4(?!\w)",
            r"[(\[]\xa4[)\]]",
            r"(?<!\w)\xa4(?=\d|[ \xa0]\d[\d.]*,\d\d\b)",
            # The ligature within a word: `c\xbdur`, `f\xbdtus`. Fractions stand there, too: `kg\xbde`.
            f"(?<={_SMALL})\xbd(?=[ui])",
            f"(?<={_CAPITAL})\xbd(?=[ui])",
            f"(?<={_CAPITAL})\xbc(?=[UI])",
            "(?<=[Ff])\xbd(?=t)",
            # At the beginning of one, that of the words of French: `\xbcuvre`, `\xbdil`, `\xbduf`.
            rf"(?<![\w.,/])[\xbc\xbd](?={'|'.join(_ENDS_OF_OE)})",
            r"(?<![\w.,/])\xbc(?=UVR|ILL|UFS|CUM|NOLO|SOPH|DIP)",
            # Small z with a caron; behind `c` it is a cedilla, as PDFs have it, and beside others Cyrillic.
            r"(?<=[abd-z])\xb8(?=[a-z])",
            # Capital Y with a diaeresis, at the end of towns (`L'HA\xbe`): else three quarters of a unit.
            r"(?:(?<=\bHA)|(?<=\bFA)|(?<=\bCRO))\xbe(?=[;,|\t\"\r\n./ -]|\Z)(?! ?\d)",
        )
    )
)
_AROUND = 10


def latin_9_text(content: bytes) -> str | None:
    """Return the text, by Windows-1252, around what only ISO-8859-15 makes a letter or the euro, or None."""
    if _SIGNS.search(content) is None or _OF_WINDOWS.search(content):
        return None
    own = content.decode("cp1252")
    found = _LETTERS.search(own)
    if found is None:
        return None
    before = own[max(0, found.start() - _AROUND) : found.start()].rpartition("\n")[2]
    return before + own[found.start() : found.end() + _AROUND].partition("\n")[0]

"""Cells that stand for something else: nothing, what is still to be decided, or what the row above has.

People and programs write them into titles, places and names, where any text is stored.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from itertools import product

from domain.rows.looks import NOTHING
from domain.text import folded

_LONGEST = 60
# `〃`, `-//-`, `-"-`, `???`, `…`: no letter, no digit, and none of the signs that bands have for a name.
_MARKS = (
    "-?./\\,_*=\"'`\u00b4\u2010\u2011\u2012\u2013\u2014\u2015\u2018\u2019\u201c\u201d\u201e\u201f\u2026"
    "\u2032\u2033\u3003"
)
_ONLY_MARKS = re.compile(rf"[{re.escape(_MARKS)}\s]+")
_AROUND = f" \t\r\n\u00a0()[]{{}}<>:;{_MARKS}"

_SAME = r"(?:mesm[oa]|mism[oa])"
_DITTO = (
    r"idem(?:,? (?:(?:ao?|d[oa]|o) )?(?:acima|anterior|above|arriba))?|ibid(?:em)?|ditto"
    r"|as above|the same|same (?:as (?:the )?(?:above|previous)|place|venue|city|location)"
    rf"|(?:[oa] |el |la |lo )?{_SAME}(?: (?:local|lugar|cidade|ciudad|sala|acima|de cima|de arriba))?"
)
# Without its point, `ID` may be a name.
_SHORT_DITTO = re.compile(r"\W*+id\.\W*+")
_DECIDE = r"(?:defini|confirma|anuncia|determina|decidi|divulga|designa|combina|indica|informa|acorda)"
_OPEN = (
    rf"(?:a|por|sin) {_DECIDE}r|a ser {_DECIDE}d[oa]s?"
    rf"|(?:(?:ainda |aun )?(?:nao|no)|sem|sin) {_DECIDE}(?:d[oa]s?|cao)"
    r"|indefinid[oa]s?|em definicao|em breve|coming soon|tb[acd]|t\.b\.[acd]"
    r"|to be (?:announced|confirmed|defined|determined|decided|advised|arranged)"
    r"|not (?:yet )?(?:announced|confirmed|defined|determined|decided|available|applicable)"
    r"|(?:nao se|no) aplica|sem informacao|sin informacion"
)
_WHAT = (
    r"(?:local|lugar|cidade|ciudad|titulo|tema|atracao|palestrantes?"
    r"|venue|location|place|city|title|speakers?)"
)
_WORDS = re.compile(rf"(?:{_WHAT}:? )?(?:{_OPEN})|{_DITTO}|x{{3,}}|x(?: x){{2,}}")
_ACCENTED = {
    "a": "a\u00e0\u00e1\u00e2\u00e3",
    "e": "e\u00e9\u00ea",
    "i": "i\u00ed",
    "o": "o\u00f3\u00f4\u00f5",
    "u": "u\u00fa",
    "c": "c\u00e7",
}


def _with_accents(pattern: str) -> str:
    """Return an expression of plain words as people write them, an accent as one or two characters."""
    either = re.sub(r"\[(\w+)\]", lambda some: f"(?:{'|'.join(some[1])})", pattern)
    written = re.sub("[aeiouc]", lambda letter: f"[{_ACCENTED[letter[0]]}][\u0300-\u036f]?", either)
    return written.replace(" ", r"\s+")


_LIKELY = re.compile(rf"[{re.escape(_AROUND)}]*+(?:id\.|{_with_accents(_WORDS.pattern)})", re.IGNORECASE)
"""Begins like one of the words, with or without accents: to fold a text takes ten times as long."""


def _forms(parts: str) -> Iterator[str]:
    """Yield letters as people may write them: in any case, with an accent as one or two characters."""
    for part in parts.split("|"):
        for written in {part, unicodedata.normalize("NFD", part)}:
            yield from map("".join, product(*((each.lower(), each.upper()) for each in written)))


# How these words begin and end, by which a search among many cells is quick; a test holds them together.
_BEGIN = {
    form[:3]
    for form in _forms(
        "ide|\u00edde|id.|ibi|dit|as |the|sam|o m|a m|el |la |lo |mes|mis|xxx|x x|a d|a c|a a|a i|a s|por|sin"
        "|sem|ain|a\u00fan|aun|n\u00e3o|nao|no |not|ind|em |com|tba|tbc|tbd|t.b|to |loc|lug|cid|ciu|tit"
        "|t\u00edt|tem|atr|pal|ven|pla|cit|spe"
    )
}
_END = {
    form[-3:]
    for form in _forms(
        "dem|bid|tto|ove|ous|ame|ace|nue|ity|ion|i\u00f3n|smo|sma|cal|gar|ade|dad|ala|ima|iba|ior|nir|mar|iar|nar"
        "|dir|car|dar|ido|ida|dos|das|ado|ada|cao|\u00e7\u00e3o|eve|oon|tba|tbc|tbd|b.a|b.c|b.d|ced|med|ned|ded|sed"
        "|ged|ble|ica|xxx|x x"
    )
}
_EDGES = frozenset(_AROUND)


def placeholders(cells: Collection[str], beginnings: Collection[str]) -> set[str]:
    """Return those cells for which `is_placeholder` holds; many are searched quickly at once.

    `beginnings` are the first three characters of each.
    """
    known = {first for first in beginnings if first in _BEGIN or first[:1] in _EDGES}
    found = NOTHING.intersection(cells)
    if not known:
        return {*found}
    return {
        cell
        for cell in cells
        if cell[:3] in known
        and (cell[-3:] in _END or cell[-1:] in _EDGES)
        and (_LIKELY.match(cell) or _ONLY_MARKS.fullmatch(cell) or cell.strip() in NOTHING)
        and is_placeholder(cell)
    }.union(found)


def is_placeholder(text: str) -> bool:
    """Return whether a whole cell is `NA`, `TBA`, `a definir`, `idem` or the like."""
    if text.strip() in NOTHING:
        return True
    if len(text) > _LONGEST or not text.strip():
        return False
    if _ONLY_MARKS.fullmatch(text):
        return True
    known = folded(text)
    words = " ".join(known.strip(_AROUND).split())
    return _WORDS.fullmatch(words) is not None or _SHORT_DITTO.fullmatch(known) is not None

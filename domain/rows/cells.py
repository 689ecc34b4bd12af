"""Prepares cells before validation: spreadsheet errors, and replacements chosen by the uploader."""

import re
from collections.abc import Mapping

from domain.problems import Problem, excerpt, problem
from domain.rows.columns import FLAT
from domain.text import folded

# As Excel, LibreOffice, Numbers and Google Sheets show errors, in English, Portuguese and Spanish.
_ERROR = re.compile(
    r"#(?:[\u00a1\u00bf]?(?i:REF|DIV/0|NAME|NOME|NOMBRE|NULL|NULO|NUL|NUM|N\u00daM|VALUE|VALOR|SPILL|DESPEJAR"
    r"|DESBORDAMIENTO|CALC|FIELD|CAMPO|BLOCKED|BUSY|CONNECT|UNKNOWN|ERROR|ERRO)[!?]|(?i:N/[AD]|GETTING_DATA))"
)
# In their other languages, and `####` of a column that was too narrow: as programs write them, in capitals.
_OTHER_ERROR = re.compile(
    r"#(?:(?:WERT|BEZUG|ZAHL|VALEUR|NOMBRE|CHAMP|VALORE|RIF|NULLO|ESPANSIONE|WAARDE|VERW|GETAL|LEEG|DEEL/0|ARG|ADR"
    r"|LICZBA|ZERO|DZIEL/0|REFERENS|OGILTIGT|VÄRDEFEL|SKÄRNING|DIVISION/0|VÆRDI|REFERENCE|VERDI|ARVO|VIITTAUS|LUKU"
    r"|TYHJÄ|JAKO/0|PUUTTUU|SAKNAS|HODNOTA|ODKAZ|ČÍSLO|DĚLENÍ_NULOU|ÉRTÉK|HIV|SZÁM|ZÉRÓOSZTÓ|NULLA|DEĞER|BAŞV|SAYI"
    r"|SAYI/0|BOŞ|ARQUIVO|PYTHON|FELD|KALK|ÜBERLAUF|PROPAGATION|OVERLOOP|ЗНАЧ|ССЫЛКА|ЧИСЛО|ДЕЛ/0|ПУСТО)!"
    r"|(?:NOM|NAAM|NAZWA|NAMN|NAVN|NIMI|NÁZEV|NÉV|AD|ИМЯ)\?|NV|N/B|I/T|YOK|\u041d/\u0414|N/D!|###+)"
)
_CODE = re.compile(
    r"(?:Erro?|Err |Err\u00a0|Fehler|Fout|Errore|Chyba|Błąd|Hiba|Virhe|Feil|Fejl|Fel|Hata):5[0-9]{2}"
)

CELL_CHARACTERS = 32_767
"""A cell of Excel holds no more, counted in UTF-16. Source: Excel specifications and limits."""

CUT_MARK = (
    "… #CUT# O Excel não guarda mais numa célula; o texto inteiro está em CSV. "
    "Excel holds no more in a cell; the whole text is in CSV."
)
"""How a cell of a workbook ends whose text was longer: an import does not take it for the text."""


def held_in_cell(text: str) -> str:
    """Return a text as a cell of a workbook holds it: what is too long is cut, and ends with `CUT_MARK`."""
    if len(text) * 2 <= CELL_CHARACTERS:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * CELL_CHARACTERS:
        return text
    # Half of a character that is cut in two is left out.
    room = 2 * (CELL_CHARACTERS - len(CUT_MARK))
    return units[:room].decode("utf-16-le", "ignore") + CUT_MARK


def is_cut(cell: str) -> bool:
    """Return whether a cell is what `held_in_cell` left of a longer text."""
    return len(cell) * 2 > CELL_CHARACTERS - 2 * len(CUT_MARK) and cell.rstrip().endswith(CUT_MARK)


def is_error(cell: str) -> bool:
    """Return whether a cell is an error value of a spreadsheet, such as `#REF!`, or was cut."""
    if "#" not in cell and ":5" not in cell:
        return False
    if is_cut(cell):
        return True
    plain = cell.strip()
    return (_ERROR.fullmatch(plain) or _OTHER_ERROR.fullmatch(plain) or _CODE.fullmatch(plain)) is not None


def may_hold_errors(text: str) -> bool:
    """Return whether a text may contain an error value, or what was cut; a fast check."""
    if "#" in text and (_ERROR.search(text) or _OTHER_ERROR.search(text) or CUT_MARK in text):
        return True
    return ":5" in text and _CODE.search(text) is not None


def cell_error(field: str, cell: str) -> Problem:
    """Return the problem of a cell with a spreadsheet error, or with a part of a text."""
    if is_cut(cell):
        return problem("cell_cut", field, limit=CELL_CHARACTERS)
    return problem("cell_error", field, value=excerpt(cell.strip()))


def trimmed(cells: list[str], width: int) -> list[str]:
    """Return the cells without the empty ones of trailing delimiters."""
    count = len(cells)
    while count > width and not cells[count - 1].strip():
        count -= 1
    return cells[:count]


class Replacements:
    """The option `values`: replacements for the cells of a field."""

    def __init__(self, values: Mapping[str, Mapping[str, str]] | None) -> None:
        """Prepare for a file. A member of the venue may be named without `local_info.`."""
        self._exact = {full_field(name): dict(table) for name, table in (values or {}).items()}
        self._folded = {
            name: {folded(old): new for old, new in table.items()} for name, table in self._exact.items()
        }

    @property
    def has_any(self) -> bool:
        """Whether there is any."""
        return bool(self._exact)

    def concern(self, field: str) -> bool:
        """Return whether anything is replaced in a field."""
        return field in self._exact

    def replace(self, field: str, cell: str) -> bool:
        """Return whether this cell of a field is replaced by another text."""
        return field in self._exact and self.applied(field, cell) != cell

    def applied(self, field: str, cell: str) -> str:
        """Return the replaced cell: exact matches first, then matches that ignore case and accents."""
        table = self._exact.get(field)
        if table is None:
            return cell
        plain = cell.strip()
        if plain in table:
            return table[plain]
        return self._folded[field].get(folded(plain), cell)


def full_field(name: str) -> str:
    """Return a field's whole name."""
    return f"local_info.{name}" if name in FLAT else name

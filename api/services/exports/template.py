"""The workbook template: titles, one example, and lists to choose from."""

from datetime import date, time
from html import escape

from api.services.exports.table import COLUMNS, Cell, Language, titles
from api.services.exports.xlsx import XlsxFile
from domain.venues import VENUE_TYPES

_LAST_ROW = 1000
_SHOWN = [portuguese for portuguese, _, _ in COLUMNS].index("id") + 1
"""What follows the id is for files that come from here."""

_EXAMPLES: dict[Language, tuple[str, ...]] = {
    "pt": ("Semana de Tecnologia", "Recife", "Auditório Central", "Rua Exemplo, 123", "Palestras e oficinas"),
    "en": ("Technology Week", "Recife", "Central Auditorium", "Rua Exemplo, 123", "Talks and workshops"),
}


def template(language: Language) -> bytes:
    """Return the workbook."""
    title, city, place, address, description = _EXAMPLES[language]
    row: list[Cell] = [title, date(2025, 7, 1), time(10), city, place, 300, "Auditório", True, address]
    row += [description, "Alice;Bob", None]
    file = XlsxFile(language, titles(language)[:_SHOWN], widths=[width for *_, width in COLUMNS[:_SHOWN]])
    return file.opening() + file.rows([row]) + file.closing(_validation("G", ",".join(VENUE_TYPES)))


def _validation(column: str, choices: str) -> str:
    """Return a list to choose from in a column. Source: ECMA-376 part 1, §18.3.1.32."""
    return (
        '<dataValidations count="1"><dataValidation type="list" allowBlank="1" showErrorMessage="1" '
        f'sqref="{column}2:{column}{_LAST_ROW}"><formula1>"{escape(choices)}"</formula1>'
        "</dataValidation></dataValidations>"
    )

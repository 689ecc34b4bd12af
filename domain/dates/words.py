"""Names of months and days of the week in Portuguese, English and Spanish, without accents."""

from domain.text import folded

_MONTHS = (
    "janeiro jan january enero ene",
    "fevereiro fev february feb febrero",
    "marco mar march marzo",
    "abril abr april apr",
    "maio mai may mayo",
    "junho jun june junio",
    "julho jul july julio",
    "agosto ago august aug",
    "setembro set september sept sep septiembre setiembre",
    "outubro out october oct octubre",
    "novembro nov november noviembre",
    "dezembro dez december dec diciembre dic",
)
MONTHS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
"""Name -> 1 to 12. No name means two months in two of the languages."""

_DAYS = (
    "segunda seg monday mon lunes lun",
    "terca ter tuesday tues tue martes mar",
    "quarta qua wednesday wed miercoles mie",
    "quinta qui thursday thurs thur thu jueves jue",
    "sexta sex friday fri viernes vie",
    "sabado sab saturday sat",
    "domingo dom sunday sun",
)
WEEKDAYS = {name: number for number, names in enumerate(_DAYS) for name in names.split()}
"""Name -> 0 (Monday) to 6."""

ENGLISH_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_BLANKS = {ord(blank): " " for blank in "\t\n\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"}
_BLANKS |= {ord(blank): " " for blank in "\u2007\u2008\u2009\u200a\u202f\u205f\u3000"}
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-")
# Marks of direction, of no width or of the beginning: Windows and web pages leave them in dates.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2060\ufeff"))
_PLAIN = _BLANKS | _HYPHENS | _INVISIBLE


def plain(text: str) -> str | None:
    """Return a date's text with ordinary spaces and hyphens, in lower case, without accents.

    None for one with digits that are not ASCII: they are refused, not translated.
    """
    if not text.isascii():
        if any(character.isdigit() and not character.isascii() for character in text):
            return None
        text = text.translate(_PLAIN)
    return " ".join(folded(text).split())

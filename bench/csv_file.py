"""The file that every importer reads: about 320 bytes a row, RFC 4180, venues as JSON."""

import csv
import json
from pathlib import Path

from bench.places import BUILD

HEADER = ("title", "description", "event_date", "city", "participants", "local_info")
CITIES = ("Recife", "Olinda", "João Pessoa", "Natal", "Maceió", "Fortaleza", "Salvador", "Aracaju")
VENUE_TYPES = ("Auditório", "Teatro", "Arena", "Parque", "Museu", "Hotel", None)


def _venue(number: int) -> str:
    venue = {
        "location_name": f"Auditório {number % 500}",
        "capacity": 50 + number % 950,
        "venue_type": VENUE_TYPES[number % len(VENUE_TYPES)],
        "is_accessible": number % 2 == 0,
        "address": f"Rua Exemplo, {number % 2000}",
        "past_events": [],
        "manually_edited": False,
    }
    return json.dumps(venue, ensure_ascii=False)


def one_row(number: int) -> tuple[str, ...]:
    """Return the cells of a row."""
    return (
        f"#{number}@0# Evento da cidade",
        f"Descrição do evento {number}, aberta ao público.",
        f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T{number % 24:02}:00:00",
        CITIES[number % len(CITIES)],
        f"Alice {number % 97};Bruno {number % 89}",
        _venue(number),
    )


def rows_file(rows: int) -> Path:
    """Return a CSV file of that many good rows; it is made once and kept."""
    BUILD.mkdir(exist_ok=True)
    path = BUILD / f"rows-{rows}.csv"
    if not path.exists():
        partial = path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(HEADER)
            writer.writerows(one_row(number) for number in range(1, rows + 1))
        partial.rename(path)
    return path

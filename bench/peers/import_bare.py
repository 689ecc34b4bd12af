"""The bare loop: csv.reader, msgspec and executemany; as durable as FastTrack, and nothing else."""

import csv
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
from measured import report

BATCH = 1000
TABLE = """
create table events (
  id integer primary key, title text, description text, event_date text, city text,
  participants text, local_info text
)
"""


class Venue(msgspec.Struct):
    location_name: str
    capacity: int = 1
    venue_type: str | None = None
    is_accessible: bool = False
    address: str | None = None
    past_events: list[str] = []
    manually_edited: bool = False


decode_venue = msgspec.json.Decoder(Venue).decode
encode = msgspec.json.encode


def _values(record: list[str]) -> tuple[str | bytes, ...]:
    title, description, event_date, city, participants, venue = record
    return title, description, event_date, city, encode(participants.split(";")), encode(decode_venue(venue))


def _open(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    connection.execute(TABLE)
    return connection


def _store(connection: sqlite3.Connection, records: Iterator[list[str]]) -> int:
    batch = [_values(record) for record in islice(records, BATCH)]
    connection.execute("begin")
    connection.executemany("insert into events values (null, ?, ?, ?, ?, ?, ?)", batch)
    connection.execute("commit")
    return len(batch)


def load(file: Path, database: Path) -> int:
    connection, count = _open(database), 0
    with file.open(encoding="utf-8", newline="") as lines:
        records = csv.reader(lines)
        next(records)
        while stored := _store(connection, records):
            count += stored
    connection.close()
    return count


report(load)

"""What a backup of a PostgreSQL store contains, and what of it a restore leaves out.

A dump is of the whole database, so it names extensions, which not every user may drop, create or comment on.
Source: PostgreSQL, `pg_restore`, `--list` and `--use-list`.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import asyncpg

from api.storage.postgres import text_index

_SHARED = re.compile(r"\d+; \d+ \d+ (?:COMMENT - )?(EXTENSION|SCHEMA) (?:- )?(.+) \S*")
"""Such as `2; 3079 16385 EXTENSION - pg_trgm ` and `9; 0 0 COMMENT - SCHEMA public postgres`."""
_INDEX = re.compile(rf"\d+; \d+ \d+ INDEX .* (?:{'|'.join(text_index.INDEXES)}) .+")
_DROP = re.compile(r"DROP (?:FOREIGN TABLE|INDEX|MATERIALIZED VIEW|SEQUENCE|TABLE|VIEW) IF EXISTS (.+);")

THERE = """
SELECT named FROM unnest($1::text[]) AS named
JOIN pg_namespace ON nspname = (parse_ident(named))[1]
JOIN pg_class ON relnamespace = pg_namespace.oid AND relname = (parse_ident(named))[2]
"""
"""Finds those of the names that are there, also where the user may not look."""

_NOT_TO_DROP = """
SELECT 'EXTENSION', extname FROM pg_extension WHERE extname = $1 OR NOT pg_has_role(extowner, 'USAGE')
UNION ALL SELECT 'SCHEMA', nspname FROM pg_namespace
"""
_PRESENT = "SELECT 'EXTENSION', extname FROM pg_extension"


class Shared(NamedTuple):
    """What a dump contains that other programs in the database use as well."""

    kind: str
    name: str


async def shared(connection: Any, listed: str) -> set[Shared]:
    """Return which extensions and schemas of a backup a restore leaves as they are.

    Extensions that the user may not drop, or not create. That of the text index is never dropped: others may
    use it, and any version of it will do. A schema that is there may hold more than what is ours.
    """
    named = {one for line in listed.splitlines() if (one := _shared(line)) is not None}
    kept = await _pairs(connection, _NOT_TO_DROP, text_index.EXTENSION)
    absent = named - await _pairs(connection, _PRESENT)
    refused = {
        one
        for one in sorted(absent)
        if one.kind == "EXTENSION" and not await _may_create(connection, one.name)
    }
    return named & (kept | refused)


async def _pairs(connection: Any, query: str, *arguments: str) -> set[Shared]:
    return {Shared(str(kind), str(name)) for kind, name in await connection.fetch(query, *arguments)}


async def _may_create(connection: Any, extension: str) -> bool:
    trial = connection.transaction()
    await trial.start()
    try:
        quoted = extension.replace('"', '""')
        await connection.execute(f'CREATE EXTENSION "{quoted}"')
    except asyncpg.InvalidSchemaNameError:
        # The backup makes the schema first, which takes the same right.
        return True
    except asyncpg.PostgresError:
        return False
    finally:
        await trial.rollback()
    return True


def without(listed: str, left: Collection[Shared]) -> str:
    """Return the list of a backup without what is left as it is, and the index that needs an extension."""
    lines = listed.splitlines(keepends=True)
    return "".join(line for line in lines if _shared(line) not in left and not _is_index(line))


def made_at_the_end(listed: str) -> Sequence[str]:
    """Return the statements for what was left out of a backup, and can be made otherwise."""
    has_texts = any(_is_index(line) and text_index.INDEXES[0] in line for line in listed.splitlines())
    return [text_index.RESTORE] if has_texts else []


def replaced(statements: str) -> list[str]:
    """Return what a restore drops where it is there, by qualified names, quoted where they have to be.

    `statements`: those of `pg_restore --clean --if-exists`. Drops come first, and among them views that are
    emptied because others need them. What follows may have drops in the texts of functions.
    """
    names = list[str]()
    for line in statements.splitlines():
        if line.startswith("CREATE ") and not line.startswith("CREATE OR REPLACE VIEW "):
            break
        if found := _DROP.fullmatch(line):
            names.append(found[1])
    return names


def _shared(line: str) -> Shared | None:
    """Return what a line of a list, or the comment that it names, is about; None for any other line."""
    found = _SHARED.fullmatch(line.rstrip("\n"))
    return None if found is None else Shared(found[1], found[2].strip('"'))


def _is_index(line: str) -> bool:
    return _INDEX.fullmatch(line.rstrip("\n")) is not None

"""Why a required column is missing: what its name may have been, or what the file is instead."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from domain.problems import Problem, ProblemParam, excerpt, problem
from domain.rows.damaged_names import damaged_name
from domain.rows.dates_apart import dates_apart
from domain.rows.likeness import is_like, is_vetoed
from domain.rows.looks import column_of, is_date, may_be, mostly, without_totals
from domain.rows.names import column_key, known_names, meaning, means_another_time, states_a_zone

_JSON = re.compile(r"\{|\[\s*(?:[\[{\"']|-?[0-9]+\s*[,\]]|\Z)")
_PARTS = re.compile("[,;\t|]")
_NAMES_OF_HEADER = 2
_SHOWN_COLUMNS = 20
_SHOWN_CHARACTERS = 40


def known_columns(cells: Sequence[str]) -> int:
    """Count the fields that these cells name."""
    return len({known.field for known in map(meaning, cells) if known})


def missing_columns(
    missing: Sequence[str],
    names: Sequence[str],
    sample: Sequence[Sequence[str]] | None,
    elsewhere: Collection[int] = (),
    chosen: Mapping[str, int | None] | None = None,
) -> Problem:
    """Return the problem of required columns that are missing, with a likely reason.

    `sample` holds the rows below the names, None of a file that is no table. `elsewhere` are columns that
    are not used because their names state another time zone. `chosen` has field -> column of the mapping,
    None for no column.
    """
    fields, names, is_table, sample = tuple(missing), names or [""], sample is not None, sample or ()
    first = names[0].lstrip()
    if _JSON.match(first):
        return problem("missing_columns.json", value=excerpt(first), fields=fields)
    if first.startswith("<"):
        return problem("missing_columns.html", value=excerpt(first), fields=fields)
    if meant := _meant(fields, names, sample):
        return meant
    zoned = _of_another_zone(names, sample, elsewhere) if "event_date" in missing else None
    if zoned is not None:
        shown = excerpt(zoned)
        return problem("missing_columns.zone", value=shown, fields=fields, column=shown)
    if is_table and reads_as_data(names):
        columns = _shown([names])
        value = excerpt(", ".join(names))
        return problem("missing_columns.no_header", value=value, fields=fields, columns=columns)
    chosen = chosen or {}
    # Above the mapping's own reasons: no column could be chosen, nor one date for all rows.
    is_apart = "event_date" in missing and not _in_one_cell(names)
    apart = _apart(names, sample, chosen) if is_apart else None
    sentence, params, more = apart or _by_mapping(missing, names, chosen) or _reason(missing, names, sample)
    return problem(sentence, value=excerpt(", ".join(names)), more=more, params={"fields": fields, **params})


def _meant(fields: tuple[str, ...], names: Sequence[str], sample: Sequence[Sequence[str]]) -> Problem | None:
    """Return the problem that names the columns which seem to be the missing ones."""
    if damaged := damaged_name(fields, names):
        column, meant = damaged
        return problem(
            "missing_columns.damaged",
            value=column,
            suggestion=meant,
            fields=fields,
            column=column,
            meant=meant,
        )
    likely = likely_columns(fields, names, sample)
    if not likely:
        return None
    (target, at), *others = likely.items()
    more = "".join(f", {excerpt(names[at])} may be meant as {target}" for target, at in others)
    shown = excerpt(names[at])
    return problem(
        "missing_columns.likely",
        value=shown,
        suggestion=target,
        more=more,
        fields=fields,
        column=shown,
        target=target,
    )


def _of_another_zone(
    names: Sequence[str], sample: Sequence[Sequence[str]], elsewhere: Collection[int]
) -> str | None:
    """Return the name of a column of dates that is not used because its name states a time zone."""
    for column, name in enumerate(names):
        is_stated = column in elsewhere or (meaning(name) is None and states_a_zone(name))
        if is_stated and mostly(is_date, column_of(sample, column)):
            return name
    return None


def _apart(
    names: Sequence[str], sample: Sequence[Sequence[str]], chosen: Mapping[str, int | None]
) -> tuple[str, dict[str, ProblemParam], str] | None:
    """Return, as `_reason` does, that the dates stand elsewhere than in a column of whole dates."""
    found = dates_apart(names, sample, {at for at in chosen.values() if at is not None})
    return found and (f"missing_columns.{found[0]}", found[1], "")


def _by_mapping(
    missing: Sequence[str], names: Sequence[str], chosen: Mapping[str, int | None]
) -> tuple[str, dict[str, ProblemParam], str] | None:
    """Return, as `_reason` does, that the uploader's own mapping is why a column is missing."""
    unmapped = tuple(target for target in missing if target in chosen and chosen[target] is None)
    if unmapped:
        return "missing_columns.unmapped", {"targets": unmapped}, ""
    for other, at in chosen.items():
        known = meaning(names[at]) if at is not None else None
        if at is not None and known and known.field in missing:
            column = excerpt(names[at])
            return "missing_columns.taken", {"column": column, "target": known.field, "used_as": other}, ""
    return None


def _reason(
    missing: Sequence[str], names: Sequence[str], sample: Sequence[Sequence[str]]
) -> tuple[str, dict[str, ProblemParam], str]:
    """Return the sentence that tells why, its parameters, and what else it says in English."""
    vetoed = [(name, known.field) for name in names if (known := meaning(name)) and known.field in missing]
    if vetoed:
        (name, target), *others = vetoed
        more = "".join(
            f", {excerpt(name)} is not used for {target} because of its values" for name, target in others
        )
        return "missing_columns.values", {"column": excerpt(name), "target": target}, more
    if _in_one_cell(names):
        return "missing_columns.one_cell", {}, ""
    is_title = bool(sample) and not known_columns(names)
    return "missing_columns.no_names" if is_title else "missing_columns", {}, ""


def _in_one_cell(names: Sequence[str]) -> bool:
    """Return whether one cell has the names of several columns, and no other cell has any."""
    return known_columns(_PARTS.split(names[0])) >= _NAMES_OF_HEADER and not any(map(str.strip, names[1:]))


def unplaced_columns(fields: Sequence[str], rows: Sequence[Sequence[str]]) -> Problem:
    """Return the problem of fields that no place is given for, in a file that is read without a header.

    It shows the first value of each column.
    """
    columns = _shown(without_totals(rows) or rows)
    value = excerpt(", ".join(columns))
    return problem("missing_columns.by_place", value=value, fields=tuple(fields), columns=columns)


def _shown(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the place and the first value of each column that has one: `#2 2026-07-01`."""
    width = min(max(map(len, rows), default=0), _SHOWN_COLUMNS)
    first = {at: cells[0] for at in range(width) if (cells := column_of(rows, at))}
    return tuple(f"#{at + 1} {excerpt(cell.strip()[:_SHOWN_CHARACTERS])}" for at, cell in first.items())


def reads_as_data(names: Sequence[str]) -> bool:
    """Return whether a first row is a row of data: it has a date, or several numbers and the like alone.

    One of its cells may be a word that names a column as well, such as `Show`.
    """
    filled = [name for name in names if name.strip()]
    known = known_columns(names)
    if known < _NAMES_OF_HEADER and any(map(is_date, filled)):
        return True
    return not known and len(filled) > 1 and not may_be("title", filled)


def likely_columns(
    fields: Sequence[str], names: Sequence[str], sample: Sequence[Sequence[str]]
) -> dict[str, int]:
    """Return field -> the first column whose name is the field's with a slip, and whose values fit."""
    first = {target: next(like_columns(target, names, sample), None) for target in fields}
    return {target: column for target, column in first.items() if column is not None}


def like_columns(target: str, names: Sequence[str], sample: Sequence[Sequence[str]]) -> Iterator[int]:
    """Yield the columns of unknown names that are a field's with a slip, and whose values fit."""
    for column, name in enumerate(names):
        if meaning(name) is not None or not name.strip() or means_another_time(name):
            continue
        key = column_key(name[:80])
        if (
            not is_vetoed(target, name)
            and any(is_like(key, known) for known in known_names(target))
            and may_be(target, column_of(sample, column))
        ):
            yield column

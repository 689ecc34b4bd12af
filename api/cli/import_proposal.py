"""Proposes a command with the options that a file needs, from the server's preview."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from api.cli.import_outcome import ImportOutcome, first_ambiguous
from api.cli.upload_sender import UPLOADS, refusal
from domain.files.kinds import MARKUP_BYTES, sniff
from domain.files.preview import PREVIEW_BYTES
from domain.rows.columns import FIELDS, REQUIRED, columns_by_name
from domain.rows.names import EITHER, LOCATION_NAME, meaning

_MENDABLE = frozenset({"missing_columns", "duplicate_columns", "unclear_encoding"})
_OF_DATES = frozenset({"headings", "parts", "no_year", "no_month", "zone", "written"})
"""Why columns are missing, where the file has dates of its own."""
_ROUNDS = 6
_WORKBOOK_BYTES = 10 * 1024 * 1024
_OF_A_REJECTED_FILE = ("mapping", "defaults", "values", "delimiter")
"""Options that the rejected rows of a file need as the file does."""

Params = dict[str, str]


class Proposal(Struct, frozen=True):
    """A command that would import the file.

    Attributes:
        params: the options by their names in the API.
        about: when this one is right; "" where there is nothing to choose.
        file: as the command line names it; None for the rejected rows that the server has.
        undo: the command to run before, by which the rows that are in are taken out; "" where none are.
    """

    params: Params
    about: str
    file: str | None
    undo: str = ""

    @property
    def to_fill(self) -> list[str]:
        """Words of the command that are to be replaced by values for all rows."""
        defaults = _members(self.params, "defaults").items()
        return [str(value) for field, value in defaults if value == field.upper()]

    def command(self, *more: str) -> str:
        """Return the command as a shell takes it."""
        words = ["fasttrack", "import", *([self.file] if self.file else []), *_flags(self.params), *more]
        return shlex.join(words)


async def propose(
    http: httpx.AsyncClient, file: Path, params: Params, outcome: ImportOutcome, *, shown: str, undo: str = ""
) -> list[Proposal]:
    """Return what to run, best first; nothing where no option would help.

    Args:
        http: asks the preview.
        file: what was sent.
        params: the options that it was sent with.
        outcome: what became of it.
        shown: the file as the command line names it.
        undo: the command that undoes the import.
    """
    if outcome.has_unused_columns and outcome.status == "completed" and outcome.ambiguous is None:
        found = await _with_unused_columns(_Preview(http, file), params)
        undo = undo if outcome.has_rows_in else ""
        return [Proposal(more, about, shown, undo) for more, about in found]
    if outcome.has_rows_in:
        if outcome.ambiguous is None:
            return []
        # The whole file again would double what is in.
        rest = {name: params[name] for name in _OF_A_REJECTED_FILE if name in params}
        return _by_order({**rest, "repairs_of": outcome.upload_id}, outcome.ambiguous, None)
    if not (outcome.codes & _MENDABLE or outcome.ambiguous):
        return []
    mended, ambiguous = await _mended(_Preview(http, file), params)
    ambiguous = outcome.ambiguous or ambiguous
    if ambiguous and "date_format" not in mended:
        return _by_order(mended, ambiguous, shown)
    return [Proposal(mended, "", shown)] if mended != params else []


def _by_order(params: Params, ambiguous: dict[str, Any], file: str | None) -> list[Proposal]:
    """Return the command for either order of day and month."""
    readings = dict(zip(("dmy", "mdy"), ambiguous.get("suggestions") or (), strict=False))
    return [
        Proposal({**params, "date_format": order}, f"if {ambiguous['value']} is {reading}", file)
        for order, reading in readings.items()
    ]


async def _with_unused_columns(preview: "_Preview", params: Params) -> list[tuple[Params, str]]:
    """Return the options by which columns become fields that an import has left out, and which; at most one.

    Rows that are mended have the columns of their import.
    """
    if "repairs_of" in params:
        return []
    answer = await preview.read(params)
    given = _members(params, "mapping")
    read = {column["field"] for column in answer["columns"]}
    # A column `local` is the place already, whichever it holds.
    read |= {LOCATION_NAME, "local_info"} if EITHER in read else set()
    more = {field: name for field, name in answer["mapping"].items() if field not in read | given.keys()}
    if answer["fault"] or not more:
        return []
    about = "to use " + ", ".join(f"{name} as {field}" for field, name in more.items())
    return [(_with(params, "mapping", {**given, **more}), about)]


class _Preview:
    """Asks the server how it would read a file."""

    def __init__(self, http: httpx.AsyncClient, file: Path) -> None:
        self._http = http
        with file.open("rb") as content:
            head = content.read(PREVIEW_BYTES)
            if sniff(head[:MARKUP_BYTES], closed=True, filename=file.name) == "packed":
                head += content.read(_WORKBOOK_BYTES - len(head))
        self._head = head

    async def read(self, params: Params) -> dict[str, Any]:
        part = ("file", self._head, "application/octet-stream")
        response = await self._http.post(f"{UPLOADS}/preview", params=params, files={"file": part})
        if not response.is_success:
            raise refusal(response)
        answer: dict[str, Any] = response.json()
        return answer


async def _mended(preview: _Preview, params: Params) -> tuple[Params, dict[str, Any] | None]:
    """Return options by which the file can be read, and a date among its first rows that has two readings."""
    first = answer = await preview.read(params)
    remembered = _remembered(first, params)
    for start in ([remembered] if remembered else []) + [params]:
        tried = start
        for _ in range(_ROUNDS):
            answer = await preview.read(tried)
            better = _next_try(tried, answer)
            if better is None or better == tried:
                break
            tried = better
        if answer["fault"] is None:
            found = (first_ambiguous(row["errors"]) for row in answer["rows"])
            return tried, next((each for each in found if each), None)
    return params, None


def _remembered(answer: dict[str, Any], params: Params) -> Params | None:
    """Return the options with those that the last file of this header was imported with."""
    kept = answer["remembered"]
    if not kept:
        return None
    texts = {name: value if isinstance(value, str) else _json(value) for name, value in kept.items() if value}
    if _has_dates(answer) and "event_date" in (defaults := _members(texts, "defaults")):
        # The date of that file's rows is not that of each of these.
        del defaults["event_date"]
        texts = _with(texts, "defaults", defaults)
    return {**texts, **params}


def _next_try(params: Params, answer: dict[str, Any]) -> Params | None:
    """Return options that mend a fault of the file; None where it has none, or one that they cannot mend."""
    fault = answer["fault"]
    if fault is None or fault["code"] not in _MENDABLE:
        return None
    if fault["code"] == "unclear_encoding":
        return {**params, "encoding": answer["encodings"][0]} if answer["encodings"] else None
    given = _members(params, "mapping")
    if fault["value"] in given.values():
        return _with(params, "mapping", {f: name for f, name in given.items() if name != fault["value"]})
    names = _names(answer)
    mapping = {**_first_of_each(names, given), **given, **answer["mapping"]}
    if mapping != given:
        # What is lacking then, and why, the next answer says.
        return _with(params, "mapping", mapping)
    return _with_defaults(params, mapping, answer) if mapping else None


def _with_defaults(
    params: Params, mapping: Mapping[str, str | None], answer: dict[str, Any]
) -> Params | None:
    """Return options with a value for what no column has; None where one for all rows would be wrong."""
    defaults = _members(params, "defaults")
    # It must come from the person: the words in capitals are to be replaced.
    lacking = {f: f.upper() for f in REQUIRED if not mapping.get(f) and f not in defaults}
    if "event_date" in lacking and _has_dates(answer):
        return None
    return _with(params, "defaults", {**defaults, **lacking})


def _has_dates(answer: dict[str, Any]) -> bool:
    """Return whether the rows of a file have dates of their own, which cannot be read."""
    fault = answer["fault"]
    known = [found.field for found in map(meaning, _names(answer)) if found]
    return fault is not None and (fault.get("rule") in _OF_DATES or "event_date" in known)


def _names(answer: dict[str, Any]) -> list[str]:
    return [column["name"] for column in answer["columns"]]


def _first_of_each(names: list[str], given: Mapping[str, str | None]) -> dict[str, str]:
    """Return the first of columns that may be the same field, by its place."""
    twice = ((f, at) for f, at in columns_by_name(names, given).items() if len(at) > 1 and f in FIELDS)
    return {f: f"#{at[0] + 1}" for f, at in twice}


def _members(params: Params, name: str) -> dict[str, Any]:
    return msgspec.json.decode(params[name], type=dict[str, Any]) if name in params else {}


def _with(params: Params, name: str, members: dict[str, Any]) -> Params:
    others = {other: text for other, text in params.items() if other != name}
    return {**others, name: _json(members)} if members else others


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _flags(params: Params) -> list[str]:
    words: list[str] = []
    for name, text in params.items():
        if name == "defaults":
            for field, value in _members(params, name).items():
                words += ["--default", f"{field}={value if isinstance(value, str) else _json(value)}"]
        elif name == "dry_run":
            words.append("--dry-run")
        else:
            words += ["--" + name.replace("_", "-"), text]
    return words

"""The mark of rejected rows: it is the same while a row is, in each form in which it is written and read."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services.imports.rejected_file import FORMS, rejected_file
from domain.csv.reader import CsvReader
from domain.files.json_reader import JsonReader
from domain.files.sheet_reader import SheetReader
from domain.imports import ImportOptions, RejectedRow, Upload
from domain.problems import problem
from domain.rows.columns import Columns
from domain.rows.rejected_before import RejectedBefore, extra_cells, mark_of
from tests.api.unpacking.test_sheets import unpacked
from tests.domain.files.test_sheet_reader import RECIFE

NAMES = ("Título", "Data", "Cidade", "descrição", "", "Obs")
FIELDS = ("title", "event_date", "city", "description", None, None)
READERS = {"csv": CsvReader, "json": JsonReader, "xlsx": SheetReader}
UNSHOWN = problem("invalid_date.zone", "event_date", value="Marte/Olympus")
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\r\n'\"=+-@#;,{}[] "), max_size=9
)
ROWS = st.tuples(TEXTS.map("T{}".format), st.just("2026-07-01T10:00:00"), st.just("R"), TEXTS, TEXTS, TEXTS)


def written(form: str, rows: list[tuple[str, ...]], kind: str) -> bytes:
    columns = [{"name": name, "field": field} for name, field in zip(NAMES, FIELDS, strict=True)]
    upload = Upload(
        "x", "completed", "x", ImportOptions(), "a", 0, 0, dialect={"format": kind}, columns=columns
    )
    file = rejected_file(upload, form, "en")
    kept = [RejectedRow(at + 2, at + 1, cells, (UNSHOWN,)) for at, cells in enumerate(rows)]
    return file.opening() + file.part(kept) + file.closing()


def codes(form: str, content: bytes) -> list[set[str]]:
    """Return the codes of each row's errors."""
    reader = READERS[form](ImportOptions(), RECIFE)
    if form == "xlsx":
        head, lines = unpacked(content)
        content = msgspec.json.encode(head) + b"\n" + lines
    reader.feed(content)
    reader.close()
    found: list[set[str]] = []
    while not reader.is_hungry:
        found += [{error.code for error in row.errors} for row in reader.rows()]
    assert reader.fault is None
    return found


@pytest.mark.parametrize("kind", ["csv", "json", "ics"])
@pytest.mark.parametrize("form", FORMS)
def test_no_row_is_stored_that_comes_back_as_it_was(form: str, kind: str) -> None:
    # A process opens each workbook.
    examples = 5 if form == "xlsx" else 50

    @settings(max_examples=examples)
    @given(st.lists(ROWS, min_size=1, max_size=20))
    def holds(rows: list[tuple[str, ...]]) -> None:
        read = codes(form, written(form, rows, kind))
        assert len(read) == len(rows)
        assert all("unchanged_row" in of_row for of_row in read), (read, rows)

    holds()


@given(st.lists(TEXTS, min_size=3, max_size=3), st.permutations(range(3)))
def test_the_mark_is_of_cells_under_their_names(cells: list[str], order: list[int]) -> None:
    names = ["title", "city", "Obs"]
    mark = mark_of([*names, "_line"], [*cells, "7"])
    assert mark == mark_of([names[at] for at in order], [cells[at] for at in order])
    assert mark != mark_of(names, [cells[0] + "x", *cells[1:]])
    before = RejectedBefore(["Title", "City", "obs", "_errors"])
    assert before.fault([*cells, f"anything {mark} "], is_answered=False)
    assert before.fault([*cells, "no mark [of a row]"], is_answered=False) is None
    assert before.fault([cells[0] + "x", *cells[1:], mark], is_answered=False) is None
    assert before.is_marked([cells[0] + "x", *cells[1:], mark])


@pytest.mark.parametrize(
    ("text", "told"),
    [("", []), ("[]", []), ('[" a",""," "]', [" a"]), ("x", ["x"]), ("[x", ["[x"]), ("[1]", ["1"])],
)
def test_extra_cells_are_those_that_are_listed(text: str, told: list[str]) -> None:
    assert extra_cells(text) == told


def test_columns_of_others_with_such_names_mean_nothing() -> None:
    assert not RejectedBefore(["Extra cells", "title"]).has_any
    before = RejectedBefore(["title", "Errors"])
    assert before.fault(["A", "none [see log]"], is_answered=False) is None
    assert before.fault(["A"], is_answered=False) is None


def test_a_checkpoint_keeps_the_names_that_marks_need() -> None:
    names = [*(f"c{at}" for at in range(100)), "_errors"]
    assert Columns(tuple(names), {"title": 0}).small().names == tuple(names)

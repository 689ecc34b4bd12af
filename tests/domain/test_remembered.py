import pytest

from domain.imports import ImportOptions
from domain.remembered import Remembered, header_shape, worth_remembering

HEADER = ("Título", "Data do evento", "CIDADE")


@pytest.mark.parametrize(
    "same",
    [
        ("título", "data do evento", "cidade"),
        ("TITULO", "Data  do Evento ", "Cidade"),
        ("titulo", "data_do_evento", "cidade", "", " "),
        (*HEADER, "_line", "_errors"),
    ],
)
def test_case_accents_and_spaces_of_column_names_make_no_difference(same: tuple[str, ...]) -> None:
    assert header_shape(same) == header_shape(HEADER)


@pytest.mark.parametrize(
    "other",
    [
        ("Data do evento", "Título", "CIDADE"),
        ("Título", "", "Data do evento", "CIDADE"),
        ("Título", "Data do evento"),
        ("Título", "Data do evento CIDADE"),
        (*HEADER, "Local"),
    ],
)
def test_other_columns_or_another_order_have_another_digest(other: tuple[str, ...]) -> None:
    assert header_shape(other) != header_shape(HEADER)


@pytest.mark.parametrize("names", [(), ("",), (" ", ""), ("#1", "#2", "#3"), ("#1", "", "#3")])
def test_a_header_without_names_has_no_digest(names: tuple[str, ...]) -> None:
    assert header_shape(names) is None


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (ImportOptions(), None),
        (ImportOptions(mode="atomic", sheet="A", on_duplicate="update"), None),
        (ImportOptions(mapping={}, defaults={}, values={}), None),
        (ImportOptions(date_format="dmy"), Remembered(date_format="dmy")),
        (
            ImportOptions(mapping={"title": "X", "city": None}, encoding="cp1252"),
            Remembered(mapping={"title": "X", "city": None}),
        ),
        (ImportOptions(defaults={"city": "x" * 70_000}), None),
    ],
)
def test_only_options_about_the_header_are_remembered(
    options: ImportOptions, kept: Remembered | None
) -> None:
    assert worth_remembering(options) == kept

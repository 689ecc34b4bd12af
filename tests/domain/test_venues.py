"""Venues: every broken rule at once, with what would be accepted; good members in their stored form."""

import pytest

from domain import limits
from domain.problems import Problem
from domain.text import folded
from domain.venues import VENUE_TYPES, Venue, known_venue_type, parse_venue

PLACE = {"location_name": "Teatro Santa Isabel"}


def problems_of(**members: object) -> list[Problem]:
    problems: list[Problem] = []
    assert (parse_venue(PLACE | members, problems) is None) is bool(problems)
    return problems


def test_a_venue_is_read_in_its_stored_form() -> None:
    problems: list[Problem] = []
    members = {
        "location_name": "  Teatro Santa Isabel ",
        "capacity": 300.0,
        "venue_type": "teatro",
        "address": "",
        "past_events": [" Ópera "],
        "unknown": 1,
    }
    expected = Venue("Teatro Santa Isabel", 300, "Teatro", past_events=("Ópera",))
    assert (parse_venue(members, problems), problems) == (expected, [])


def test_every_broken_rule_is_reported_at_once() -> None:
    found = problems_of(location_name="", capacity=-1, venue_type=7, is_accessible="yes", past_events="x")
    assert [(one.field, one.code) for one in found] == [
        ("local_info.location_name", "required"),
        ("local_info.capacity", "out_of_range"),
        ("local_info.venue_type", "invalid_type"),
        ("local_info.is_accessible", "invalid_type"),
        ("local_info.past_events", "invalid_type"),
    ]


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("300", "300"),
        ("1.200", "1200"),
        ("1 200,0", "1200"),
        ("300 lugares", "300"),
        ("~300", "300"),
        ("50%", None),
        ("R$ 20,00", None),
        ("20 reais", None),
        ("US$ 1.200", None),
        ("20 \u20ac", None),
        ("000", "0"),
        ("-5", None),
        ("10 a 20", None),
        ("1.20", None),
        ("muitos", None),
        ("10k", "10000"),
        ("2 mil", "2000"),
        ("2mil pessoas", "2000"),
        ("1,5 mil", None),
        ("1.200 mil", None),
        ("10 km", "10"),
    ],
)
def test_a_capacity_in_text_is_refused_with_the_one_number_in_it(text: str, suggestion: str | None) -> None:
    (problem,) = problems_of(capacity=text)
    assert (problem.code, problem.suggestion) == ("invalid_type", suggestion)


@pytest.mark.parametrize("name", VENUE_TYPES)
def test_a_type_is_known_whatever_its_case(name: str) -> None:
    assert known_venue_type(name.upper()) == name


NAMED = {
    "Auditório": ["Auditorium", "Auditorio Municipal", "AUDITÓRIO (2º andar)", "Audit."],
    "Salão": ["Salao de festas", "Salón", "Concert Hall"],
    "Teatro": ["Teatro Municipal", "Theatre", "Teatr", "teatro/cinema"],
    "Ginásio": ["Ginasio Poliesportivo", "Gym"],
    "Escola": ["Escolas", "School", "Escola Municipal"],
    "Parque": ["Parq", "Park", "Parque da Jaqueira"],
    "Praça": ["Praças", "Town square", "Plaza"],
    "Online": ["On-line", "Online (Zoom)", "Virtual"],
    "Casa de Shows": ["Casa de Show", "casa de showz"],
    "Igreja": ["Igrej", "Igreja Matriz", "Church"],
    "Hotel": ["Hotel Fazenda", "Grande Hotel"],
    "Universidade": ["Universidad"],
    "Museu": ["Museu de Arte"],
}
# A wrong suggestion is worse than none, and which of two is meant is not ours to say.
UNNAMED = [
    *("Cine", "Cinema", "Studio", "Estúdio", "Hospital", "Palco", "Palácio", "Praia", "Escritório", "Sítio"),
    *("Pavilhão", "Bar", "Casa", "Centro", "Parking", "Te", "", "…", "日本"),
    *("Auditório/Teatro", "Escola de Teatro", "Parque ou Praça"),
]


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [*((text, name) for name, texts in NAMED.items() for text in texts), *((text, None) for text in UNNAMED)],
)
def test_a_type_is_suggested_where_a_text_names_one_and_only_there(text: str, suggestion: str | None) -> None:
    (problem,) = problems_of(venue_type=text)
    assert (problem.code, problem.suggestion) == ("unknown_venue_type", suggestion)


@pytest.mark.parametrize(("characters", "code"), [(0, None), (1, "too_long")])
def test_past_events_that_no_cell_can_hold_are_refused(characters: int, code: str | None) -> None:
    event = "x" * 1000
    events = [event] * (limits.CELL_BYTES // 1000 + 1 if code else 10)
    assert [one.code for one in problems_of(past_events=events)] == ([code] if code else [])


def test_a_text_of_megabytes_is_no_type_and_is_not_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these letters becomes eighteen; to fold four megabytes of them took nine seconds."""
    lengths: list[int] = []

    def noting(text: str) -> str:
        lengths.append(len(text))
        return folded(text)

    monkeypatch.setattr("domain.venues.folded", noting)
    problems: list[Problem] = []
    parse_venue({"location_name": "Sala", "venue_type": "\ufdfa" * 1_300_000}, problems)
    assert [one.code for one in problems] == ["unknown_venue_type"]
    assert max(lengths) < 1000

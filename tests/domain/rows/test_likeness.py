"""Which unknown names are known ones with a slip."""

import pytest

from domain.rows.likeness import is_like, is_slip, is_vetoed
from domain.rows.missing_columns import likely_columns
from domain.rows.names import known_names

VALUES = {"title": "Mostra", "event_date": "2026-03-05", "city": "Natal"}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("titel", "title"),
        ("evnet_date", "event_date"),
        ("citty", "city"),
        ("Dta do evento", "event_date"),
        ("eventdate", "event_date"),
        ("Tiutlo", "title"),
        ("Cidad", "city"),
        ("Munícipios", "city"),
        ("Data do evetno", "event_date"),
    ],
)
def test_names_with_a_slip_are_proposed(name: str, field: str) -> None:
    assert likely_columns([field], [name], [[VALUES[field]]]) == {field: 0}


@pytest.mark.parametrize("field", VALUES)
@pytest.mark.parametrize(
    "name",
    [
        *(
            "Modalidade",
            "Event Cost",
            "Event Type",
            "Idade",
            "Venue cost",
            "Municipal",
            "Ciudadano",
            "Cidadão",
        ),
        *("Event status", "Status", "Quanto", "Fechado", "Data do envio", "Data de inicio vendas", "Note"),
        *("Data de pagamento", "Data limite", "Cidade de origem", "Tipo", "Idades", "Evento 2", "Start UTC"),
        *("Vagas restantes", "State", "Unidade", "Localização da sala", "Time (GMT)"),
    ],
)
def test_names_of_other_things_are_not_proposed(field: str, name: str) -> None:
    assert likely_columns([field], [name], [[VALUES[field]]]) == {}


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("city", "Cidade de origem"),
        ("city", "Billing city"),
        ("event_date", "Data Check-in"),
        ("event_time", "Horário do ônibus"),
        ("event_date", "Data limite"),
        ("event_date", "Start UTC"),
        ("event_time", "Carga horária"),
        ("local_info.capacity", "Vagas PCD"),
        ("local_info.capacity", "Capacidade elétrica"),
        ("local_info.capacity", "Capacidade (mil)"),
        ("local_info.capacity", "Capacity used"),
        ("local_info.capacity", "Lotação anterior"),
        ("local_info.location_name", "Moeda local"),
        ("local_info.location_name", "Telefone do local"),
        ("local_info.location_name", "E-mail do local"),
        ("local_info.location_name", "Produtor local"),
        ("local_info.location_name", "Backup venue"),
        ("local_info.address", "Endereço do cliente"),
        ("local_info.address", "Endereço eletrônico"),
        ("city", "Cidade do fornecedor"),
        ("city", "Company city"),
        ("city", "Cidade do palestrante"),
        ("city", "Ciudad del ponente"),
        ("city", "Customer city"),
        ("city", "Cidade natal"),
        ("local_info.location_name", "Local de saída"),
    ],
)
def test_a_word_vetoes_a_field(field: str, name: str) -> None:
    assert is_vetoed(field, name)


@pytest.mark.parametrize(
    ("field", "names"),
    [
        (
            "city",
            [
                "Cidade do local",
                "Cidade sede",
                "Host city",
                "Ciudad de realización",
                "Cidade da apresentação",
            ],
        ),
        (
            "local_info.location_name",
            ["Local do show", "Local de encontro", "Espaço cultural", "Lugar de realización", "Show venue"],
        ),
        (
            "local_info.capacity",
            ["Capacidade do auditório", "Seating capacity", "Vagas totais", "Capacidad del recinto"],
        ),
        ("local_info.address", ["Endereço do espaço", "Dirección completa"]),
        ("event_date", ["Data do show", "Fecha prevista", "Data da inauguração", "Data de abertura"]),
        ("event_time", ["Hora do show", "Kickoff time", "Hora de la función"]),
        ("participants", ["Palestrantes confirmados", "Artistas da banda", "Contatos"]),
    ],
)
def test_names_of_a_field_in_other_words_are_not_vetoed(field: str, names: list[str]) -> None:
    assert not [name for name in names if is_vetoed(field, name)]


def test_no_known_name_is_vetoed_for_its_own_field() -> None:
    fields = ("event_date", "event_time", "city", "title", "local_info.location_name", "local_info.capacity")
    assert not [(name, field) for field in fields for name in known_names(field) if is_vetoed(field, name)]


def test_words_of_their_own_field_do_not() -> None:
    assert not is_vetoed("local_info.capacity", "Limite de capacidade")
    assert not is_vetoed("title", "Nome da peça")


@pytest.mark.parametrize(
    ("written", "meant", "expected"),
    [
        ("dta", "data", True),
        ("adta", "data", False),
        ("dtaa", "data", True),
        ("dado", "data", False),
        ("citi", "city", True),
        ("sity", "city", False),
        ("itle", "title", True),
        ("city", "city", False),
        ("cupom", "cupo", False),
        ("particpiants", "participants", True),
        ("partizipantes", "participantes", True),
        ("ano", "dia", False),
    ],
)
def test_slips(written: str, meant: str, expected: bool) -> None:
    assert is_slip(written, meant) is expected


def test_the_order_of_the_words_does_not_matter() -> None:
    assert is_like("date_event", "event_date")
    assert is_like("date_of_event", "event_date")


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("dt_evento", "data_evento"),
        ("data_evt", "data_evento"),
        ("nm_evento", "nome_do_evento"),
        ("datas", "data"),
    ],
)
def test_short_forms_of_databases_and_plurals_are_the_words_they_stand_for(written: str, known: str) -> None:
    assert is_like(written, known)


def test_two_words_with_slips_are_another_name() -> None:
    assert not is_like("evnet_dtae", "event_date")
    assert not is_like("evnet_date_x", "event_date")

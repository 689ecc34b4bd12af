"""What the names of columns mean, with their brackets."""

import pytest

from domain.problems import Problem
from domain.rows.columns import REQUIRED, Columns, match_columns
from domain.rows.names import LOCATION_NAME, meaning


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Vagas (pessoas)", "local_info.capacity"),
        ("Data (dd/mm/aaaa)", "event_date"),
        ("Título (obrigatório)", "title"),
        ("Participantes (separados por ;)", "participants"),
        ("Participantes (palestrantes)", "participants"),
        ("Hora [hh:mm]", "event_time"),
        ("Horário (Brasília)", "event_time"),
        ("Cidade (UF)", "city"),
        ("Local (auditório)", "local"),
        ("Time (local)", "event_time"),
        ("Hora (GMT-3)", "event_time"),
        ("Vagas (limite)", "local_info.capacity"),
        ("Nome (do evento)", "title"),
    ],
)
def test_brackets_that_explain_a_name_do_not_matter(name: str, field: str) -> None:
    found = meaning(name)
    assert found is not None
    assert found.field == field


@pytest.mark.parametrize(
    "name",
    [
        "Time (UTC)",
        "Start time (GMT)",
        "Hora [UTC]",
        "Hora (saída)",
        "Data (envio)",
        "Date (RSVP by)",
        "Data (inscrição)",
        "Capacidade (mil)",
        "Capacity (thousands)",
        "Vagas (estacionamento)",
        "Nome (palestrante)",
        "Nome [organizador]",
        "Name (speaker)",
        "Evento (responsável)",
        "Cidade (residência do artista)",
        "Cidade (origem)",
        "Endereço (e-mail)",
        "Participantes (e-mails)",
        "Data (limite)",
        "Local (link)",
    ],
)
def test_brackets_that_change_what_a_name_means_are_heeded(name: str) -> None:
    assert meaning(name) is None


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Hora de início do evento", "event_time"),
        ("Nome do local do evento", "local_info.location_name"),
        ("Descripción del evento", "description"),
        ("Start time of the event", "event_time"),
        ("Capacidade do evento", "local_info.capacity"),
    ],
)
def test_a_name_may_say_that_it_is_of_the_event(name: str, field: str) -> None:
    found = meaning(name)
    assert found is not None
    assert found.field == field


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("one", "other", "taken"),
    [
        ("Sede", "Sede do evento", "Sede do evento"),
        ("Município", "MUNICÍPIO DO EVENTO", "MUNICÍPIO DO EVENTO"),
        ("Capacidade", "Capacidade do evento", "Capacidade do evento"),
        ("Data", "Data do evento", "Data do evento"),
        ("Fecha", "Fecha del evento", "Fecha del evento"),
        ("Hora", "Hora do evento", "Hora do evento"),
        ("Participants", "Participants of the event", "Participants of the event"),
        # A name that can mean nothing else comes first, and one that says more before an open one.
        ("Cidade", "Cidade do evento", "Cidade"),
        ("Nome", "Nome do evento", "Nome do evento"),
        # Nothing tells which of two words for a field is the event's.
        ("Venue", "Sede do evento", None),
        ("Data de início", "Data do evento", None),
        ("Sede do evento", "Sede of the event", None),
        ("Data", "Data", None),
    ],
)
def test_of_two_columns_with_one_name_that_of_the_event_is_taken(
    one: str, other: str, taken: str | None, *, is_first: bool
) -> None:
    names = [one, other] if is_first else [other, one]
    found = match_columns(names, None, dict.fromkeys((*REQUIRED, LOCATION_NAME), "x"), [["", ""]])
    if taken is None:
        assert isinstance(found, Problem)
        assert found.code == "duplicate_columns"
    else:
        assert isinstance(found, Columns)
        assert [names[at] for at in found.index.values()] == [taken]
        assert found.ignored == (1 - names.index(taken),)


def test_of_two_members_none_is_taken_because_a_record_may_lack_it() -> None:
    found = match_columns(["sede", "sede_do_evento"], None, dict.fromkeys(REQUIRED, "x"))
    assert isinstance(found, Problem)
    assert found.code == "duplicate_columns"


@pytest.mark.parametrize("name", ["ID do evento", "Tipo do evento", "Fim do evento", "do evento"])
def test_other_things_of_the_event_are_not_known(name: str) -> None:
    assert meaning(name) is None

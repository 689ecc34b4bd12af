"""What the names of columns mean, with their brackets."""

import pytest

from domain.rows.names import meaning


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


@pytest.mark.parametrize("name", ["ID do evento", "Tipo do evento", "Fim do evento", "do evento"])
def test_other_things_of_the_event_are_not_known(name: str) -> None:
    assert meaning(name) is None

"""What the names of columns mean, with their brackets."""

from datetime import UTC

import pytest

from domain.problems import Problem
from domain.rows.columns import FIELDS, REQUIRED, Columns, find_column, match_columns
from domain.rows.names import (
    EITHER,
    LOCATION_NAME,
    column_key,
    known_names,
    meaning,
    means_another_time,
    means_time,
)


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


OF_THE_EVENT = """
Data do evento; Data de início; Data inicial; Data da apresentação; Data de realização
Data de abertura; Data do show; Data prevista; Data confirmada; Data aprovada; Data agendada
Data marcada; Data da sessão; Data do espetáculo; Data da reunião; Data da aula; Data de estreia
Data do lançamento; Data da inauguração; Data da edição; Data da prova; Data da partida
Data da visita; Data da assembleia; Data da formatura; Data da posse; Data da missa; Datas; Quando
Data (a confirmar); Data (sujeita a alteração); Data (sujeita a confirmação)
Data (pendente de aprovação); Dia; Data (15ª edição); Data em aprovação; Fecha de inicio
Fecha del concierto; Fecha de la función; Fecha de apertura; Fecha de inauguración; Fecha prevista
Fecha programada; Fecha de celebración; Fecha (sujeta a cambios); Start date; Show date
Concert date; Opening date; Meeting date; Scheduled date; Confirmed date; Race date; Date of birds
Date (subject to change); Date (to be confirmed); Starts at; Hora de início; Hora do show
Horário da apresentação; Hora da sessão; Hora de abertura; Hora da partida; Hora de comienzo
Hora de la función; Show time; Kickoff time; Horário (sujeito a alteração); Terminal
Data da entrada; Finalista
"""

OF_SOMETHING_ELSE = """
Data de fim; Data final; Data de término; Termina em; Data de finalização; Finish date; Close date
Closing date; Fecha de cierre; Fecha de clausura; Último dia; Last day; Return date; Check-out date
Checkout; Due date; Data de vencimento; Fecha de vencimiento; Expiry date; Data de validade
Valid until; Data de desmontagem; Data de montagem; Setup date; Fecha de desmontaje; Criado em
Date created; Fecha de creación; Data de cadastro; Data de inclusão; Data inserção; Date added
Date entered; Fecha de registro; Data modificação; Data alteração; Fecha de modificación
Fecha de actualización; Data da última edição; Fecha de edición; Última atualização; Updated at
Data atualizada; Last modified date; Date changed; Data de revisão; Deleted at; Data de exclusão
Data do cancelamento; Data da solicitação; Data de envio; Submission date; Date submitted
Data de submissão; Received on; Data aprovação; Data de aprovação; Fecha de aprobación; Approved at
Data de confirmação; Published; Data de publicação; Posted on; Data de divulgação; Data de inscrição
Start date of registration; Data da matrícula; Sign-up date; Data da compra; Purchase date
Order date; Data do pedido; Data da venda; Hora da compra; Hora do lembrete; Reminder time
Fecha del recordatorio; Time spent; Tempo gasto; Data de nascimento; Fecha de nacimiento
Carga horária; Timestamp; Data (montagem); Data (última atualização); Date (due)
"""


def listed(names: str) -> list[str]:
    return [name.strip() for name in names.replace("\n", ";").split(";") if name.strip()]


@pytest.mark.parametrize("name", listed(OF_THE_EVENT))
def test_a_name_of_a_start_is_that_of_no_other_time(name: str) -> None:
    assert not means_another_time(name)


@pytest.mark.parametrize("name", listed(OF_SOMETHING_ELSE))
def test_a_name_may_speak_of_another_time_than_the_start(name: str) -> None:
    assert means_another_time(name)
    assert meaning(name) is None


@pytest.mark.parametrize("field", ["event_date", "event_time"])
def test_no_known_name_of_a_start_speaks_of_another_time(field: str) -> None:
    assert not [name for name in known_names(field) if means_another_time(name)]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Municipio/Cidade", "city"),
        ("Data / Fecha / Date", "event_date"),
        ("Título/Title", "title"),
        ("Hora/Time", "event_time"),
        ("Evento/Data", None),
        ("Início/Fim", None),
        ("Data/Hora", "event_date"),
        ("Cidade/", "city"),
        ("Cidade/Bairro", None),
        ("/".join(["Cidade"] * 9), None),
        ("Resumen", "description"),
    ],
)
def test_names_that_a_slash_parts_mean_a_field_if_all_do(name: str, field: str | None) -> None:
    found = meaning(name)
    assert (found and found.field) == field


def test_names_that_a_slash_parts_come_after_any_other_of_their_field() -> None:
    one, other = meaning("Data/Dia"), meaning("Dia/Data")
    assert one == other
    assert one is not None
    assert one.rank < min(found.rank for name in ("Data", "Dia") if (found := meaning(name)))


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (["Event", "Date", "City", "Name/Title"], 0),
        (["Atividade/Show", "Evento", "Data", "Cidade"], 1),
        (["Título / Title", "Evento", "Data", "Cidade"], 1),
        (["Evento/Event", "Data/Date", "Cidade/City", "Local/Venue"], 0),
    ],
)
def test_a_name_of_several_is_used_where_its_field_has_no_other_column(names: list[str], title: int) -> None:
    cells = {"Data": "24/06/2026", "Date": "24/06/2026", "Data/Date": "24/06/2026"}
    found = match_columns(names, {}, {}, [[cells.get(name, "Recife") for name in names]], UTC)
    assert not isinstance(found, Problem)
    assert found.index["title"] == title
    assert ("local_info.location_name" in found.index) == ("Local/Venue" in names)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *[
            (f"Data ({remark})", "event_date")
            for remark in (
                "pode sofrer alteração",
                "sujeita a alteração sem aviso prévio",
                "alterada",
                "sem confirmação",
            )
        ],
        *[
            (f"Date ({remark})", "event_date")
            for remark in ("may change", "last Friday", "registration required")
        ],
        *[(f"Time ({remark})", "event_time") for remark in ("may change", "changed")],
        *[(f"Título ({remark})", "title") for remark in ("revisado", "para divulgação")],
        *[(f"Cidade ({remark})", "city") for remark in ("alterada", "autorizada")],
        *[(f"Capacity ({remark})", "local_info.capacity") for remark in ("approved", "registered")],
        *[(f"Participants ({remark})", "participants") for remark in ("registered", "confirmation")],
        ("Venue (may change)", "local_info.location_name"),
    ],
)
def test_a_remark_in_brackets_takes_no_column_away(name: str, field: str) -> None:
    found = meaning(name)
    assert found is not None
    assert found.field == field
    assert not means_another_time(name)


def alternating(name: str, *, is_first_small: bool) -> str:
    return "".join(
        letter.lower() if (at % 2 == 0) == is_first_small else letter.upper()
        for at, letter in enumerate(name)
    )


KNOWN = [name for field in (*FIELDS, EITHER) for name in known_names(field)]


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_name_is_the_same_in_any_case(name: str) -> None:
    words, meant = name.replace("_", " "), meaning(name)
    assert meant is not None
    for written in (
        words.upper(),
        words.title(),
        words.title().swapcase(),
        words.capitalize().swapcase(),
        alternating(words, is_first_small=True),
        alternating(name, is_first_small=False),
        words[:3].lower() + words[3:].upper(),
        f"{alternating(words, is_first_small=True)} (*)",
    ):
        assert meaning(written) == meant


@pytest.mark.parametrize("name", [name for name in KNOWN if "_e_" not in name and "_y_" not in name])
def test_capitals_begin_the_words_of_a_known_name(name: str) -> None:
    capitals = "".join(word.title() for word in name.split("_")) if name != "o_que" else "oQue"
    assert meaning(capitals[0].lower() + capitals[1:]) == meaning(capitals) == meaning(name)


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ("tÍTULO tItLe TITle TÍTulo", "title"),
        ("dATA DaTa daTA dATA_DO_eVENTO DtStArT", "event_date"),
        ("cIDADE cItY CiDaDe ciDADE", "city"),
        ("hORA hORÁRIO StArT_tImE", "event_time"),
        ("iD Id", "id"),
    ],
)
def test_names_match_without_case(names: str, field: str) -> None:
    found = [meaning(name) for name in names.split()]
    assert [one and one.field for one in found] == [field] * len(found)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("startDate", "start_date"),
        ("eventID", "event_id"),
        ("eMail", "e_mail"),
        ("dtInicio", "dt_inicio"),
        ("sTitle", "s_title"),
        ("isAllDay", "is_all_day"),
        ("horaUTC", "hora_utc"),
        ("maximumAttendeeCapacity", "maximum_attendee_capacity"),
        ("tÉRMINO", "termino"),
        ("dATA DE fIM", "data_de_fim"),
        ("FiM", "fim"),
        ("sgUF", "sg_uf"),
        ("myId", "my_id"),
        ("oRgAnIzEr", "organizer"),
    ],
)
def test_capitals_within_an_unknown_name_begin_words_where_they_may(name: str, key: str) -> None:
    assert column_key(name) == key


@pytest.mark.parametrize("name", ["dATA DE tÉRMINO", "DaTa De FiM", "cRIADO eM"])
def test_another_time_is_told_in_any_case(name: str) -> None:
    assert means_another_time(name)
    assert meaning(name) is None


def test_a_name_of_times_is_told_in_any_case() -> None:
    assert means_time("hORA")
    assert means_time("InÍcIo")
    assert not means_time("dIA")


@pytest.mark.parametrize(
    ("names", "name", "places"),
    [
        (["x", "nomeArtista"], "NOMEARTISTA", [1]),
        (["x", "NOMEARTISTA"], "nomeArtista", [1]),
        (["nomeartista", "nome_artista"], "nomeArtista", [1]),
        (["nomeArtista", "NomeArtista"], "nomeArtista", [0]),
        (["nome"], "nomeArtista", []),
        (["", "  "], "  ", []),
    ],
)
def test_a_mapping_names_a_column_in_any_case(names: list[str], name: str, places: list[int]) -> None:
    assert find_column(names, name) == places

"""Known column names in Portuguese, English and Spanish, and their fields.

Sources: exports of Google Calendar, Outlook, The Events Calendar, Eventbrite, Meetup and Sympla, and
the open data of cities.
"""

import re

from msgspec import Struct

from domain.rows.memory import remember
from domain.text import folded

EITHER = "local"
"""A column of this name holds JSON, or the name of the place: each row's cell decides."""

LOCATION_NAME = "local_info.location_name"

# For each field: names that can mean nothing else; names that mean it; names that may mean something
# else, which the values of the column must bear out.
_NAMES: dict[str, tuple[str, str, str]] = {
    # By which an import finds the events of an export; ids of other programs mean nothing here.
    "id": ("id", "", ""),
    "title": (
        "title titulo",
        """
        event_title event_name name_of_event titulo_do_evento titulo_evento nome_do_evento
        nome_evento titulo_del_evento nombre_del_evento nombre_evento nombre_de_la_actividad
        nome_da_atividade titulo_da_atividade nome_da_atracao nome_do_espetaculo titulo_del_acto
        nombre_del_acto titulo_actividad nombre_actividad nome_atividade designacao_do_evento
        """,
        """
        evento event nome name nombre subject assunto asunto summary atividade actividad
        activity acto espetaculo espectaculo show denominacion denominacao designacao
        o_que que what programacao programa atracao
        """,
    ),
    "description": (
        "description descricao descripcion",
        "event_description descricao_do_evento descricao_evento descripcion_del_evento descripcion_evento",
        "details detalhes detalles resumo resumen sinopse sinopsis about sobre",
    ),
    "event_date": (
        """
        event_date data fecha date data_do_evento data_evento fecha_del_evento fecha_evento
        start_date event_start_date data_de_inicio data_inicio data_inicial data_do_inicio
        fecha_de_inicio fecha_inicio fecha_inicial fecha_de_comienzo dtstart date_start
        data_de_inicio_do_evento fecha_de_inicio_del_evento data_de_realizacao
        data_da_realizacao fecha_de_realizacion fecha_de_celebracion
        """,
        """
        start_datetime start_date_time start_date_and_time event_start_datetime event_start
        starts_at start_at inicio_do_evento inicio_del_evento data_e_hora data_hora
        data_e_horario date_time datetime date_and_time event_date_time event_date_and_time
        fecha_y_hora fecha_hora data_e_hora_de_inicio data_e_hora_do_evento
        fecha_y_hora_de_inicio data_hora_inicio fecha_hora_inicio
        """,
        "inicio start comienzo begin begins starts when quando cuando dia day dias_e_horarios periodo",
    ),
    "event_time": (
        """
        event_time hora horario time start_time event_start_time hora_de_inicio hora_inicio
        hora_inicial hora_do_inicio hora_do_evento hora_evento horario_de_inicio horario_inicio
        horario_inicial horario_do_evento hora_del_evento hora_de_comienzo hora_comienzo
        horario_del_evento time_start
        """,
        "time_of_day begin_time starting_time horario_da_sessao hora_da_sessao",
        "horas horarios hour",
    ),
    "city": (
        "city cidade ciudad",
        """
        municipio event_city venue_city city_name location_city cidade_do_evento
        ciudad_del_evento municipality concelho municipio_do_evento nome_do_municipio nombre_del_municipio
        """,
        "localidade localidad town poblacion comuna cidade_uf municipio_uf cidade_estado",
    ),
    "participants": (
        "participants participantes",
        "attendees convidados invitados palestrantes speakers ponentes",
        "artistas artists guests elenco",
    ),
    "local_info": ("local_info informacoes_do_local", "", ""),
    EITHER: ("local", "", ""),
    LOCATION_NAME: (
        "location_name nome_do_local",
        """
        venue venue_name event_venue event_venue_name event_location location lugar nome_local
        nombre_del_lugar nombre_lugar espaco espacio nome_do_espaco nombre_del_espacio
        local_do_evento lugar_del_evento local_de_realizacao sede recinto ubicacion
        nombre_instalacion instalacion
        """,
        "place where onde donde localizacao",
    ),
    "local_info.capacity": (
        "capacity capacidade capacidad",
        """
        vagas lotacao aforo plazas cupo seats event_capacity venue_capacity capacidade_maxima
        lotacao_maxima aforo_maximo capacidad_maxima numero_de_vagas max_attendees
        max_participants limite_de_vagas limite_de_participantes total_de_vagas publico_maximo
        capacidade_de_publico capacidade_total capacidad_total max_capacity maximum_capacity
        maximum_attendees
        """,
        "lugares publico asientos places",
    ),
    "local_info.venue_type": (
        "venue_type tipo_de_local",
        "tipo_local tipo_do_local tipo_de_lugar tipo_de_espaco tipo_de_espacio tipo_de_recinto location_type",
        "",
    ),
    "local_info.is_accessible": (
        "is_accessible acessivel",
        "accessible accesible wheelchair_accessible",
        "acessibilidade accesibilidad accessibility",
    ),
    "local_info.past_events": ("past_events eventos_anteriores eventos_pasados", "", ""),
    "local_info.manually_edited": ("manually_edited editado_manualmente", "", ""),
    "local_info.address": (
        "address endereco direccion",
        """
        venue_address event_address location_address endereco_do_local endereco_do_evento
        direccion_del_lugar direccion_del_evento logradouro domicilio event_venue_address
        morada street_address
        """,
        "",
    ),
}


class Meaning(Struct, frozen=True):
    """What a name means.

    Attributes:
        rank: 3 for a name that can mean nothing else, 1 for one that needs a look at the values; 0 for such a
            one that is used only where no other column has its field.
    """

    field: str
    rank: int


_MOST_NAMES = 3
"""In one header: of a table in several languages."""
_OF_SEVERAL = 0
"""The rank of such a header: any other column of its field comes first."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LEAST_OF_CAMEL = 3
"""Letters of the longest part of a word in which capitals begin words: not of `FiM`, `dEsTiNo`."""
_FEW_PARTS = 2
"""So many parts may be shorter: `sgUF`."""
_WORD = re.compile(r"[^\W_]+")
_NO_LETTERS = re.compile(r"[^\w]+|_+")
_OF_EVENT = re.compile(r"(?<=[a-z])_(?:do|del|of_the|of)_(?:evento|event)\Z")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
# What happens at a time that is not the start of the event. Participles are in the singular: they go with a
# date, and `Participantes (registrados)` are people.
_BESIDE_WORDS = re.compile(
    # It ends, or must be done before.
    r"\b(?:fim|fin|final|end|ends|ended|ending|termin[ao]|terminad[oa]|encerramento|until|ate|hasta|conclusao"
    r"|conclusion|completion|finish|finishes|finished|finaliza|finalizacao|finalizacion|finalizad[oa]|close"
    r"|closes|closing|closure|cierre|clausura|fechamento|fecho|ultim[oa]s?|last|retorno|regreso|return"
    r"|check ?out|deadline|prazo|plazo|due|vence|vencimento|vencimiento|expira|expires|expiry|expiration"
    r"|expiracao|expiracion|caducidad|validade|validez|valid|vigencia"
    # It is built up, or taken down.
    r"|montagem|montaje|setup|set up|desmontagem|desmontaje|dismantling|teardown|tear down"
    # A row, or a file, is written.
    r"|create|created|creation|criad[oa]|criacao|cread[oa]|creacion|cadastro|cadastrad[oa]|registro|registrad[oa]"
    r"|insert|inserted|insercao|insercion|inserid[oa]|inclusao|incluid[oa]|added|adicao|adicionad[oa]|anadid[oa]"
    r"|agregad[oa]|entered|timestamp|carimbo|generated|geracao|gerad[oa]|imported|importacao|importacion"
    r"|importad[oa]|exported|exportacao|exportacion|exportad[oa]"
    # It is changed, or taken out.
    r"|update|updated|atualizacao|atualizad[oa]|actualizacion|actualizad[oa]|modified|modification|modificacao"
    r"|modificacion|modificad[oa]|change|changed|alteracao|alterad[oa]|mudanca|cambio|cambiad[oa]|edited"
    r"|de edicao|de edicion|editad[oa]|revised|reviewed|revisao|revision|revisad[oa]|deleted|exclusao"
    r"|excluid[oa]|removed|removid[oa]|eliminacion|eliminad[oa]|archived|arquivad[oa]|archivad[oa]|cancelled"
    r"|canceled|cancellation|cancelamento|cancelacion"
    # It is asked for, sent, approved, told. `Data aprovada` and `Data confirmada` are those of the event.
    r"|request|solicitacao|solicitud|requerimento|sent|envio|enviad[oa]|submit|submitted|submission|submissao"
    r"|submetid[oa]|received|receipt|recebimento|recebid[oa]|recibid[oa]|approved|approval|aprovacao|aprovado"
    r"|aprobacion|aprobado|authori[sz]ed|authori[sz]ation|autorizacao|autorizacion|verified|verificacao"
    r"|verificacion|validated|validacao|validacion|confirmation|confirmacao|confirmacion|published|publicacao"
    r"|publicacion|publicad[oa]|posted|postagem|postado|announced|announcement|anuncio|divulgacao|divulgacion"
    # People enrol, buy, are reminded; time is spent.
    r"|inscricao|inscricoes|inscripcion|inscripciones|matriculas?|registration|registered|sign ?up|enrol+ment"
    r"|enrolled|rsvp|vendas?|ventas?|compras?|comprad[oa]|purchase|purchased|orders?|ordered|pedidos?|lembretes?"
    r"|reminders?|recordatorios?|aviso|alerta|alarme?|notification|notificacao|notificacion|nascimento"
    r"|nacimiento|birth|carga|duracao|duracion|duration|spent|elapsed|gast[oa]|worked|trabalhad[oa]s?)\b"
)
# Those that make a name that of something else in brackets, too. Others are remarks there:
# `Cidade (alterada)`, `Data (pode sofrer alteração)`.
_BESIDE_IN_BRACKETS = re.compile(
    r"\b(?:fim|fin|final|end|ends|ended|ending|termino|encerramento|until|ate|hasta|created|creation|criado"
    r"|criacao|creado|creacion|updated|update|atualizado|atualizacao|actualizado|modified|modificado"
    r"|cadastro|registro|inscricao|inscricoes|inscripcion|published|publicacao|publicacion|venda|deadline"
    r"|prazo|plazo|nascimento|birth|carimbo|timestamp|conclusao|conclusion|completion|carga|duracao|duracion"
    r"|duration|due|vencimento|vencimiento|montagem|montaje|desmontagem|desmontaje|teardown)\b"
)
# What is still open about the date itself is no other date: `Data (sujeita a alteração)`.
_STILL_OPEN = re.compile(
    r"\b(?:sujeit[oa]s?|sujet[oa]s?|subject|pendentes?|pendientes?|pending|aguardando|esperando|awaiting"
    r"|under|em|en)\b(?: (?:a|as|ao|de|da|do|to|the|la))* \w+"
)
_START = re.compile(r"\b(?:inicio|comienzo|start|starts|begins?|hora|horarios?|time|datetime)\b")
_ZONE = re.compile(
    r"\b(?:utc|gmt|zulu|est|edt|cst|cdt|mst|mdt|pst|pdt|cet|cest|bst|brt|time ?zone|timezone|fuso"
    r"|zona horaria)\b"
)
_OF_ZONES = re.compile(r"\b(?:time ?zones?|tz|tzid|fusos?|zona horaria|huso horario)\b")
# In brackets behind a name these words make it the name of something else. An offset such as GMT-3 does
# not: it is mostly that of the place.
_CHANGING_WORDS = re.compile(
    r"\b(?:(?:utc|gmt)(?! ?[0-9])|zulu|mil|milhar|milhares|miles|thousands?|k|milhoes|millones|envio|rsvp"
    r"|entrega|submissao|saida|salida|exit|checkout|fechamento|cierre|closing|chuva|lluvia|rain|alternativ[oa]"
    r"|alternate|e ?mails?|mail|telefones?"
    r"|telefono|phone|celular|whatsapp|url|links?|site|estacionamento|parking|residencia|origem|origen"
    r"|origin)\b"
)
_PEOPLE_WORDS = re.compile(
    r"\b(?:palestrantes?|speakers?|ponentes?|organizador(?:es|a|as)?|organizers?|responsavel|responsable"
    r"|contato|contacto|contact|instrutor(?:es|a)?|instructor(?:es|a|s)?|autor(?:es|a)?|authors?|artistas?"
    r"|artists?|participantes?|participants?|convidados?|guests?|solicitante|requerente|cliente|client"
    r"|usuario|user|aluno|alumno|student)\b"
)


# The members of JSON have the same names in every record.
_keys: dict[str, str] = {}
_meant: dict[str, "Meaning | None"] = {}
_UNSEEN = Meaning("", 0)


def plain_key(name: str) -> str:
    """Return a name without case, accents and marks: `startDate` and `STARTDATE` are one."""
    return "_".join(_NO_LETTERS.sub(" ", folded(name)).split())


_MEANINGS = {
    plain_key(name): Meaning(field, rank)
    for field, groups in _NAMES.items()
    for rank, names in zip((3, 2, 1), groups, strict=True)
    for name in (field, *names.split())
    if rank == 3 or name != field
}


def column_key(name: str) -> str:
    """Return the form in which column names are compared: no case, no accents, no marks.

    Of an unknown name, capitals within a word begin another one, as programs write: `startDate`. In a known
    one they say nothing (`tItLe`), nor in one that is written with the Caps Lock key.
    """
    key = _keys.get(name)
    if key is None:
        key = plain_key(name)
        if _CAMEL.search(name) and key not in _MEANINGS and without_event(key) not in _MEANINGS:
            key = plain_key(_WORD.sub(_in_words, name))
        remember(_keys, name, key)
    return key


def _in_words(found: re.Match[str]) -> str:
    """Return a word with blanks before its inner capitals, if these seem to begin words."""
    word = found[0]
    is_inverted = word[:1].islower() and word[1:].isupper()
    parts = _CAMEL.split(word)
    is_short = max(map(len, parts)) < _LEAST_OF_CAMEL
    is_odd = is_short and (len(parts) > _FEW_PARTS or min(map(len, parts)) == 1)
    return word if is_inverted or is_odd else " ".join(parts)


def meaning(name: str) -> Meaning | None:
    """Return what a column's name means, None for a name that is not known."""
    # One look: another thread may clear the memory between two.
    found = _meant.get(name, _UNSEEN)
    if found is _UNSEEN:
        found = _meaning(name)
        remember(_meant, name, found)
    return found


def _meaning(name: str) -> Meaning | None:
    key = column_key(name)
    known = _MEANINGS.get(key) or _meaning_of_event(key)
    if known is None and ("(" in name or "[" in name) and not _is_beside_in_brackets(name):
        known = _MEANINGS.get(column_key(_IN_BRACKETS.sub(" ", name)))
        if known is not None and _changes(known.field, name):
            return None
    return known or _meaning_of_each(name)


def _meaning_of_each(name: str) -> Meaning | None:
    """Return what names with slashes between them mean, if all mean one field: `Municipio/Cidade`."""
    parts = name.split("/") if "/" in name else []
    found = {_MEANINGS.get(column_key(part)) for part in parts[: _MOST_NAMES + 1]}
    fields = {known.field if known else "" for known in found}
    if len(parts) > _MOST_NAMES or "" in fields:
        return None
    if fields == {EITHER, LOCATION_NAME}:
        fields = {LOCATION_NAME}
    return Meaning(fields.pop(), _OF_SEVERAL) if len(fields) == 1 else None


def _meaning_of_event(key: str) -> Meaning | None:
    """Return what a name means without `do evento` at its end.

    An id of events is that of another program, and the programme of an event is not its title.
    """
    known = _MEANINGS.get(without_event(key))
    return None if known is None or known.field in ("id", "title", "description") else known


def without_event(key: str) -> str:
    """Return the key of a name without `do_evento`, `del_evento` or `of_the_event` at its end."""
    return _OF_EVENT.sub("", key)


def _changes(field: str, name: str) -> bool:
    """Return whether what stands in brackets makes a name that of something else than a field."""
    within = " ".join(column_key(part).replace("_", " ") for part in _IN_BRACKETS.findall(name))
    if _CHANGING_WORDS.search(within) or (field == "event_date" and "limite" in within):
        return True
    return field != "participants" and is_of_people(within)


def means_another_time(name: str) -> bool:
    """Return whether a name speaks of another time than the start of an event: its end, a deadline, an order.

    Or of when its row was written.
    """
    return _is_beside(_IN_BRACKETS.sub(" ", name)) or _is_beside_in_brackets(name)


def _is_beside(name: str) -> bool:
    words = column_key(name).replace("_", " ")
    return _BESIDE_WORDS.search(_STILL_OPEN.sub("", words)) is not None


def _is_beside_in_brackets(name: str) -> bool:
    return _BESIDE_IN_BRACKETS.search(column_key(name).replace("_", " ")) is not None


def is_of_people(name: str) -> bool:
    """Return whether a name speaks of a person who has to do with an event: `Cidade do palestrante`."""
    return _PEOPLE_WORDS.search(column_key(name).replace("_", " ")) is not None


def means_time(name: str) -> bool:
    """Return whether a name is known as that of times, or of starts: `Horas`, `Início`, not `Dia`."""
    known = meaning(name)
    if known is None or known.field not in ("event_date", "event_time"):
        return False
    return known.field == "event_time" or _START.search(column_key(name).replace("_", " ")) is not None


def states_a_zone(name: str) -> bool:
    """Return whether a name speaks of a time zone: `Start (UTC)`, `Start PST`."""
    return _ZONE.search(column_key(name).replace("_", " ")) is not None


def is_of_zones(name: str) -> bool:
    """Return whether a column's name says that it holds time zones: `Fuso horário`, `Event Timezone`."""
    return _OF_ZONES.search(column_key(name).replace("_", " ")) is not None


def known_names(field: str) -> list[str]:
    """Return the names of a field, as they compare."""
    return [name for name, known in _MEANINGS.items() if known.field == field]

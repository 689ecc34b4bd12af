"""Whether an unknown name of a column may be a known one, written with a slip.

A wrong proposal is worse than none: names are compared word by word, and `Idade` is not `Cidade`.
"""

import re

from domain.rows.names import column_key, is_of_people, states_a_zone

_SHORT = 5
_LONG = 9
"""From so many letters on a word may have two slips."""

_SHORT_FORMS = {"dt": "data", "nm": "nome", "evt": "evento", "hr": "hora"}
"""How databases and their exports write words of Portuguese."""

_JOINING = frozenset({"de", "da", "do", "del", "of", "the"})

_VOWELS = frozenset("aeiouy")

_OTHER = re.compile(
    r"\b(?:costs?|custos?|costos?|prices?|precos?|precios?|valor(?:es)?|fees?|taxas?|tarifas?|types?|tipos?"
    r"|status|situacao|situacion|idade|age|edad|faixa|modalidades?|modalidad(?:es)?|categor(?:y|ies|ias?)"
    r"|orige[mn]|origin|destino|destination|pagamentos?|pagos?|payments?|paid|deadline|envio|enviado"
    r"|vendas?|ventas?|sales?|vendid[oa]s?|sold|restantes?|remaining|disponive(?:l|is)|disponibles?"
    r"|available|pcd|municipal|municipais|municipales|ciudadan[oa]s?|cidadaos?|cidada|quant[oa]s?"
    r"|cuant[oa]s?|fechad[oa]|fechamento|fecho|cierre|closed|assentos?|not(?:e|a)s?|locacao|anterior(?:es)?"
    r"|previous|alternativ[oa]s?|alternate|backup|rain|chuva|lluvia)\b"
)
_OTHER_FOR = {
    "event_date": re.compile(
        r"\b(?:limite|limit|emissao|emision|entrega|delivery|assinatura|check ?in|de alta|de baja|protocolo"
        r"|relatorio|boletim|retirada|coleta)\b"
    ),
    "event_time": re.compile(
        r"\b(?:limite|limit|cargas?|onibus|autobus|bus|van|transporte|shuttle|sound ?check|passagem de som)\b"
    ),
    "city": re.compile(
        r"\b(?:billing|shipping|cobranca|home|work|buyer|comprador|order|pedido|residencia|residence|natal"
        r"|nascimento|nacimiento|birth|cep|zip|postal|council|prefeitura|prefeit[oa]|ayuntamiento)\b"
    ),
    "local_info.location_name": re.compile(
        r"\b(?:saida|salida|departure|inscric(?:ao|oes)|inscripcion|almoco|almuerzo|lunch|hospedagem"
        r"|retirada|estacionamento|parking|nascimento|nacimiento|birth|moedas?|moneda|currency|idiomas?|linguas?"
        r"|languages?|horarios?|datas?|fecha|date|descricao|descripcion|description|obs|observacao|observacoes"
        r"|mapas?|maps?|fotos?|photos?|imagem|imagen|image)\b"
    ),
    "local_info.capacity": re.compile(
        r"\b(?:eletric[oa]|electric[oa]?|electrical|energia|energy|power|potencia|kva|kw|watts?|w|som|sonor[oa]"
        r"|sound|cargas?|load|peso|weight|armazenamento|storage|memoria|memory|litros|estacionamento|parking"
        r"|carros?|cars?|veiculos?|vehiculos?|vehicles?|usad[oa]s?|used|utilizad[oa]s?|ocupad[oa]s?|ocios[oa]s?"
        r"|preenchid[oa]s?|filled|mil|milhar|milhares|thousands?|k)\b"
    ),
}
_OF_PLACES = frozenset({"city", "local_info.location_name", "local_info.address"})
_BUSINESS = re.compile(
    r"\b(?:fornecedor(?:es|a)?|proveedor(?:es|a)?|suppliers?|vendors?|empresas?|compania|compan(?:y|ies)|agencias?"
    r"|agency|patrocinador(?:es|a)?|sponsors?|produtor(?:es|a)?|productor(?:es|a)?|producers?|promotor(?:es|a)?"
    r"|promoters?|expositor(?:es)?|exhibitors?|contratantes?|bandas?|bands?|parceir[oa]s?|partners?|customers?"
    r"|funcionari[oa]s?|emplead[oa]s?|employees?|inscrit[oa]s?|remetente|sender|destinatario|recipient)\b"
)
_CONTACT = re.compile(
    r"\b(?:telefones?|telefono|tel|fone|phone|celular|movil|mobile|whatsapp|fax|e ?mails?|mail|correo"
    r"|eletronico|electronic[oa]|sites?|website|web|instagram|facebook)\b"
)
"""An event, or its place, is reached by them; they are no place."""


def names_another_thing(field: str, name: str) -> bool:
    """Return whether a word of an unknown name says that it is something else than a field."""
    words = column_key(name).replace("_", " ")
    if _OTHER.search(words):
        return True
    if field in _OF_PLACES and (is_of_people(name) or _BUSINESS.search(words) or _CONTACT.search(words)):
        return True
    other = _OTHER_FOR.get(field)
    return other is not None and other.search(words) is not None


def is_vetoed(field: str, name: str) -> bool:
    """Return whether an unknown name must not be proposed for a field, whatever else it says."""
    is_of_time = field in ("event_date", "event_time")
    return names_another_thing(field, name) or (is_of_time and states_a_zone(name))


def is_like(key: str, known: str) -> bool:
    """Return whether one key of a column's name may be another, with a slip in one of its words."""
    if key.replace("_", "") == known.replace("_", ""):
        return True
    written = [_SHORT_FORMS.get(word, word) for word in key.split("_") if word not in _JOINING]
    meant = [word for word in known.split("_") if word not in _JOINING]
    if len(written) != len(meant):
        return False
    if sorted(written) == sorted(meant):
        return True
    differing = [pair for pair in zip(written, meant, strict=True) if pair[0] != pair[1]]
    return len(differing) == 1 and is_slip(*differing[0])


def is_slip(written: str, meant: str) -> bool:
    """Return whether a word is another with a slip: a letter too many, too few, wrong, or two swapped.

    The first letter is right, or left out. Of a short word only a vowel is another one: `note` is not `nome`.
    """
    if (written == meant[1:] and len(meant) >= _SHORT) or written == f"{meant}s":
        return True
    if written[:1] != meant[:1] or not written.isalpha() or abs(len(written) - len(meant)) > 2:
        return False
    if len(meant) < _SHORT:
        return len(meant) == _SHORT - 1 and _is_short_slip(written, meant)
    return 0 < _distance(written, meant) <= 1 + (len(meant) >= _LONG)


def _is_short_slip(written: str, meant: str) -> bool:
    """Return whether a letter of a short word is left out, doubled, another vowel, or swapped."""
    if len(written) == len(meant) - 1:
        return any(written == meant[:at] + meant[at + 1 :] for at in range(len(meant)))
    if len(written) == len(meant) + 1:
        return any(written == meant[: at + 1] + meant[at:] for at in range(len(meant)))
    if len(written) != len(meant):
        return False
    swapped = (meant[:at] + meant[at + 1] + meant[at] + meant[at + 2 :] for at in range(len(meant) - 1))
    others = [pair for pair in zip(written, meant, strict=True) if pair[0] != pair[1]]
    return (len(others) == 1 and _VOWELS.issuperset(others[0])) or (written != meant and written in swapped)


def _distance(one: str, other: str) -> int:
    """Return how many letters were added, left out, changed, or swapped with the next one."""
    before: list[int] = []
    row: list[int] = [*range(len(other) + 1)]
    for i, letter in enumerate(one, 1):
        previous = row
        row = [i]
        for j, meant in enumerate(other, 1):
            best = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != meant))
            if before and j > 1 and letter == other[j - 2] and one[i - 2] == meant:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before = previous
    return row[-1]

"""Which bytes are better text in another encoding than Windows-1252."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv.doubt import better_encodings

WORDS = """
EXPOSIÇÃO/SÃO LUÍS/AÇÃO E REAÇÃO/GOIÂNIA/FORRÓ/MACEIÓ/Forró/Maceió/Café/Saúde/Itaú/Música/Piauí/José/Belém
São João/Ópera/Órgão/Coração/Niterói/Jundiaí/Programação/Educação/Câmara/TRIO ELÉTRICO/FEIRA DE SÃO JOSÉ
"""
ACCENTED = [word for line in WORDS.split("\n") for word in line.split("/") if word]


def lines(words: list[str]) -> str:
    return "título;data;cidade\n" + "".join(f"{word};2026-03-13;{word}\n" for word in words)


@given(st.lists(st.sampled_from(ACCENTED), min_size=1, max_size=5))
def test_portuguese_in_windows_1252_is_never_doubted(words: list[str]) -> None:
    assert better_encodings(lines(words).encode("cp1252")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Rock'n'roll \u2013 l\u2019été;Œuvre, cœur, sœur;Nº 5ª",
        "Preço R$ 5 \u2013 10 €;“Show” — ao vivo…;D\u2019Ávila;\u2018Festa\u2019",
        "Björk;Zürich;Genève;Fête;Zé;Pé;Lá;Sá",
        "AÇÃO;FAÇO;Mañana;Peñíscola;¿Qué?;¡Olé!",
    ],
)
def test_neither_are_its_marks_and_its_neighbours(text: str) -> None:
    assert better_encodings(text.encode("cp1252")) == ()


ONE_BYTE_SAYS_NOTHING = {"Piauí", "Jundiaí", "Ópera"}
"""Read by Windows-1252 those of a Mac end with an apostrophe, or begin as French words do."""


@pytest.mark.parametrize("word", ACCENTED)
@pytest.mark.parametrize(("encoding", "name"), [("cp850", "cp850"), ("mac_roman", "macintosh")])
def test_portuguese_of_a_mac_or_of_dos_is_told(word: str, encoding: str, name: str) -> None:
    if encoding == "mac_roman" and word in ONE_BYTE_SAYS_NOTHING:
        word = f"{word} e São João"
    found = better_encodings(lines([word]).encode(encoding))
    assert found[:1] == (name,)


OF_CAPITALS = """
PROCISSÃO/LEILÃO/ÍNDIO/SÃO LUÍS/JOÃO PESSOA/MARANHÃO/ÔNIBUS/ÚNICO/TÊNIS/ÁGUA/SÃO/MÃE/PÃES/CAFÉ/ÉPOCA/MANHÃ
JOÃO/IRMÃOS/SALÃO/VERÃO/REUNIÃO/REGIÃO/AVIÃO/LEÕES/LIMÕES/FAMÍLIA/MUNICÍPIO/CAMPEÃO/VIOLÃO/OPINIÃO/PRÊMIO/CIÊNCIA/PIAUÍ
GÊNERO/ESPAÑA/MARÍA/MÁLAGA/ÁVILA/PAÍS/AMANHÃ/CORAÇÃO/MÜNCHEN/ÉVORA/HÔTEL/FRANÇAIS/MALMÖ ÄR ÅRET
"""
CAPITALS = [word for line in OF_CAPITALS.split("\n") for word in line.split("/") if word]


@pytest.mark.parametrize("word", CAPITALS)
@pytest.mark.parametrize(("encoding", "name"), [("cp850", "cp850"), ("mac_roman", "macintosh")])
def test_capitals_of_a_mac_or_of_dos_are_told_word_by_word(word: str, encoding: str, name: str) -> None:
    assert name in better_encodings(lines([word]).replace("í", "i").encode(encoding))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("avô", "cp850"),
        ("avô;robôs", "cp850"),
        ("cônjuge", "cp850"),
        ("Água", "cp850"),
        ("Água", "mac_roman"),
    ],
)
def test_letters_that_look_like_quotes_or_units_are_told(text: str, encoding: str) -> None:
    assert better_encodings(f"titulo;data\n{text}\n".encode(encoding)) != ()


OF_THE_WEST = """
ÖSTERREICH/KÖLN/MÜNCHEN/GEÖFFNET/LÖSUNG/BÖDEN/ÄPFEL/ÜBER/STRAßE/MÄRZ/MALMÖ/SJÖ/UMEÅ/ÖREBRO/GÖTEBORG/YÖ/TYÖ/HÄMEENLINNA
ÇA VA/GARÇON/REÇU/LEÇON/FRANÇAIS/ÉCOLE/À PARIS/DÉJÀ VU/HÔTEL/FORÊT/ÎLE/NOËL/CITROËN/ŒUVRE
TÜRKÇE/BAHÇE/GENÇ/KÖY/AÇO/CABEÇO/MAÇO/ALMOÇO/PESCOÇO/LAÇO/MARÇO/SERVIÇO/PREÇO/ESPAÇO/TERÇO/BERÇO/CALÇO/LANÇO
BALANÇO/POÇO/MOÇO/ESFORÇO
AÇÃO/PROMOÇÃO/CORAÇÃO/NASÇO/CRESÇO/DESÇA/FEITIÇO/OURIÇO/SUMIÇO/DANÇA/FORÇA/ENDEREÇO/PALHAÇO/ÔNIBUS/ÍNDIO/ÚNICO/ÁGUA
HISTÒRIA/ÒPERA/CRÒNICA/PERÒ/CITTÀ/LUNEDÌ/COSÌ/SÌ/ISRAELÍES/IRANÍES/PAÍSES/RÍO/COÖPERATIE/TRØNDELAG/ÆRØ/Öl/Índio/Água
“Show” do avô/The “Best of” Brazil/„Faust“ von Goethe/,,Faust“ von Goethe/“Faust“/”Hej” sade han
5 µm/10 µF/um µ/ƒ 25,00/ƒ25/20 €/100€/Ø 20 cm/Nº 5ª/½ hora/10 °C/§ 5/Lá/Olá/ZÉ/SÓ
"""
WESTERN = [
    *(word for line in OF_THE_WEST.split("\n") for word in line.split("/") if word),
    *("it\u2019s “live”", "peça“o rei”", "O “avô” \u2013 20h", "3 \u00d7 4"),
]


@pytest.mark.parametrize("word", WESTERN)
def test_what_western_europe_writes_goes_in_unasked(word: str) -> None:
    assert better_encodings(f"titulo;data\n{word};2026\n".encode("cp1252")) == ()


@given(st.lists(st.sampled_from(WESTERN), min_size=1, max_size=8))
def test_so_do_many_words_of_it(words: list[str]) -> None:
    assert better_encodings(lines(words).encode("cp1252")) == ()


SPOKEN = """
não/são/até/você/também/alguém/mãe/então/água/música/coração/família/história/público/édito/avô/avó/leilão/leões/índio
aquí/más/así/señor/mañana/después/razón/niño/corazón/habitación/país/día/canción/español/médico/único/árbol/fútbol
très/même/été/déjà/père/après/mère/être/forêt/île/garçon/français/théâtre/fête/où/naïve/août/élève/château/hôtel
für/müssen/würde/können/wäre/hätte/möchte/dafür/gehört/schön/über/größe/straße/mädchen/bücher/köln/münchen/österreich
"""
LANGUAGES = [line.split("/") for line in SPOKEN.strip().split("\n")]


@given(st.sampled_from(LANGUAGES), st.sampled_from([str.lower, str.title, str.upper]), st.randoms())
def test_several_rows_of_a_language_are_asked_about_in_any_case_of_letters(
    words: list[str], case: Callable[[str], str], random: Random
) -> None:
    text = lines([case(word) for word in random.sample(words, 10)]).replace("í", "i", 1)
    assert better_encodings(text.encode("cp1252")) == ()
    for encoding in ("cp850", "mac_roman"):
        assert better_encodings(text.encode(encoding)) != ()

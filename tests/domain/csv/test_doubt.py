"""Which bytes are better text in another encoding than Windows-1252."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv.doubt import better_encodings, doubt_about

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


OF_LATIN_9 = """
Œuvre à 10 €/Entrada 10€/Entrada 10,50 €/€10/€ 10,50/cœur/sœur/Sacré-Cœur/SACRÉ-CŒUR/CŒUR/Œil/œil/œuf/les œufs
hors-d'œuvre/d'œuvre/ŒUVRE/manœuvre/Œdipe/œnologie/L'HAŸ-LES-ROSES/nežný/Dražen Žižek/ŒDIPE/fœtus/HAŸ.
Preço (€)/10,- €/€ 1.250,00/5€
"""
OF_WINDOWS = """
½/¼/¾/1½ horas/½ hora/½ price/2½h/½h/½l/½kg/½lb/½litro/½tempo/½-término/¼ de hora/¼-Finale/1¼/3¾/8½ de Fellini
Nº½/kg½/(½)/1/½/½ ilha/5¾%/A ¾/MESA ¾/¾ de hora/1½il
cañón\u00b4s/Rock\u00b4n\u00b4Roll/D\u00b4Artagnan/d\u00b4água
Copo d\u00b4Água/l\u00b4été/O\u00b4Brien/joa\u00b4o
¨Show¨/¨Los Ángeles¨/copo d¨água/pingu¨ino
A ¦ B/Show¦Sala/¦ Show/¤/¤ Show/¤ 10 anos/Sala ¤ Teatro/\u00b8/Lisboa\u00b8 Porto/cedilha ( \u00b8 )
São ¼ João/Sala 1 ¤ Sala 2/2026 ¤ Show/¤ 19.30 Abertura/¤ 20.00 Uhr Konzert/¤ 24.06 São João
Franc\u00b8a/prec\u00b8o/cabec\u00b8a/VIOLINO¾/KG¾/XL¾/CUP¾-FULL/10h½à/kg½de/copo½cheio/meia½noite/ein½stündig/DAS½h
10 £/R$ 10/¢50/§ 5/©2026/1ª/2º/10 °C/3 \u00d7 4/¿Qué?/«Olé»/Åre/Ærø/niño/ação
"""


@pytest.mark.parametrize(
    "text", [text for line in OF_LATIN_9.strip().split("\n") for text in line.split("/")]
)
def test_letters_of_latin_9_are_asked_about(text: str) -> None:
    found = doubt_about(f"title;date;city\n{text};2026-06-24;Recife\n".encode("iso8859-15"))
    assert found is not None
    assert found.code == "unclear_encoding"
    assert found.suggestions == ("iso-8859-15",)


@pytest.mark.parametrize(
    "text", [text for line in OF_WINDOWS.strip().split("\n") for text in line.split("/")]
)
def test_signs_that_stand_for_themselves_are_not(text: str) -> None:
    assert doubt_about(f"title;date;city\n{text};2026-06-24;Recife\n".encode("cp1252")) is None


def test_what_has_quotes_or_the_euro_of_windows_is_not_of_latin_9() -> None:
    text = "title;date;city\nc½ur;2026-06-24;R\n"
    assert doubt_about(text.encode("cp1252")) is not None
    for mark in "“”\u2013€…":
        assert doubt_about(f"{text}{mark};2026-06-24;R\n".encode("cp1252")) is None


def test_it_is_shown_by_both_encodings() -> None:
    found = doubt_about("cidade\nEntrada 10 €\nB".encode("iso8859-15"))
    assert found is not None
    assert found.value == "Entrada 10 ¤"
    assert "Entrada 10 €" in found.message

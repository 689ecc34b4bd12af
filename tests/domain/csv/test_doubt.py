"""Which bytes are better text in another encoding than Windows-1252."""

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

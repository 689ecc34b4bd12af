"""Which bytes are words of another alphabet, and by which encoding they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv.dialect import known_encoding
from domain.csv.doubt import doubt_about
from domain.csv.other_scripts import other_script, polish_word

RUSSIAN = "Концерт в Москве;Лекция;Ночь музеев;ЯРМАРКА"
UKRAINIAN = "Їжачок;Вечір міста;Свято міста;сім'я"
GREEK = "Συναυλία στην Αθήνα;ΓΙΟΡΤΗ;Νύχτα των μουσείων"
POLISH = "Wieczór w Łodzi;Święto żywności;książka;Gdańsk;mała scena"


def table(text: str) -> str:
    titles = text.split(";")
    return "title;event_date;city\n" + "".join(f"{title};2026-03-13;{title}\n" for title in titles)


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (RUSSIAN, "cp1251", ("windows-1251",)),
        (RUSSIAN, "koi8_r", ("koi8-r",)),
        (UKRAINIAN, "cp1251", ("windows-1251",)),
        (GREEK, "cp1253", ("windows-1253",)),
        (POLISH, "cp1250", ("windows-1250",)),
        ("קונצרט בתל אביב;ערב שירה", "cp1255", ()),
        ("حفلة موسيقية;معرض الكتاب", "cp1256", ()),
        ("คอนเสิร์ต;งานวัด", "cp874", ()),
        ("音乐会;北京展览;文化节", "gbk", ()),
        ("콘서트;서울의 밤;도서전시회", "euc_kr", ()),
    ],
)
def test_another_alphabet_is_told_by_its_encoding_or_as_unknown(
    text: str, encoding: str, found: tuple[str, ...]
) -> None:
    content = table(text).encode(encoding)
    assert (other_script(content) or polish_word(content)) is not None
    fault = doubt_about(content)
    assert fault is not None
    assert (fault.code, fault.suggestion) == ("unclear_encoding", found[0] if found else None)
    if found:
        assert known_encoding(found[0]) is not None
        assert fault.params is not None
        assert str(fault.params["meant"]) in " ".join(text.split(";"))


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("Θεατρο;Πατρα", "cp1253", ("windows-1253", "windows-1251")),
        ("Θέατρο;Πάτρα", "cp1253", ("windows-1253",)),
        ("Φεστιβάλ;Χανιά", "cp1253", ("windows-1253",)),
        ("ΘΕΑΤΡΟ;ΠΑΤΡΑ", "cp1253", ("windows-1253", "windows-1251")),
        ("Εκθεση;Λαρισα", "cp1253", ("windows-1253", "windows-1251")),
        ("Москва;Концерт", "cp1251", ("windows-1251",)),
        ("Киев;Лекция", "cp1251", ("windows-1251",)),
        ("Тула;Спорт", "cp1251", ("windows-1251",)),
        ("ЛЕКЦИЯ;ЯРМАРКА", "cp1251", ("windows-1251",)),
        ("Киев;Лекция", "koi8_r", ("koi8-r",)),
        ("תל אביב;קונצרט", "cp1255", ()),
    ],
)
def test_of_a_short_text_each_alphabet_is_named_that_it_may_be(
    text: str, encoding: str, found: tuple[str, ...]
) -> None:
    fault = doubt_about(table(text).encode(encoding))
    assert fault is not None
    assert (fault.suggestion, fault.suggestions or ()) == (found[0] if found else None, found)


@pytest.mark.parametrize(
    "text",
    [
        "Bingo ÁÉÍÓÚ;São João;Exposição;Coração;Maceió;Ópera",
        "Preço: £50;500 m³;3º;½ hora;¿Qué?;¿cómo?;nota¹;x²y",
        "•••••••• Programação ••••••••;——————;«« Ópera »»;®©™",
        "Créée à l\u2019opéra;Fußgängerzone;Ærøskøbing;Þorlákshöfn;Åsa",
        "Edição;AÇÃO;FAÇO;JOÃO;AVÔ;ÃO",
        "As vogais ÁÉÍÓÚ",
        "evento¿qué es?;Charla",
        "Noite em £ondres com Antônio",
        "m³e",
    ],
)
def test_text_of_western_europe_is_no_other_alphabet(text: str) -> None:
    content = table(text).encode("cp1252")
    assert (other_script(content), polish_word(content)) == (None, None)


@pytest.mark.parametrize("text", ["Música na praça;Público;Júnior", "último;Número;Málaga"])
def test_portuguese_and_spanish_of_dos_are_not_taken_for_polish(text: str) -> None:
    fault = doubt_about(table(text).encode("cp850"))
    assert fault is not None
    assert fault.suggestion == "cp850"


WORDS = st.lists(
    st.sampled_from(
        [
            "São",
            "João",
            "Ópera",
            "Ação",
            "é",
            "à",
            "Lá",
            "Itaú",
            "Mañana",
            "cœur",
            "Zürich",
            "\u2013",
            "“Show”",
            "10€",
            "£5",
        ]
    ),
    min_size=1,
)


@given(WORDS)
def test_no_text_of_usual_words_is_another_alphabet(words: list[str]) -> None:
    assert other_script(table(" ".join(words)).encode("cp1252")) is None


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(content: bytes) -> None:
    found = other_script(content)
    assert found is None or found[0]

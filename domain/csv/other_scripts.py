r"""Recognises text in other alphabets, which Windows-1252 turns into letters that no language puts so.

The bytes of Cyrillic, Greek, Hebrew, Arabic, Thai or Chinese are read as whole words of accented letters
(`\u00cf\u00f0\u00e8\u00e2\u00e5\u00f2`), those of Polish as signs in the middle of words.
"""

import re

_ALPHABETS: tuple[tuple[str, re.Pattern[str]], ...] = (
    # Lower case has one accent a word. Without it, as many write, the word ends in one of few letters, and
    # \u03c2 stands at the end only, where \u03c3 never does.
    (
        "windows-1253",
        re.compile(
            "[\u0386-\u03ab]?[\u03b1-\u03c1\u03c3-\u03cb]*+[\u03ac-\u03af\u03cc-\u03ce]"
            "[\u03b1-\u03c1\u03c3-\u03cb]*+\u03c2?"
            "|[\u0386-\u03ab]?[\u03b1-\u03c1\u03c3-\u03cb]*+\u03c2?"
            "(?<=[\u03b1\u03b5\u03b7\u03b9"
            "\u03bf\u03c5\u03c9\u03ca\u03cb\u03bd\u03be\u03c1\u03c2\u03c8"
            "\u0391\u0395\u0397\u0399\u039f\u03a5\u03a9])"
            "|[\u0386-\u03ab]{2,}"
        ),
    ),
    (
        "windows-1251",
        re.compile("[\u0401-\u042f\u0490]?[\u0430-\u045f\u0491\u2019']+|[\u0401-\u042f\u0490]{2,}"),
    ),
    ("koi8-r", re.compile("[\u0401-\u042f]?[\u0430-\u0451]+|[\u0401-\u042f]{2,}")),
)
"""The words of an alphabet, by the encodings that are known by name; those that fit the least text first."""

_OF_CAPITALS = frozenset({"windows-1251", "windows-1253"})
"""Where nothing but capitals may be words: by KOI8-R they are what Hebrew and small Cyrillic become."""

_LIKELY = 0.8
"""Words of so much of the text must be possible ones."""

_ABOVE_ASCII = re.compile("[^\x00-\x7f]")
# Not what UTF-8 becomes that was read as Windows-1252 twice: few letters, again and again.
_RUN = re.compile("[^\x00-\x7f\u00a0]{4,}")
_LETTER = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]")
_LETTERS_OF_A_RUN = 3
_LEAST_WORDS = 2
"""One may be a list of vowels, or a slip."""
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019](?=[^\W\d_]))*")

# \u0105, \u0142 and \u017c within a word, \u0141 and \u017b at its beginning.
_POLISH = re.compile(
    "(?<=[a-z\u00f3\u00ea\u00e6\u00f1\u0153])[\u00b9\u00b3\u00bf](?=[a-z\u00ea\u00f3\u0153])"
    "|(?<![^\\W\\d_])[\u00a3\u00af](?=[a-z])"
)
_SHARE_OF_POLISH = 0.1
_CELL_WORD = re.compile(r"[^\s;,|\"]+")


def other_script(content: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Return a word that Windows-1252 makes no word, and the encodings by which it is one, or None.

    Of a short text, words may be possible in more than one alphabet: all are returned, the likeliest first.
    None is where the alphabet is not known.
    """
    own = content.decode("cp1252", "surrogateescape")
    runs = [run for run in _RUN.findall(own) if len(set(_LETTER.findall(run))) >= _LETTERS_OF_A_RUN]
    beyond = len(_ABOVE_ASCII.findall(own))
    if len(set(runs)) >= _LEAST_WORDS and 2 * sum(map(len, runs)) > beyond:
        return runs[0], tuple(name for name, words in _ALPHABETS if _is_written_in(content, name, words))
    return None


def polish_word(content: bytes) -> str | None:
    """Return a word that is Polish by Windows-1250 and none by Windows-1252, where enough are."""
    own = content.decode("cp1252", "surrogateescape")
    words = [word for word in _CELL_WORD.findall(own) if _POLISH.search(word)]
    enough = len(set(words)) >= _LEAST_WORDS
    return words[0] if enough and len(words) >= len(_ABOVE_ASCII.findall(own)) * _SHARE_OF_POLISH else None


def _is_written_in(content: bytes, encoding: str, words: re.Pattern[str]) -> bool:
    text = content.decode(encoding, "replace")
    found = [word for word in _WORD.findall(text) if not word.isascii()]
    possible = [word for word in found if words.fullmatch(word)]
    is_cased = any(map(str.istitle, possible))
    if not (is_cased or (encoding in _OF_CAPITALS and all(map(str.isupper, found)))):
        return False  # Hebrew has no capitals: its letters are those of one case of Cyrillic.
    return sum(map(len, possible)) >= _LIKELY * sum(map(len, found))

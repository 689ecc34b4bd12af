"""Problems of rows in the language of who reads them: in English as stored, in Portuguese by code and rule.

The Portuguese words are those of the page, which has some for every sentence of the server.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from api.services.exports.table import Language
from domain.problems import Problem, ProblemParam

_PAGE = Path(__file__).parent.parent / "static" / "page" / "languages" / "pt-br-problems.js"
_PARAMETER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
"""`{name}`, or a count with its forms: `{count:one # linha|other # linhas}`."""


def words_of(problem: Problem, language: Language) -> str:
    """Return what is wrong with a value or a row, and what to do."""
    words = _in_portuguese(problem) if language == "pt" else None
    return words or f"{problem.code}: {problem.message}"


def _in_portuguese(problem: Problem) -> str | None:
    """Return the problem in Portuguese; None for one of an earlier version, which had other parameters."""
    words = _words()
    code = f"exact.{problem.code}" + (f".{problem.rule}" if problem.rule else "")
    told = {**(problem.params or {}), "value": problem.value, "field": problem.field}
    text = words.get(code)
    if text is None or any(told.get(name) is None for name, _ in _PARAMETER.findall(text)):
        return None
    shown = {name: _SHOWN.get(name, _plain)(item) for name, item in told.items() if item is not None}
    text = _PARAMETER.sub(lambda found: _said(found, told, shown), text)
    name = f"{_field(problem.field)}: " if problem.field else ""
    return name + text + _offered(problem, text)


def _said(found: re.Match[str], told: Mapping[str, Any], shown: Mapping[str, str]) -> str:
    """Return a parameter as it stands in a sentence: of a count the form for it, in which # is the number."""
    name, forms = found.groups()
    if forms is None:
        return shown[name]
    texts = dict(form.split(" ", 1) for form in forms.split("|"))
    # Portuguese says 0 as it says 1 (CLDR).
    text = texts.get("one", texts["other"]) if told[name] in (0, 1) else texts["other"]
    return text.replace("#", shown[name])


def _offered(problem: Problem, text: str) -> str:
    """Return the suggestions that the words do not name already."""
    offered = problem.suggestions or ([problem.suggestion] if problem.suggestion else [])
    new = [one for one in offered if one not in text]
    return f"; sugestão: {' ou '.join(new)}" if new else ""


@cache
def _words() -> Mapping[str, str]:
    _, _, told = _PAGE.read_text(encoding="utf-8").partition("export default ")
    words: dict[str, str] = json.loads(told.rstrip().removesuffix(";"))
    return words


def _plain(item: ProblemParam) -> str:
    """Return a number as Portuguese writes it, and a list as one text."""
    if isinstance(item, int):
        return f"{item:,}".replace(",", ".")
    return item if isinstance(item, str) else ", ".join(item)


def _field(name: object) -> str:
    return _words().get(f"field.{name}", str(name))


def _phrase(kind: str) -> Callable[[ProblemParam], str]:
    return lambda code: _words().get(f"{kind}.{code}", str(code))


_SHOWN: Mapping[str, Callable[[ProblemParam], str]] = {
    "field": _field,
    "why": _phrase("why_not_json"),
    "is_one": _phrase("weekday"),
    "not_one": _phrase("weekday"),
}

import ast
import string
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from api.http.refusal_sentences import REFUSALS
from api.routes.uploads_form import FormFault
from api.services.imports.errors import RefusalCode
from domain.problems import problem
from domain.sentences import SENTENCES

ROOT = Path(__file__).parents[2]
MAKERS = {"problem": SENTENCES, "refused_by": SENTENCES, "fail_with": SENTENCES, "AddressError": SENTENCES}
MAKERS["refusal"] = REFUSALS
NOT_PARAMETERS = {"value", "suggestion", "suggestions", "more", "offset", "headers", "params"}
OF_THE_PROBLEM = {"field", "value"}

# Problems of what only programs send: the page never does, so their English is enough.
OF_PROGRAMS = {
    "api/http/problems.py",
    "api/routes/idempotency.py",
    "api/routes/calendars.py",
    "api/routes/calendar_file.py",
    "api/routes/json_form.py",
    "api/routes/users.py",
    "api/routes/event_input.py",
    "api/routes/json_body.py",
    "api/routes/notifications.py",
    "api/routes/export_options.py",
    "api/routes/tickets.py",
    "api/routes/uploads_body.py",
    "api/routes/uploads_options.py",
    "api/routes/uploads_problems.py",
    "api/routes/uploads_repairs.py",
    "api/routes/uploads_staged.py",
    "api/routes/uploads_tus_headers.py",
    "api/http/wrong_parameters.py",
    "api/routes/webhooks_body.py",
    "api/services/imports/options.py",
    "api/services/imports/repairs.py",
    "domain/json_items.py",
    "domain/problems.py",
}


def parameters(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for folder in ("domain", "api"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield path.relative_to(ROOT).as_posix(), node


def test_each_sentence_gets_the_parameters_that_it_speaks_of() -> None:
    said: set[str] = set()
    for place, call in calls():
        assert isinstance(call.func, ast.Name)
        sentences = MAKERS.get(call.func.id)
        first = call.args[0] if call.args else None
        if sentences is None or not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            continue
        names = {keyword.arg for keyword in call.keywords if keyword.arg}
        given = names - NOT_PARAMETERS
        needed = parameters(sentences[first.value]) - OF_THE_PROBLEM
        where = f"{place}:{call.lineno} {first.value}"
        if "params" not in names and None not in {keyword.arg for keyword in call.keywords}:
            assert given == needed, where
        said.add(first.value)
    assert len(said) > 80


CODES_BY_HAND = {"Problem": 1, "ImportRefusedError": 0, "FormError": 0}
"""Where the code stands among the arguments of what is not made of a sentence."""


def codes() -> set[str]:
    """Return every code that a client can meet: of sentences, and of problems that are made by hand."""
    found = {sentence.partition(".")[0] for sentence in SENTENCES} | {
        *get_args(RefusalCode),
        *get_args(FormFault),
    }
    for _, call in calls():
        assert isinstance(call.func, ast.Name)
        place = CODES_BY_HAND.get(call.func.id)
        code = None if place is None or len(call.args) <= place else call.args[place]
        if isinstance(code, ast.Constant):
            found.add(code.value)
    return found


def test_every_code_is_documented() -> None:
    documents = "\n".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
    assert {code for code in codes() if f"`{code}`" not in documents} == set()


def test_every_refusal_of_an_import_is_raised() -> None:
    raised = {
        call.args[0].value.partition(".")[0]
        for _, call in calls()
        if isinstance(call.func, ast.Name)
        and call.func.id in {"refused_by", "ImportRefusedError"}
        and isinstance(call.args[0], ast.Constant)
    }
    assert raised == {*get_args(RefusalCode)}


def test_problems_that_people_see_are_made_of_sentences() -> None:
    """Of a `Problem` that is made by hand a client has no parameters to word it by."""
    by_hand = {
        place for place, call in calls() if isinstance(call.func, ast.Name) and call.func.id == "Problem"
    }
    assert by_hand == OF_PROGRAMS


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_names_no_parameter_twice_and_is_plain(sentence: str) -> None:
    text = SENTENCES[sentence]
    code, _, rule = sentence.partition(".")
    assert code.replace("_", "").isalpha()
    assert rule == rule.lower()
    assert not text.endswith(".")


def test_a_problem_has_the_sentence_its_rule_and_its_parameters() -> None:
    made = problem("too_long", "title", value="A" * 80, length=140, limit=100)
    assert made.message == "title has 140 characters; at most 100 are allowed"
    assert (made.code, made.params) == ("too_long", {"length": 140, "limit": 100})
    whole = problem("not_text", kind="pdf", advice="export_table")
    assert whole.message.startswith("this looks like a PDF, not like a table of events: export the table")
    assert (whole.params, whole.field) == ({"kind": "pdf", "advice": "export_table"}, "")
    assert problem("invalid_json.quotes").rule == "quotes"

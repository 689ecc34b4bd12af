import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.http.refusal_sentences import REFUSALS
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
    "api/routes/calendars.py",
    "api/routes/calendar_file.py",
    "api/routes/json_form.py",
    "api/routes/users.py",
    "api/routes/event_input.py",
    "api/routes/json_body.py",
    "api/routes/notifications.py",
    "api/routes/tasks.py",
    "api/routes/tickets.py",
    "api/routes/uploads_body.py",
    "api/routes/uploads_options.py",
    "api/routes/uploads_problems.py",
    "api/routes/uploads_repairs.py",
    "api/routes/uploads_staged.py",
    "api/routes/url_parameters.py",
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

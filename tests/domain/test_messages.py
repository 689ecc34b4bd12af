from msgspec import UNSET

from domain.messages import end_error
from domain.problems import Problem, problem


def test_an_end_says_what_its_problem_says_with_its_value_and_the_counts() -> None:
    told = end_error(problem("unknown_sheet", "sheet", value="Mai", names=("Maio",)), rejected=0, rows=3)
    assert (told.code, told.rule) == ("unknown_sheet", UNSET)
    assert told.message == "the workbook has no sheet Mai; it has Maio"
    assert told.params == {"rejected": 0, "rows": 3, "value": "Mai", "names": ("Maio",)}


def test_an_end_of_an_earlier_version_has_its_code_and_message_alone() -> None:
    told = end_error(Problem("", "empty_file", "the file is empty"))
    assert (told.params, told.rule) == (UNSET, UNSET)


def test_the_rule_goes_along() -> None:
    assert end_error(problem("not_text.password", advice="save_as")).rule == "password"

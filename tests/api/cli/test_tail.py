from typing import Any

import pytest

from api.cli.tail import summary


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"type": "log", "message": "lido"}, "log  lido"),
        ({"type": "progress", "progresso": 7, "step": "reading"}, "progress    7% reading"),
        (
            {"type": "finished", "status": "failed", "seconds": 2, "error": {"message": "empty"}},
            "finished  failed after 2 s: empty",
        ),
        ({"type": "event.deleted", "event_id": 4}, "event.deleted  4"),
        ({"type": "of.tomorrow", "id": "a.1", "n": 1}, 'of.tomorrow  {"n":1}'),
        ({"type": "finished", "odd": 1}, 'finished  {"odd":1}'),
    ],
)  # fmt: skip
def test_each_message_is_one_line(message: dict[str, Any], line: str) -> None:
    assert summary(message) == line


def test_control_characters_in_a_title_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in summary({"type": "log", "message": "\x1b[2Jgone\r\n"})

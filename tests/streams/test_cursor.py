import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cursor import MAX_LENGTH, Cursor, parse_cursor

EPOCHS = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)


@given(text=st.text() | st.from_regex(r"[a-z.0-9s_-]{0,45}", fullmatch=True))
def test_any_text_is_a_cursor_or_none(text: str) -> None:
    cursor = parse_cursor(text)

    assert cursor is None or str(cursor) in (text, text.removesuffix(".s"))


@given(epoch=EPOCHS, seq=st.integers(0, 10**12), states=st.integers(0, 2))
def test_a_cursor_with_any_state_digests_is_read_back_from_its_text(
    epoch: str, seq: int, states: int
) -> None:
    cursor = Cursor(epoch, seq, "a-_9Zz" * states)

    assert parse_cursor(str(cursor)) == cursor
    assert len(str(cursor)) <= MAX_LENGTH


@pytest.mark.parametrize(
    "text", ["", "17", "k3f9", "k3f9.", ".17", "k3f9.017", "k3f9.-1", "k3f9.1٣", "k3f9.1\n", "k.1 "]
)
def test_text_that_is_not_a_cursor_gives_none(text: str) -> None:
    assert parse_cursor(text) is None

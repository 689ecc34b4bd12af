"""Secrets are long, new each time, and looked up by a digest that any text has."""

import re

from hypothesis import given
from hypothesis import strategies as st

from api.services.credentials import TOKEN_PREFIX, digest, new_secret, new_token


def test_secrets_have_256_random_bits_that_a_url_can_hold() -> None:
    assert re.fullmatch(TOKEN_PREFIX + r"[A-Za-z0-9_-]{43}", new_token())
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", new_secret())
    assert len({new_secret() for _ in range(1000)}) == 1000


@given(st.text(st.characters(codec=None)))
def test_any_text_has_a_digest_even_one_that_utf_8_cannot_hold(secret: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", digest(secret))


def test_a_digest_is_the_sha_256_of_the_secret() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

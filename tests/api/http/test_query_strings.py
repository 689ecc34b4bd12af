"""The API and the feeds read the query of a URL by the same rules."""

from pathlib import Path

import pytest

from api.http.problems import HttpProblem
from api.http.query_strings import MOST_PARAMETERS, pairs_of
from tests.serving import serving

pytestmark = pytest.mark.anyio

DOORS = ("/api/v1/eventos", "/poll/eventos", "/sse/eventos", "/sse", "/poll")
REFUSED = {
    "&".join(f"feed={number}" for number in range(MOST_PARAMETERS + 1)): "too many parameters",
    "q=%ff": "not UTF-8",
    "%C3=1": "not UTF-8",
    "feed=%ED%A0%80": "not UTF-8",
}


@pytest.mark.parametrize(("query", "sentence"), REFUSED.items(), ids=REFUSED.values())
async def test_what_is_no_text_or_too_much_is_refused_at_every_door(
    query: str, sentence: str, tmp_path: Path
) -> None:
    async with serving(tmp_path) as served, served.client() as client:
        answers = [await client.get(f"{door}?{query}") for door in DOORS]
    assert [answer.status_code for answer in answers] == [400] * len(DOORS)
    assert all(sentence in answer.json()["detail"] for answer in answers)


def test_pairs_keep_their_order_and_what_is_empty() -> None:
    assert pairs_of(b"b=2&a=&b=%C3%A9+x&c") == [("b", "2"), ("a", ""), ("b", "é x"), ("c", "")]
    assert pairs_of(b"") == []


def test_as_many_parameters_as_may_come_are_read() -> None:
    assert len(pairs_of(b"&".join([b"a=1"] * MOST_PARAMETERS))) == MOST_PARAMETERS
    with pytest.raises(HttpProblem):
        pairs_of(b"&".join([b"a=1"] * (MOST_PARAMETERS + 1)))

"""The catalogue of feeds, and what the client in JavaScript knows of it."""

import json
from pathlib import Path

from api.services.feeds import FEEDS
from streams.feeds import MAX_FEEDS

CLIENT = Path(__file__).parents[3] / "api" / "static" / "client"


def test_the_client_knows_which_feeds_carry_the_messages_of_others() -> None:
    line = next(line for line in (CLIENT / "merged.js").read_text().splitlines() if "MERGED =" in line)
    merged = json.loads(line.partition("= ")[2].removesuffix(";"))
    assert merged == {kind.merged_into: kind.prefix for kind in FEEDS.kinds if kind.merged_into}


def test_the_client_knows_how_many_feeds_fit_on_one_connection() -> None:
    line = next(line for line in (CLIENT / "hub.js").read_text().splitlines() if "MAX_FEEDS =" in line)
    assert int(line.partition("= ")[2].removesuffix(";")) == MAX_FEEDS

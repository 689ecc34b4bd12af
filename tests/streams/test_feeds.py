"""A catalogue of feeds that has nothing to do with FastTrack."""

import pytest

from streams.feeds import FeedCatalogue, FeedKind, FeedSet

CATALOGUE = FeedCatalogue(
    [
        FeedKind("run/*", is_finite=True, merged_into="runs"),
        FeedKind("sensor/*", least_role="editor"),
        FeedKind("runs"),
        FeedKind("news"),
        FeedKind("weather", is_state=True),
    ]
)


@pytest.mark.parametrize("name", ["run/a", "run/" + "x" * 64, "sensor/A_-9", "runs", "news", "weather"])
def test_a_feed_of_the_catalogue_exists(name: str) -> None:
    assert CATALOGUE.find(name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "run",
        "run/",
        "run/*",
        "run/a/b",
        "run/a b",
        "run/ä",
        "run/a\n",
        "run/" + "x" * 65,
        "News",
        "/news",
    ],
)
def test_any_other_name_is_not_a_feed(name: str) -> None:
    assert CATALOGUE.find(name) is None


def test_a_feed_needs_the_role_of_its_kind() -> None:
    assert [CATALOGUE.least_role(name) for name in ("sensor/1", "news")] == ["editor", "viewer"]


def test_a_message_of_a_merged_feed_has_two_topics() -> None:
    assert CATALOGUE.topics_of("run/a") == ("run/a", "runs")
    assert CATALOGUE.topics_of("sensor/1") == ("sensor/1",)
    assert CATALOGUE.topics_of("runs") == ("runs",)


def test_a_merged_feed_reads_the_store_by_prefix() -> None:
    assert CATALOGUE.stored_under(["news", "run/a"]) == (["news", "run/a"], [])
    assert CATALOGUE.stored_under(["news", "runs"]) == (["news"], ["run/"])


def test_a_set_of_feeds_separates_messages_from_states() -> None:
    assert CATALOGUE.set_of(["weather", "run/b", "news", "run/b"]) == FeedSet(
        names=("weather", "run/b", "news"),
        topics=("news", "run/b"),
        replayed=("run/b",),
        states=("weather",),
        finite=False,
    )


def test_a_feed_covered_by_a_merged_feed_is_not_read_twice() -> None:
    both = CATALOGUE.set_of(["run/b", "runs"])
    assert both.topics == ("runs",)
    assert both.replayed == ("run/b",)


def test_a_set_of_feeds_is_finite_only_if_each_feed_is() -> None:
    assert CATALOGUE.set_of(["run/a", "run/b"]).finite
    assert not CATALOGUE.set_of(["run/a", "sensor/1"]).finite

"""The feeds of FastTrack. Source: docs/feed-protocol.md, "Feeds"."""

from streams.feeds import FeedCatalogue, FeedKind

FEEDS = FeedCatalogue(
    [
        FeedKind("upload/*", is_finite=True, merged_into="eventos/progresso"),
        FeedKind("tarefas/*", is_finite=True),
        FeedKind("eventos"),
        FeedKind("eventos/progresso"),
        FeedKind("admin", least_role="admin"),
        FeedKind("dashboard", is_state=True),
        FeedKind("presenca", is_state=True),
    ]
)

"""A client of the feed for Python programs: an async iterator that resumes and changes transports by itself.

    async with open_feed("https://events.example", ["eventos"], token="ft_…") as feed:
        async for message in feed.messages():
            print(message["type"], feed.cursor)

Who stores `feed.cursor` and passes it as `cursor=` also gives `on_reset=`: it is called when the server
no longer has what followed. The commands `fasttrack tail` and `fasttrack import` use it. docs/client.md has
examples.
"""

from api.client.connection import open_feed
from api.client.feed_client import FeedClient, FeedReset, Message
from api.client.transports import Refused

__all__ = ["FeedClient", "FeedReset", "Message", "Refused", "open_feed"]

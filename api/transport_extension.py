"""The name under which a request of our own server offers its connection: see `api.feeds.transport_offer`."""

EXTENSION = "fasttrack.transport"

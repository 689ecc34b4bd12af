"""The names under which a request of our own server offers its connection.

Source: ASGI specification, "Extensions".
"""

EXTENSION = "fasttrack.transport"
"""The connection itself, for streams: see `api.feeds.transport_offer`."""

CONNECTION_STATE = "fasttrack.connection_state"
"""A dictionary that all requests of a connection share: what is true of each is found out once."""

"""The `fasttrack` commands that talk to a server over its public HTTP API."""

"""Where a ticket stands in a request."""

from urllib.parse import parse_qsl


def read_ticket(query_string: bytes) -> str | None:
    """Return the value of `?ticket=`, None without one."""
    if not query_string:
        return None
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    return next((value for name, value in pairs if name == "ticket"), None)

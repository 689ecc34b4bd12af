"""Builds all URLs in answers and messages, with the path prefix of the server."""

from contextvars import ContextVar

# Values of the request, and of the jobs that it begins: handed down by each call they would be
# parameters of everything that makes an answer.
_prefix: ContextVar[str] = ContextVar("prefix", default="")
_own_prefix: ContextVar[str] = ContextVar("own_prefix", default="")

_API = "/api/v1/"


def reached_under(prefix: str, *, own: str) -> None:
    """Let URLs that are built from now on begin with a prefix such as ``/fasttrack``.

    Args:
        prefix: under which this caller reaches the server; a proxy may have sent it.
        own: the prefix of the settings, for what is stored.
    """
    _prefix.set(prefix)
    _own_prefix.set(own)


def link(path: str) -> str:
    """Return a path of this server as the client of this request reaches it."""
    return _prefix.get() + path


def stored_link(path: str) -> str:
    """Return a path of this server for a message that is stored, and read by others than this caller.

    What came with one request, such as a proxy's prefix, is no part of it.
    """
    return _own_prefix.get() + path


def read_link(stored: str) -> str:
    """Return the path of a stored message as the client of this request reaches it."""
    _, api, rest = stored.partition(_API)
    return link(api + rest) if api else stored

"""Builds all URLs in answers and messages, with the path prefix of the server."""

from contextvars import ContextVar

# A value of the request, and of the jobs that it begins: handed down by each call it would be a
# parameter of everything that makes an answer.
_prefix: ContextVar[str] = ContextVar("prefix", default="")


def reached_under(prefix: str) -> None:
    """Let URLs that are built from now on begin with a prefix such as ``/fasttrack``."""
    _prefix.set(prefix)


def link(path: str) -> str:
    """Return a path of this server as a client reaches it."""
    return _prefix.get() + path

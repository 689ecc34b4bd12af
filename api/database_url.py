"""Checks the URL of the store. A password in it may contain what ends a part of other URLs: "/", "?", "#"."""

import re
from urllib.parse import parse_qsl, unquote

PARAMETERS = frozenset(
    {"host", "port", "user", "dbname", "passfile", "target_session_attrs", "connect_timeout"}
    | {"application_name", "options", "ssl", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl"}
    | {"sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib"}
)
"""Parameters of libpq that the driver knows, but for secret ones."""

SECRET_PARAMETERS = ("password", "sslpassword")

_KINDS = frozenset({"sqlite", "postgresql", "postgres"})
_HOST = re.compile(r"(?:\[[^\]]*\]|[^:/?\[]*)(?::([0-9]+))?(?:[/?]|$)")
_SQLITE_FILE = re.compile(r"[^:]*:///[^?]")
"""Of sqlite://x SQLAlchemy reads a host and no file: the store would be in memory."""
_AS_READ = re.compile(
    r"[^:]*://(?:(?P<user>[^:/]*)(?::(?P<password>[^@]*))?@)?"
    r"(?:(?:\[(?P<ipv6>[^/?]+)\]|(?P<host>[^/:?]+))?(?::(?P<port>[^/?]*))?)?"
    r"(?:/(?P<database>[^?]*))?"
)
"""As SQLAlchemy reads a URL, from left to right. Source: `sqlalchemy.engine.url`; a test compares."""
_PASSWORD_IN_PATH = re.compile(r"[^:@]*+:[^@]*+@")
_SEVERAL_HOSTS = (
    "names several hosts with ports: give those as parameters, "
    "postgresql:///name?host=one,two&port=5432,5432&target_session_attrs=read-write"
)
_ENDS_A_PART = (
    "has characters in its user, password or database that end a part of a URL: "
    "percent-encode them (@ is %40, : is %3A, / is %2F, ? is %3F, # is %23, [ is %5B, ] is %5D)"
)
_LAST_PORT = 65535


def is_database_url(url: str) -> bool:
    """Return whether a text is the URL of a database that can be the store: a file, or one of PostgreSQL."""
    scheme, separator, _ = url.partition("://")
    host = _HOST.match(_parts(url)[1])
    kind = scheme.partition("+")[0]
    if not separator or kind not in _KINDS:
        return False
    if kind == "sqlite":
        return _SQLITE_FILE.match(url) is not None
    has_part = url.partition("://")[2].strip("/") != ""
    return has_part and host is not None and int(host[1] or 0) <= _LAST_PORT


def url_fault(url: str) -> str | None:
    """Return the sentence about a URL of PostgreSQL that cannot be read as it was meant; None for any other.

    It has no part of the URL: that may be of a password.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.partition("+")[0] not in _KINDS - {"sqlite"}:
        return None
    read = _AS_READ.match(url)
    assert read is not None, "a scheme is all that it needs"
    if read["port"] and not read["port"].isdigit():
        # Behind the first ":" stands the rest of several hosts, or of a password.
        if "," in re.split("[/?#]", _parts(url)[1], maxsplit=1)[0]:
            return _SEVERAL_HOSTS
        return _ENDS_A_PART if is_database_url(url) else None
    database = read["database"] or ""
    is_cut = "@" in database if read["password"] is not None else _PASSWORD_IN_PATH.match(database)
    return _ENDS_A_PART if is_cut or "@" in (read["host"] or "") else None


def hosts_of(url: str) -> list[str]:
    """Return the hosts of a URL without a fault: in their place, and as parameters.

    Folders of Unix sockets are none; of a file there is none.
    """
    read = _AS_READ.match(url)
    if read is None or url.startswith("sqlite"):
        return []
    given = [value for name, value in parse_qsl(_parts(url)[1].partition("?")[2]) if name == "host"]
    listed = ",".join((unquote(read["host"] or ""), *given)).split(",")
    return [host for host in listed if host and not host.startswith("/")]


def has_password(url: str) -> bool:
    """Return whether a URL contains a password, as user information or as a parameter."""
    user, rest = _parts(url)
    return ":" in user or any(name.strip().lower() in SECRET_PARAMETERS for name in _names(rest))


def unknown_parameter(url: str) -> str | None:
    """Return the first parameter that would be neither obeyed nor understood, None without one."""
    names = _names(_parts(url)[1])
    return next((name for name in names if name not in (*PARAMETERS, *SECRET_PARAMETERS)), None)


def _parts(url: str) -> tuple[str, str]:
    """Return the user information of a URL, and what is behind it. The last "@" stands between them."""
    user, _, rest = url.partition(":")[2].lstrip("/").rpartition("@")
    # A path that is absolute has no user before it.
    return user, rest if user else url.partition("://")[2]


def _names(text: str) -> list[str]:
    return [name for name, _ in parse_qsl(text.partition("?")[2], keep_blank_values=True)]

"""Settings: frozen values from FASTTRACK_* variables and `fasttrack serve` options, checked once.

Each field carries what its documentation, its command line option and its check are made of.
Source: docs/operating.md, "Settings".
"""

import ipaddress
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from api.authority import is_authority, is_host_name
from api.database_url import PARAMETERS, hosts_of, is_database_url, unknown_parameter, url_fault
from api.loopback import is_loopback
from api.own_paths import OWN_PATHS, UNIX

PREFIX = "FASTTRACK_"
OF_COMMANDS = ("FASTTRACK_URL", "FASTTRACK_TOKEN")
"""Variables of the commands that call a server; no settings of one."""


class SettingError(ValueError):
    """A setting breaks its rule. The message names the variable, the value and the rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How text becomes a value, and the sentence about what is accepted."""

    read: Callable[[str], Any]
    accepts: str


def _whole(low: int, high: int) -> Rule:
    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
        if not low <= number <= high:
            raise ValueError
        return number

    return Rule(read, f"a whole number from {low} to {high}")


def _choice(*names: str) -> Rule:
    def read(text: str) -> str:
        if text not in names:
            raise ValueError
        return text

    return Rule(read, "one of " + ", ".join(names))


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _listed(read_one: Callable[[str], str], accepts: str) -> Rule:
    def read(text: str) -> tuple[str, ...]:
        return tuple(read_one(item.strip()) for item in text.split(",") if item.strip())

    return Rule(read, f"{accepts}, separated by commas")


def _text(text: str) -> str:
    if not text or not text.isprintable() or " " in text:
        raise ValueError
    return text


def _host_name(text: str) -> str:
    """Return what a `Host` can name; a URL or a wildcard would never match."""
    name = _text(text).lower()
    is_bare_ipv6 = name.count(":") > 1 and is_authority(f"[{name}]".encode())
    # A name is accepted with any port: one that is written here would seem to be the only one.
    has_port = ":" in name and not name.endswith("]")
    if "*" in name or not (is_bare_ipv6 or (is_authority(name.encode()) and not has_port)):
        raise ValueError
    return name


def _address(text: str) -> str:
    """Return what the server can listen on: a name, an address, or `*`."""
    is_name = text == "*" or re.fullmatch(r"[\w.-]+", text)
    if not is_name:
        ipaddress.ip_address(text)
    if not is_host_name(text):
        raise ValueError
    return text


def _origin(text: str) -> str:
    parts = urlsplit(_text(text).lower())
    is_bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if not (parts.scheme and parts.hostname and is_bare and "*" not in parts.netloc):
        raise ValueError
    port = "" if parts.port is None else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def _root_path(text: str) -> str:
    path = "/" + text.strip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path) or {".", ".."}.intersection(path.split("/")):
        raise ValueError
    if path.split("/")[1] in OWN_PATHS:
        raise ValueError
    return path


def _network(text: str) -> str:
    # 10.0.0.1/8 may mean one address or sixteen million: which one is trusted must not be a guess.
    return UNIX if text == UNIX else str(ipaddress.ip_network(text))


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError from error
    return text


class UrlFaultError(ValueError):
    """The URL of a database has a fault of its own. The message says which, behind the variable's name."""


def _database_url(text: str) -> str:
    if (fault := url_fault(text)) is not None:
        raise UrlFaultError(fault)
    if not is_database_url(text):
        raise ValueError
    for host in hosts_of(text):
        if not is_host_name(host):
            rule = "each part of a name, between its dots, must have 1 to 63 characters"
            raise UrlFaultError(f"names the host {host[:80]!r}: {rule}")
    return text


def _certificates(text: str) -> Path:
    from ssl import PROTOCOL_TLS_CLIENT, SSLContext  # noqa: PLC0415  # most servers need none

    try:
        SSLContext(PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=text)
    except OSError as error:
        raise ValueError from error
    return Path(text)


def _collector(text: str) -> str:
    parts = urlsplit(_text(text))
    has_rest = "@" in parts.netloc or parts.query or parts.fragment
    is_known = parts.scheme in ("http", "https") and parts.hostname and is_host_name(parts.hostname)
    if not is_known or has_rest:
        raise ValueError
    _ = parts.port  # Raises where it is no port.
    return f"{text.rstrip('/')}/v1/traces" if parts.path in ("", "/") else text


FLAG = Rule(_flag, "true or false")
HOST = Rule(_address, "a host name or an IP address")
FOLDER = Rule(Path, "a folder")
DEFAULT_FOLDER = Path("data")
HOSTS = _listed(_host_name, "host names without scheme, port and wildcard")
ORIGINS = _listed(_origin, "origins such as https://example.org or tauri://localhost")
NETWORKS = _listed(_network, "IP addresses, networks by their first address such as 10.0.0.0/8, or unix:")
TIMEZONE = Rule(_timezone, "a name of the IANA time zone database")
ROOT_PATH = Rule(_root_path, "a path such as /fasttrack that does not begin with a path of the server itself")
DATABASE = Rule(_database_url, "a URL such as postgresql://host/name or sqlite:///path")

COLLECTOR = Rule(_collector, "an http:// or https:// URL without a user, a query or a fragment")

CERTIFICATES = Rule(_certificates, "a file of certificates in PEM that can be read")


def setting(default: Any, rule: Rule, about: str, unit: str = "") -> Any:
    """Return a dataclass field that carries its rule and its documentation."""
    return field(default=default, metadata={"rule": rule, "about": about, "unit": unit})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator can set. contract: docs/operating.md."""

    host: str = setting("127.0.0.1", HOST, "address to listen on; * means all IPv4 and IPv6 addresses")
    port: int = setting(8000, _whole(0, 65535), "port to listen on; 0 chooses a free port")
    unix_socket: Path | None = setting(None, Rule(Path, "a path"), "socket to listen on instead of a port")
    data_dir: Path = setting(DEFAULT_FOLDER, FOLDER, "folder for the store and staged uploads")
    database_url: str | None = setting(
        None, DATABASE, "URL of the store; by default SQLite in the data folder"
    )
    database_url_file: Path | None = setting(
        None,
        Rule(Path, "a file"),
        "file whose first line is the URL of the store, to keep it out of the environment",
    )
    database_connections: int = setting(
        23, _whole(8, 1000), "maximum number of connections of one process to PostgreSQL", "connections"
    )
    workers: int = setting(1, _whole(1, 64), "server processes; more than 1 needs PostgreSQL")
    auth: Literal["auto", "open", "token"] = setting(
        "auto",
        _choice("auto", "open", "token"),
        "who may call; auto needs a token except for requests that are local end to end",
    )
    allowed_hosts: tuple[str, ...] = setting((), HOSTS, "additional values of Host that are accepted")
    allowed_origins: tuple[str, ...] = setting((), ORIGINS, "other origins whose pages may call the server")
    trusted_proxies: tuple[str, ...] = setting(
        (), NETWORKS, "proxies whose X-Forwarded-* or Forwarded headers are trusted"
    )
    root_path: str = setting("", ROOT_PATH, "path prefix under which a proxy serves FastTrack")
    timezone: str = setting("America/Recife", TIMEZONE, "time zone of an event_date without an offset")
    max_upload_bytes: int = setting(1 << 30, _whole(1, 1 << 50), "largest file to import", "bytes")
    staged_bytes_per_person: int = setting(
        10 << 30, _whole(1, 1 << 60), "bytes of one person's unfinished imports", "bytes"
    )
    disk_reserve_bytes: int | None = setting(
        None,
        _whole(0, 1 << 60),
        "free disk space that uploads must leave; by default 1 GiB, or 5% of a disk below 20 GiB",
        "bytes",
    )
    max_body_bytes: int = setting(16 << 20, _whole(1024, 1 << 30), "largest JSON body", "bytes")
    max_batch_events: int = setting(10_000, _whole(1, 1_000_000), "most events in one JSON array", "events")
    keep_alive_seconds: int = setting(
        75, _whole(1, 3600), "how long an idle connection is kept for its next request", "seconds"
    )
    body_idle_seconds: int = setting(30, _whole(1, 3600), "how long a request body may pause", "seconds")
    body_bytes_per_second: int = setting(
        5, _whole(0, 1 << 30), "minimum rate of a request body, after its first body_idle_seconds", "bytes"
    )
    heartbeat_seconds: int = setting(15, _whole(1, 300), "silence before a heartbeat", "seconds")
    coalesce_ms: int = setting(
        2,
        _whole(0, 1000),
        "pause between two writes to a busy stream, or up to 10 where writing takes most of the time",
        "milliseconds",
    )
    feed_keep_days: int = setting(7, _whole(1, 3650), "how long messages can be replayed", "days")
    ring_messages: int = setting(
        65_536, _whole(16, 1 << 24), "messages kept in memory, 32 MiB of them at most", "messages"
    )
    stream_seconds: int = setting(
        600, _whole(1, 86_400), "lifetime of an SSE stream, varied by 10%", "seconds"
    )
    calls_per_minute: int = setting(600, _whole(1, 10**9), "calls of one person a minute", "calls")
    uploads_per_minute: int = setting(20, _whole(1, 10**9), "uploads of one person a minute", "uploads")
    failed_signins_per_minute: int = setting(
        10, _whole(1, 10**9), "failed sign-ins of one address a minute", "sign-ins"
    )
    streams_per_person: int = setting(64, _whole(1, 10**6), "open streams of one person", "streams")
    streams_per_server: int = setting(20_000, _whole(1, 10**6), "open streams of one process", "streams")
    imports_at_once: int = setting(2, _whole(1, 64), "imports that run at once in one process", "imports")
    standby_readers: int = setting(
        1,
        _whole(0, 64),
        "standby processes for reading large files, 20 MB each, 5 s after the start; 0: when needed",
    )
    tasks_at_once: int = setting(1, _whole(1, 64), "tasks that run at once in one process", "tasks")
    webhook_private_addresses: bool = setting(
        False, FLAG, "whether webhooks may call this machine and its networks"
    )
    webhook_ca_file: Path | None = setting(
        None,
        CERTIFICATES,
        "file of certificate authorities that webhooks trust in addition to the usual ones",
    )
    session_hours: int = setting(12, _whole(1, 8760), "lifetime of a session", "hours")
    log_format: Literal["console", "json"] = setting(
        "console", _choice("console", "json"), "format of log lines"
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", _choice("debug", "info", "warning", "error"), "least severe level that is logged"
    )

    traces: str | None = setting(
        None,
        COLLECTOR,
        "OpenTelemetry collector that gets traces by OTLP over HTTP; needs the extra tracing",
    )

    @property
    def is_loopback(self) -> bool:
        """Whether the server listens on addresses that only this machine can reach."""
        return self.unix_socket is None and is_loopback(self.host)

    @property
    def is_postgres(self) -> bool:
        """Whether the store is PostgreSQL, which several processes may use at once."""
        return (self.database_url or "").startswith("postgres")

    @property
    def names_others(self) -> bool:
        """Whether a setting shows that other hosts use this server: through a proxy, a name, or a page.

        A proxy counts even on this machine: it is there to bring in who is elsewhere.
        """
        origins = (urlsplit(origin).hostname or "" for origin in self.allowed_origins)
        is_behind_proxy = bool(self.trusted_proxies or self.root_path)
        return is_behind_proxy or not all(map(is_loopback, (*self.allowed_hosts, *origins)))

    @property
    def is_open(self) -> bool:
        """Whether callers without a token are administrators."""
        return self.auth == "open" or self.is_open_locally

    @property
    def is_open_locally(self) -> bool:
        """Whether only requests that are local end to end need no token."""
        return self.auth == "auto" and self.is_loopback and not self.names_others

    @property
    def access_in_words(self) -> str:
        """Who may use the server, in words for an operator."""
        if self.is_open_locally:
            return "open to this machine: everyone is admin; requests through a proxy need a token"
        if self.is_open:
            return "open: everyone is admin"
        return "token: `fasttrack user add NAME` lets people in"


def read_settings(
    environment: Mapping[str, str], options: Mapping[str, str | None] | None = None
) -> Settings:
    """Return settings from variables, overridden by options of the command line (field name to text).

    Raises:
        SettingError: one or more are wrong; each has a line of its own.
    """
    given = options or {}
    values, wrong = {}, []
    for one in fields(Settings):
        text = given.get(one.name)
        text = environment.get(variable(one)) if text is None else text
        if not text:
            continue
        try:
            values[one.name] = one.metadata["rule"].read(text)
        except UrlFaultError as fault:
            wrong.append(f"{variable(one)} {fault}")
        except ValueError:
            wrong.append(f"{variable(one)} must be {one.metadata['rule'].accepts}{_shown(one, text)}")
    if wrong:
        raise SettingError("\n".join(wrong))
    return _consistent(_with_url_of_file(Settings(**values)))


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return FASTTRACK_* names that no setting has: probably typing errors."""
    known = {*(variable(one) for one in fields(Settings)), *OF_COMMANDS}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def variable(one: "Field[Any]") -> str:
    """Return the environment variable of a field."""
    return PREFIX + one.name.upper()


def _shown(one: "Field[Any]", text: str) -> str:
    if one.name in ("database_url", "traces"):
        return "; what it is now is not shown, because it may hold a password"
    return f", not {text[:80]!r}"


def _with_url_of_file(settings: Settings) -> Settings:
    if settings.database_url_file is None:
        return settings
    name = "FASTTRACK_DATABASE_URL_FILE"
    if settings.database_url is not None:
        raise SettingError(f"{name} and FASTTRACK_DATABASE_URL are both set: set only one of them")
    try:
        text = settings.database_url_file.read_text(encoding="utf-8").partition("\n")[0].strip()
        return replace(settings, database_url=_database_url(text))
    except OSError as error:
        raise SettingError(f"{name} cannot be read: {error.strerror}") from error
    except UrlFaultError as fault:
        raise SettingError(f"the URL in the first line of {name} {fault}") from None
    except ValueError:
        raise SettingError(f"the first line of {name} must be {DATABASE.accepts}") from None


_OWN_PIP = f"{sys.executable} -m pip"
"""That of this environment: any other one looks for a package of our name elsewhere."""


def _consistent(settings: Settings) -> Settings:
    if settings.is_postgres and (name := unknown_parameter(settings.database_url or "")) is not None:
        raise SettingError(
            f"FASTTRACK_DATABASE_URL has the parameter {name[:40]!r}, which is not supported: remove it. "
            f"Supported are {', '.join(sorted(PARAMETERS))}"
        )
    if settings.is_postgres and find_spec("asyncpg") is None:
        raise SettingError(
            "FASTTRACK_DATABASE_URL is for PostgreSQL, whose driver is not installed: "
            f"{_OWN_PIP} install 'fasttrack[postgres]'"
        )
    if settings.workers > 1 and not settings.is_postgres:
        raise SettingError(
            f"FASTTRACK_WORKERS is {settings.workers}, but more than 1 needs a postgresql:// "
            "FASTTRACK_DATABASE_URL: SQLite has one writer"
        )
    if settings.traces is not None and not _can_trace():
        raise SettingError(
            f"FASTTRACK_TRACES needs packages that are not installed: {_OWN_PIP} install 'fasttrack[tracing]'"
        )
    return settings


def _can_trace() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # Of one of its parents.
        return False

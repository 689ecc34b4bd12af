"""Settings: frozen values from FASTTRACK_* variables and `fasttrack serve` options, checked once.

Each field carries what its documentation, its command line option and its check are made of.
Source: docs/operating.md, "Settings".
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PREFIX = "FASTTRACK_"


class SettingError(ValueError):
    """A setting breaks its rule. The message names the variable, the value and the rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How text becomes a value, and the sentence that says what is accepted."""

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


def _listed(read_one: Callable[[str], str], accepts: str) -> Rule:
    def read(text: str) -> tuple[str, ...]:
        return tuple(read_one(item.strip()) for item in text.split(",") if item.strip())

    return Rule(read, f"{accepts}, separated by commas")


def _text(text: str) -> str:
    if not text or not text.isprintable() or " " in text:
        raise ValueError
    return text


def _host_name(text: str) -> str:
    return _text(text).lower()


def _origin(text: str) -> str:
    parts = urlsplit(_text(text))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError
    return f"{parts.scheme}://{parts.netloc}".lower()


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text, strict=False))


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError from error
    return text


def _database_url(text: str) -> str:
    if urlsplit(text).scheme.partition("+")[0] not in {"sqlite", "postgresql", "postgres"}:
        raise ValueError
    return text


HOST = Rule(_text, "a host name or an IP address")
FOLDER = Rule(Path, "a folder")
DEFAULT_FOLDER = Path("data")
HOSTS = _listed(_host_name, "host names without a port")
ORIGINS = _listed(_origin, "origins such as https://example.org")
NETWORKS = _listed(_network, "IP addresses or networks such as 10.0.0.0/8")
TIMEZONE = Rule(_timezone, "a name of the IANA time zone database")
DATABASE = Rule(_database_url, "a postgresql:// or sqlite:/// URL")


def setting(default: Any, rule: Rule, about: str, unit: str = "") -> Any:
    """Return a dataclass field that carries its rule and its documentation."""
    return field(default=default, metadata={"rule": rule, "about": about, "unit": unit})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator can set. contract: docs/operating.md."""

    host: str = setting("127.0.0.1", HOST, "address to listen on")
    port: int = setting(8000, _whole(0, 65535), "port to listen on; 0 takes a free one")
    data_dir: Path = setting(DEFAULT_FOLDER, FOLDER, "folder for the store and staged uploads")
    database_url: str | None = setting(None, DATABASE, "store; SQLite in the data folder when absent")
    workers: int = setting(1, _whole(1, 64), "server processes; more than 1 needs PostgreSQL")
    auth: Literal["auto", "open", "token"] = setting(
        "auto", _choice("auto", "open", "token"), "who may call; auto is open on loopback, token elsewhere"
    )
    allowed_hosts: tuple[str, ...] = setting((), HOSTS, "further values of Host that are answered")
    allowed_origins: tuple[str, ...] = setting((), ORIGINS, "foreign pages that may call with a cookie")
    trusted_proxies: tuple[str, ...] = setting((), NETWORKS, "proxies whose X-Forwarded-* headers count")
    timezone: str = setting("America/Recife", TIMEZONE, "zone in which a naive event_date is ordered")
    max_upload_bytes: int = setting(1 << 30, _whole(1, 1 << 50), "largest file to import", "bytes")
    max_body_bytes: int = setting(16 << 20, _whole(1024, 1 << 30), "largest JSON body", "bytes")
    max_batch_events: int = setting(10_000, _whole(1, 1_000_000), "most events in one JSON array", "events")
    heartbeat_seconds: int = setting(15, _whole(1, 300), "silence before a heartbeat", "seconds")
    coalesce_ms: int = setting(2, _whole(0, 1000), "pause between two writes of a burst", "milliseconds")
    feed_keep_days: int = setting(7, _whole(1, 3650), "how long messages can be replayed", "days")
    ring_messages: int = setting(
        65_536, _whole(16, 1 << 24), "messages kept in memory, 32 MiB of them at most", "messages"
    )
    calls_per_minute: int = setting(600, _whole(1, 10**9), "calls of one person a minute", "calls")
    uploads_per_minute: int = setting(20, _whole(1, 10**9), "uploads of one person a minute", "uploads")
    failed_signins_per_minute: int = setting(
        10, _whole(1, 10**9), "failed sign-ins of one address a minute", "sign-ins"
    )
    streams_per_person: int = setting(64, _whole(1, 10**6), "open streams of one person", "streams")
    streams_per_server: int = setting(20_000, _whole(1, 10**6), "open streams of one process", "streams")
    imports_at_once: int = setting(2, _whole(1, 64), "imports at work in one process", "imports")
    standby_readers: int = setting(
        1, _whole(0, 64), "processes of 20 MB that wait to read large files; 0 starts them when needed"
    )
    tasks_at_once: int = setting(1, _whole(1, 64), "long tasks at work in one process", "tasks")
    session_hours: int = setting(12, _whole(1, 8760), "life of a signed-in session", "hours")
    log_format: Literal["console", "json"] = setting(
        "console", _choice("console", "json"), "how log lines look"
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", _choice("debug", "info", "warning", "error"), "least severe line that is logged"
    )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_open(self) -> bool:
        """Whether everyone is let in as administrator."""
        return self.auth == "open" or (self.auth == "auto" and self.is_loopback)


def read_settings(
    environment: Mapping[str, str], options: Mapping[str, str | None] | None = None
) -> Settings:
    """Return settings from variables, overridden by options of the command line (field name to text).

    Raises:
        SettingError: one or more are wrong; each is told on its own line.
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
        except ValueError:
            wrong.append(f"{variable(one)} must be {one.metadata['rule'].accepts}, not {_shown(one, text)}")
    if wrong:
        raise SettingError("\n".join(wrong))
    return _consistent(Settings(**values))


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return FASTTRACK_* names that no setting has: probably typing errors."""
    known = {variable(one) for one in fields(Settings)}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def variable(one: "Field[Any]") -> str:
    """Return the environment variable of a field."""
    return PREFIX + one.name.upper()


def _shown(one: "Field[Any]", text: str) -> str:
    # A database URL may hold a password.
    return "what it is" if one.name == "database_url" else repr(text[:80])


def _consistent(settings: Settings) -> Settings:
    is_postgres = (settings.database_url or "").startswith("postgres")
    if settings.workers > 1 and not is_postgres:
        raise SettingError(
            f"FASTTRACK_WORKERS is {settings.workers}, but more than 1 needs a postgresql:// "
            "FASTTRACK_DATABASE_URL: SQLite has one writer"
        )
    return settings
